import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Variables of the caller that could change what a test sees: credentials, endpoints, remotes, proxies, colours. */
const FOREIGN =
  /^(?:AWS_|CUSTODY_|GIT_|SSH_|XDG_|GPG_|GNUPGHOME$|EMAIL$|(?:ALL|HTTPS?|NO)_PROXY$|(?:VISUAL|EDITOR|PAGER|LESS)$|(?:FORCE_COLOR|NO_COLOR|DEBUG|NODE_EXTRA_CA_CERTS)$)/i;
/** Where CI says which independent programs to test against. */
const PEER = /^CUSTODY_PEER_/;

/** Gives every worker an empty home and an environment of its own; workers inherit that of this process. */
export default function setup(): () => void {
  for (const name of Object.keys(process.env)) {
    if (FOREIGN.test(name) && !PEER.test(name)) delete process.env[name];
  }
  const home = mkdtempSync(join(tmpdir(), 'custody-home-'));
  const places = { XDG_CONFIG_HOME: 'config', XDG_STATE_HOME: 'state', XDG_DATA_HOME: 'data', XDG_CACHE_HOME: 'cache' };
  for (const [name, folder] of Object.entries(places)) {
    process.env[name] = join(home, folder);
    mkdirSync(join(home, folder), { mode: 0o700 });
  }
  process.env.HOME = home;
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  process.env.AWS_CONFIG_FILE = join(home, 'no-aws-config');
  process.env.AWS_SHARED_CREDENTIALS_FILE = join(home, 'no-aws-credentials');
  process.env.GIT_CONFIG_NOSYSTEM = '1';
  return () => rmSync(home, { recursive: true, force: true });
}
