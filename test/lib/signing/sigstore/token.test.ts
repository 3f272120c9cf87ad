import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../../src/lib/base/errors.js';
import { instantFromMillis } from '../../../../src/lib/base/time.js';
import { parseIdentityToken } from '../../../../src/lib/signing/sigstore/token.js';
import { ISSUER, rawToken, SUBJECT } from '../../../support/sigstore-world.js';

const now = () => instantFromMillis(Date.now());
const seconds = (more: number) => Math.floor(Date.now() / 1000) + more;

describe('an identity token', () => {
  it('is read', () => {
    const raw = rawToken();
    const token = parseIdentityToken(` ${raw}\n`, now());
    expect(token).toMatchObject({ issuer: ISSUER, challenge: SUBJECT });
    expect(token.reveal()).toBe(raw);
  });

  it('a verified address is what Fulcio wants signed', () => {
    const claims = { email: 'ann@acme.test', email_verified: true };
    expect(parseIdentityToken(rawToken(claims), now()).challenge).toBe('ann@acme.test');
  });

  it('several audiences, of which one is ours', () => {
    expect(parseIdentityToken(rawToken({ aud: ['a', 'sigstore'] }), now()).issuer).toBe(ISSUER);
  });

  it('shows itself in no print, JSON or spread (T46)', () => {
    const token = parseIdentityToken(rawToken(), now());
    const [, secret = ''] = rawToken().split('.');
    const shown = [
      inspect(token, { showHidden: true, depth: 9 }),
      JSON.stringify(token),
      JSON.stringify({ ...token }),
      String(token),
    ];
    for (const text of shown) expect(text).not.toContain(secret.slice(0, 40));
  });

  it.each([
    ['another audience', rawToken({ aud: 'aws' })],
    ['audiences without ours', rawToken({ aud: ['aws', 'sigstore.evil'] })],
    ['no audience', rawToken({ aud: null })],
    ['expired', rawToken({ exp: seconds(-1) })],
    ['no expiry', rawToken({ exp: null })],
    ['an expiry that is text', rawToken({ exp: '9999999999' })],
    ['not valid yet', rawToken({ nbf: seconds(600) })],
    ['an address that is not verified', rawToken({ email: 'ann@acme.test' })],
    ['no subject', rawToken({ sub: '' })],
    ['no issuer', rawToken({ iss: 7 })],
    ['two parts', 'a.b'],
    ['four parts', `${rawToken()}.d`],
    ['claims that are a list', 'e30.W10.c2ln'],
    ['claims that are no JSON', 'e30.e30x.c2ln'],
    ['a giant', `a.${'A'.repeat(40_000)}.c`],
    ['nothing', ''],
  ])('%s: refused, and not quoted', (_, raw) => {
    try {
      parseIdentityToken(raw, now());
      expect.unreachable();
    } catch (cause) {
      expect(cause).toMatchObject({ code: 'DENIED', exit: 4 });
      const [, payload = ''] = raw.split('.');
      if (payload.length > 8) expect(inspect(cause, { depth: 9 })).not.toContain(payload.slice(0, 40));
      expect(cause).toBeInstanceOf(CustodyError);
    }
  });
});
