import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Digest, digestHex } from '../base/bytes.js';

/** Environment variables, as the composition root gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this machine remembers what it has seen of one repository: `$XDG_STATE_HOME/custody/<32 hex of genesis>`. */
export function stateDirectory(environment: Environment, genesis: Digest): string {
  return join(
    baseDirectory(environment, 'XDG_STATE_HOME', ['.local', 'state']),
    'custody',
    digestHex(genesis).slice(0, 32),
  );
}

/** What this machine has seen of a TUF repository, so that it cannot be shown an older state: `$XDG_STATE_HOME/custody/tuf`. */
export function tufDirectory(environment: Environment): string {
  return join(baseDirectory(environment, 'XDG_STATE_HOME', ['.local', 'state']), 'custody', 'tuf');
}

/** Where local signing keys are: `$XDG_CONFIG_HOME/custody/keys`. */
export function keyDirectory(environment: Environment): string {
  return join(baseDirectory(environment, 'XDG_CONFIG_HOME', ['.config']), 'custody', 'keys');
}

/** XDG Base Directory Specification 0.8: a relative path is to be ignored, so that no folder one stands in decides. */
function baseDirectory(environment: Environment, variable: string, fallback: readonly string[]): string {
  const given = environment[variable];
  if (given !== undefined && isAbsolute(given)) return given;
  const home = environment.HOME;
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), ...fallback);
}
