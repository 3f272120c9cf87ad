import { expect, it } from 'vitest';
import { planFaults } from '../../../src/lib/plan/rules.js';
import { callsOf, changesOf, classOf, sentenceOf } from '../../../src/lib/record/action.js';

/** The row of `drill.cycle`: the one key that it may be about, and what it says. */

const keyId = '99999999-2222-3333-4444-555555555555';
const arn = `arn:aws:kms:eu-central-1:111122223333:key/${keyId}`;
const key = { name: 'drill-cycle', alias: 'none', arn, keyId };
const subject = { repository: '0123456789abcdef', region: 'eu-central-1', key, nonce: 'ab'.repeat(16) };

it('is one call on a scratch key, and says that it is an exercise', () => {
  expect(callsOf('drill.cycle', subject, {})).toEqual([
    {
      service: 'kms',
      region: 'eu-central-1',
      operation: 'EnableKeyRotation',
      parameters: { KeyId: arn, RotationPeriodInDays: 365 },
    },
  ]);
  const said = { action: 'drill.cycle', key, parameters: {}, preState: { enabled: false, periodDays: null } } as const;
  expect([classOf('drill.cycle'), sentenceOf(said)]).toEqual(['rotation', expect.stringMatching(/^EXERCISE: /)]);
  expect(changesOf(said)).toEqual([
    { what: 'automatic rotation of the scratch key', from: 'off', to: 'every 365 days' },
  ]);
});

it.each([
  ['the name of a key of the plan', { ...key, name: 'case-data' }],
  ['an alias', { ...key, alias: 'alias/cmk/case-data' }],
  ['the ARN of another key', { ...key, arn: arn.replace('9999', '8888') }],
  [
    'a key in several Regions',
    { ...key, keyId: `mrk-${'a'.repeat(32)}`, arn: `${arn.split('key/')[0]}key/mrk-${'a'.repeat(32)}` },
  ],
  ['no ARN', { ...key, arn: null }],
  ['no key', null],
])('is none with %s', (_, other) => {
  const calls = () => callsOf('drill.cycle', { ...subject, key: other }, {});
  expect(calls).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
});

it('takes no parameters', () => {
  expect(() => callsOf('drill.cycle', subject, { periodDays: 90 })).toThrow(
    expect.objectContaining({ code: 'RECORD_MALFORMED' }),
  );
});

it('has a name that no plan can give a key', () => {
  expect(planFaults({ keys: { 'drill-cycle': {} } } as never).map(({ path }) => path)).toContain('keys.drill-cycle');
  expect(planFaults({ keys: { 'drill-cycles': {} } } as never).map(({ path }) => path)).not.toContain(
    'keys.drill-cycles',
  );
});
