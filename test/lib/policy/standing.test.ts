import { describe, expect, it } from 'vitest';
import { CLAIMS } from '../../../src/lib/policy/claims.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { enforcementOf } from '../../../src/lib/policy/enforcement.js';
import { type PolicyFor, plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { findingText } from '../../../src/lib/policy/proof/docket.js';
import { interlockOfRoster, proofKeyOf } from '../../../src/lib/policy/proof/roster.js';
import { prove } from '../../../src/lib/policy/prove.js';
import { type KeyStanding, PLAIN, standingOf, standingText } from '../../../src/lib/policy/standing.js';
import { createTeam, PRIMARY, REPLICA } from '../../support/people.js';

const account = '111122223333';
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
// Each key in two Regions, so that there is a class that stands in no policy for good.
const team = createTeam({
  plan: (plan) => ({
    ...plan,
    interlock,
    keys: Object.fromEntries(
      Object.entries(plan.keys).map(([name, key]) => [name, { ...key, multiRegion: true, replicas: [REPLICA] }]),
    ),
  }),
});
const { plan } = team.plan;
const { roster } = team;
const keyId = 'mrk-0123456789abcdef0123456789abcdef';
// Its user decrypts with calls of its own, so ciphertexts can be moved.
const NAME =
  Object.entries(plan.keys).find(([, key]) =>
    key.users.some(({ may, viaService }) => may.includes('decrypt') && viaService === null),
  )?.[0] ?? 'webauthn';

const policyFor = (of: PolicyFor) => plannedKeyPolicy(plan, roster, NAME, PRIMARY, { keyId, ...of });
const standing = (policy: string) => standingOf(plan, roster, { name: NAME, region: PRIMARY, keyId, policy });

/** Claims about the key that are not held by the policy, proven as `as`. */
function notHeldAs(policy: string, as: KeyStanding) {
  const found = { name: NAME, region: PRIMARY, keyId, policy: parsePolicy(policy, 'policy'), grants: [], standing: as };
  const { claims } = prove({
    account,
    keys: [proofKeyOf(plan, roster, found)],
    interlock: interlockOfRoster(roster, plan),
    principals: null,
    serviceControlPolicies: null,
    resourceControlPolicies: null,
  });
  return claims
    .filter(({ id, status }) => status !== 'held' && CLAIMS[id].scope !== 'account')
    .map(({ id, findings: [one] }) => `${id}: ${one ? findingText(one) : ''}`);
}

const OPENED: KeyStanding = { kind: 'opened', opens: ['replicate'] };

describe('what a policy is for', () => {
  it.each<[string, PolicyFor, KeyStanding]>([
    ['for good', {}, PLAIN],
    ['open for a class', { opens: ['replicate'] }, OPENED],
    ['of a key that is replaced', { move: 'out' }, { kind: 'replaced' }],
    ['of a key that replaces another one', { move: 'in' }, { kind: 'replacing' }],
  ])('is recognised: %s, and holds every claim as what it is', (_, of, expected) => {
    const policy = policyFor(of);
    expect(standing(policy)).toEqual(expected);
    // However it is laid out.
    expect(standing(JSON.stringify(JSON.parse(policy), null, 2))).toEqual(expected);
    expect(notHeldAs(policy, expected)).toEqual([]);
    expect(standingText(expected) === null).toBe(expected.kind === 'plain');
  });

  it.each<[string, PolicyFor]>([
    ['open for a class', { opens: ['replicate'] }],
    ['of a key that replaces another one', { move: 'in' }],
  ])('is more than a plain one: %s breaks a claim if it is taken for plain', (_, of) => {
    expect(notHeldAs(policyFor(of), PLAIN)).not.toEqual([]);
  });

  it.each([
    [
      'with one statement more',
      (text: string) =>
        text.replace(
          '"Statement":[',
          `"Statement":[{"Action":"kms:Decrypt","Effect":"Allow","Principal":{"AWS":"${role('x')}"},"Resource":"*"},`,
        ),
    ],
    ['for another key', (text: string) => text.replaceAll(keyId, 'mrk-ffffffffffffffffffffffffffffffff')],
    ['for another Region', (text: string) => text.replaceAll(PRIMARY, 'eu-north-1')],
    ['that is no policy', () => '{"Statement":'],
  ])('T42 is plain where it is not the very text: an opened one %s', (_, change) => {
    expect(standing(change(policyFor({ opens: ['replicate'] })))).toEqual(PLAIN);
  });

  it('counts for enforcement: open for a class is still enforced, open for someone is not', () => {
    const opened = policyFor({ opens: ['replicate'] });
    const live = (policy: string) => [{ region: PRIMARY, keyId, policy }];
    expect(enforcementOf(plan, roster, NAME, live(opened), null).level).toBe('enforced');
    const wide = opened.replaceAll(/\$\{aws:SourceIdentity\}/g, '*');
    expect(enforcementOf(plan, roster, NAME, live(wide), null).level).toBe('advisory');
  });

  it('is put together with what the roles come to', () => {
    const live = [{ region: PRIMARY, keyId, policy: policyFor({}) }];
    const told = { broken: null, held: ['executor-trust'], open: ['roles-frozen'] };
    expect(enforcementOf(plan, roster, NAME, live, told)).toEqual({
      level: 'enforced',
      because: `key policies in ${PRIMARY}; roles (executor-trust); not told: roles-frozen`,
    });
    expect(enforcementOf(plan, roster, NAME, live, { ...told, broken: 'executor-trust: role/x can' })).toEqual({
      level: 'advisory',
      because: 'executor-trust: role/x can',
    });
    expect(enforcementOf(plan, roster, NAME, live, { ...told, held: [] }).because).toContain('roles not read');
    // What is wrong with the policy goes first.
    expect(enforcementOf(plan, roster, NAME, [], { ...told, broken: 'x' }).because).toBe('there is no such key');
  });
});
