import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { normalizeTrustedRoot, parseTrustedRoot } from '../../../../src/lib/signing/sigstore/trusted-root.js';

type Seeds = Readonly<Record<string, { readonly targets: Readonly<Record<string, string>> }>>;
const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Seeds;

/** The file of the real public-good instance, as it comes with @sigstore/tuf. */
describe('the public-good trusted root', () => {
  const [target = ''] = Object.values(seeds).map(({ targets }) => targets['trusted_root.json'] ?? '');
  const given = Buffer.from(target, 'base64');

  it('is read', () => {
    const root = parseTrustedRoot(given);
    expect(root.logs.flatMap(({ names }) => names)).toContain('rekor.sigstore.dev');
    expect(root.certificateAuthorities.length).toBeGreaterThan(0);
    expect(root.timestampAuthorities.length).toBeGreaterThan(0);
    expect(root.ctLogs.length).toBeGreaterThan(0);
  });

  it('is pinned in one form, which says the same without operators', () => {
    const normal = normalizeTrustedRoot(given, 'root');
    expect(Buffer.from(normalizeTrustedRoot(normal, 'root'))).toEqual(Buffer.from(normal));
    expect(String(Buffer.from(normal))).not.toContain('"operator"');
    const { digest: _one, ...before } = parseTrustedRoot(given);
    const { digest: _other, ...after } = parseTrustedRoot(normal);
    expect(JSON.stringify(after)).toBe(JSON.stringify(before));
  });
});
