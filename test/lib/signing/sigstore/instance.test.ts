import { describe, expect, it } from 'vitest';
import { assertServiceUrl, parseSigningConfig } from '../../../../src/lib/signing/sigstore/instance.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const service = (url: string, majorApiVersion = 1, start = '2025-01-01T00:00:00Z', end?: string) => ({
  url,
  majorApiVersion,
  validFor: { start, ...(end && { end }) },
  operator: 'acme',
});
const config = (more: object = {}) => ({
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [service('https://fulcio.acme.test')],
  oidcUrls: [service('https://oidc.acme.test')],
  rekorTlogUrls: [service('https://rekor.acme.test')],
  tsaUrls: [service('https://tsa.acme.test/api/v1/timestamp')],
  rekorTlogConfig: { selector: 'ANY' },
  tsaConfig: { selector: 'EXACT', count: 1 },
  ...more,
});
const parse = (json: object) => parseSigningConfig(Buffer.from(JSON.stringify(json)), NOW);

describe('a signing config', () => {
  it('names one service of each kind', () => {
    expect(parse(config())).toEqual({
      fulcioUrl: 'https://fulcio.acme.test',
      oidcUrl: 'https://oidc.acme.test',
      rekor: { url: 'https://rekor.acme.test', api: 1 },
      tsaUrl: 'https://tsa.acme.test/api/v1/timestamp',
    });
  });

  it('of several the one in use with the newest version', () => {
    const rekorTlogUrls = [
      service('https://old.acme.test', 2, '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'),
      service('https://next.acme.test', 2, '2027-01-01T00:00:00Z'),
      service('https://v1.acme.test', 1),
      service('https://log2026.acme.test', 2, '2026-01-01T00:00:00Z'),
      service('https://log2025.acme.test', 2, '2025-01-01T00:00:00Z'),
    ];
    expect(parse(config({ rekorTlogUrls })).rekor).toEqual({ url: 'https://log2026.acme.test', api: 2 });
  });

  it('what is not in use is left out', () => {
    expect(parse(config({ tsaUrls: [service('https://tsa.acme.test', 1, '2027-01-01T00:00:00Z')] })).tsaUrl).toBe(
      undefined,
    );
  });

  it.each([
    ['all logs', { rekorTlogConfig: { selector: 'ALL' } }],
    ['two timestamps', { tsaConfig: { selector: 'EXACT', count: 2 } }],
    ['an unknown field', { extra: 1 }],
    ['an unknown version', { caUrls: [service('https://fulcio.acme.test', 7)] }],
    ['another format', { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' }],
    ['an address in the clear', { caUrls: [service('http://fulcio.acme.test')] }],
    ['an address with a password', { caUrls: [service('https://a:b@fulcio.acme.test')] }],
  ])('%s: refused', (_, more) => {
    expect(() => parse(config(more))).toThrow(expect.objectContaining({ name: 'CustodyError', exit: 3 }));
  });
});

describe('an address that tokens go to', () => {
  it.each(['https://fulcio.acme.test', 'http://127.0.0.1:5555', 'http://localhost:1/x', 'http://[::1]:9'])(
    '%s',
    (url) => {
      expect(assertServiceUrl(url, 'Fulcio').href).toContain(url);
    },
  );

  it.each([
    'http://fulcio.acme.test',
    'http://127.0.0.1.evil.test',
    'ftp://127.0.0.1',
    'fulcio',
    '',
    'https://u@x.test',
  ])('%s: refused', (url) => {
    expect(() => assertServiceUrl(url, 'Fulcio')).toThrow(expect.objectContaining({ code: 'ENDPOINT_REFUSED' }));
  });
});
