/** A process environment, as the composition root hands it down. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Found in the caller's environment and handed to every git: where programs and temporary files are. */
const PLAIN = ['PATH', 'HOME', 'TMPDIR'] as const;

/** Handed to git only when it speaks to a remote: agents, proxies, trust stores and the user's own configuration. */
const TRANSPORT = [
  'USER',
  'LOGNAME',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
] as const;

/** The same for every git. `GIT_*` of the caller is never inherited: half of it names programs that git would run. */
const FIXED = {
  LC_ALL: 'C',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
} as const;

/** What git may contact; stronger than any configuration file, so that no `ext::` or `http:` slips in (T34). */
export const ALLOWED_PROTOCOLS = 'file:https:ssh';

/** The environment of plumbing, built from nothing: no configuration but the repository's own counts. */
export function plumbingEnvironment(parent: Environment, gitDir: string | null): Record<string, string> {
  return {
    ...picked(parent, PLAIN),
    ...FIXED,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    ...(gitDir === null ? {} : { GIT_DIR: gitDir }),
  };
}

/** The environment of fetch and push. The user's global configuration counts here: it names the credential helpers. */
export function transportEnvironment(parent: Environment, gitDir: string): Record<string, string> {
  return {
    ...picked(parent, [...PLAIN, ...TRANSPORT]),
    ...FIXED,
    GIT_ALLOW_PROTOCOL: ALLOWED_PROTOCOLS,
    GIT_DIR: gitDir,
  };
}

function picked(parent: Environment, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = parent[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
