import { CustodyError } from '../../base/errors.js';
import type { Instance } from './instance.js';
import type { TrustedRoot } from './trusted-root.js';

/**
 * The services that a file names, in place of those of the plan: only ones that the pinned trusted root knows, so that a token
 * goes to nobody whom no quorum has let in. Where people sign in is the plan's to say: no trusted root knows that.
 * @throws CustodyError REFUSED for a service of another origin
 */
export function instanceOfRoot(named: Instance, planned: Instance, root: TrustedRoot, what: string): Instance {
  const { fulcioUrl, rekor, tsaUrl, oidcUrl } = named;
  assertKnown(what, 'Fulcio', fulcioUrl, urisOf(root.certificateAuthorities));
  assertKnown(
    what,
    'Rekor',
    rekor?.url,
    root.logs.map(({ baseUrl }) => baseUrl),
  );
  assertKnown(what, 'timestamp authority', tsaUrl, urisOf(root.timestampAuthorities));
  if (oidcUrl !== undefined && oidcUrl !== planned.oidcUrl) {
    throw refused(what, 'OpenID provider', oidcUrl, `the plan's, ${planned.oidcUrl ?? 'which names none'}`);
  }
  return {
    ...(fulcioUrl !== undefined && { fulcioUrl }),
    ...(rekor !== undefined && { rekor }),
    ...(tsaUrl !== undefined && { tsaUrl }),
    ...(planned.oidcUrl !== undefined && { oidcUrl: planned.oidcUrl }),
  };
}

function urisOf(authorities: TrustedRoot['certificateAuthorities']): readonly string[] {
  return authorities.flatMap(({ uri }) => (uri === undefined ? [] : [uri]));
}

function assertKnown(what: string, kind: string, url: string | undefined, known: readonly string[]): void {
  if (url === undefined) return;
  const origins = known.flatMap((one) => (URL.canParse(one) ? [new URL(one).origin] : []));
  if (!origins.includes(new URL(url).origin)) {
    throw refused(what, kind, url, `one of the trusted root: ${origins.join(', ') || 'it names none'}`);
  }
}

function refused(what: string, kind: string, found: string, expected: string): CustodyError {
  return new CustodyError('REFUSED', `${what} names the ${kind} ${found}, expected ${expected}`, {
    suggestions: ['A new instance is put in the plan: sigstore: in custody.yaml, see docs/sigstore.md.'],
  });
}
