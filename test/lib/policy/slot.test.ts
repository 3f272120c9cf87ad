import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import {
  formatSlot,
  formatSlotName,
  keysAnExecutor,
  parseSlot,
  parseSlotName,
  SLOT_CLASSES,
  SLOTS,
  type Slot,
  slotClassOf,
} from '../../../src/lib/policy/slot.js';
import { type SlotCall, slotStepsOf } from '../../../src/lib/policy/slot-steps.js';
import { MUTATING_OPERATIONS } from '../../../src/lib/policy/synthesize.js';

const KEY = 'mrk-0123456789abcdef0123456789abcdef';
const UUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const SLOT: Slot = { class: 'delete', region: 'us-east-1', keyId: KEY, digestHex: 'a'.repeat(64), executor: 'ci' };
const VALUE = `delete/us-east-1/${KEY}/${'a'.repeat(64)}/ci`;

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
  }
  return undefined;
}

describe('a slot', () => {
  it('is written and read as one value', () => {
    expect(formatSlot(SLOT)).toBe(VALUE);
    expect(parseSlot(VALUE)).toEqual(SLOT);
    expect(parseSlotName('custody:architect:case-data')).toEqual({ custodian: 'architect', keyName: 'case-data' });
    expect(formatSlotName({ custodian: 'architect', keyName: 'case-data' })).toBe('custody:architect:case-data');
  });

  it.each([
    ['nothing', ''],
    ['no class', VALUE.replace('delete', 'remove')],
    ['a class of the prototype', VALUE.replace('delete', 'constructor')],
    ['a class in another case', VALUE.replace('delete', 'Delete')],
    ['no Region', VALUE.replace('us-east-1', '')],
    ['a pattern for a Region', VALUE.replace('us-east-1', '*')],
    ['a pattern for a key', VALUE.replace(KEY, '*')],
    ['an ARN for a key', VALUE.replace(KEY, `arn:aws:kms:us-east-1:111122223333:key:${KEY}`)],
    ['a digest cut short', VALUE.replace('aa/', 'a/')],
    ['a digest in upper case', VALUE.replace('aa/', 'AA/')],
    ['a part more', `${VALUE}/ci`],
    ['a part less', VALUE.replace('/ci', '')],
    ['a pattern for the executor', VALUE.replace('/ci', '/*')],
    ['a line end', `${VALUE}\n`],
  ])('is not %s', (_, value) => {
    expect(parseSlot(value)).toBeNull();
  });

  it.each([
    ['another prefix', 'Custody:architect:root'],
    ['another case', 'custody:Architect:root'],
    ['a part more', 'custody:architect:root:x'],
    ['a part less', 'custody:architect'],
    ['an empty part', 'custody::root'],
    ['custody’s own tags', 'custody:repository'],
  ])('has no name with %s', (_, name) => {
    expect(parseSlotName(name)).toBeNull();
  });

  it.each<[string, Partial<Slot>]>([
    ['a slash in the executor', { executor: 'ci/x' }],
    ['an alias for a key', { keyId: 'alias/root' }],
    ['another Region', { region: 'us east' }],
    ['another digest', { digestHex: 'x'.repeat(64) }],
  ])('is not written with %s', (_, change) => {
    expect(codeOf(() => formatSlot({ ...SLOT, ...change }))).toBe('RECORD_MALFORMED');
  });

  it('T57 has no name that would shift', () => {
    expect(codeOf(() => formatSlotName({ custodian: 'a:b', keyName: 'root' }))).toBe('RECORD_MALFORMED');
    expect(codeOf(() => formatSlotName({ custodian: 'architect', keyName: 'Root' }))).toBe('RECORD_MALFORMED');
  });

  it('fits the limits of an IAM tag, whatever the names', () => {
    const id = fc.stringMatching(/^[a-z][a-z0-9-]{1,30}$/);
    const slot = fc.record({
      class: fc.constantFrom(...SLOT_CLASSES),
      region: fc.constantFrom('us-east-1', 'ap-southeast-4', 'us-gov-west-1'),
      keyId: fc.constantFrom(KEY, UUID),
      digestHex: fc.stringMatching(/^[0-9a-f]{64}$/),
      executor: id,
    });
    fc.assert(
      fc.property(slot, id, id, (one, custodian, keyName) => {
        const value = formatSlot(one);
        const name = formatSlotName({ custodian, keyName });
        expect(parseSlot(value)).toEqual(one);
        expect(parseSlotName(name)).toEqual({ custodian, keyName });
        expect(value.length).toBeLessThanOrEqual(256);
        expect(name.length).toBeLessThanOrEqual(128);
        expect(`${name}${value}`).toMatch(/^[A-Za-z0-9 _.:/=+\-@]+$/);
      }),
      { numRuns: 200 },
    );
  });

  it('has room for so many keys on one executor', () => {
    expect([3, 4, 5, 7].map(keysAnExecutor)).toEqual([16, 12, 10, 7]);
  });
});

describe('the classes', () => {
  it('T49 are one changing operation each, and every one that changes a key has its class', () => {
    const changing = SLOT_CLASSES.map((name) => SLOTS[name].operations.at(-1));
    expect(new Set(changing).size).toBe(SLOT_CLASSES.length);
    for (const name of SLOT_CLASSES) {
      expect(SLOTS[name].operations.slice(0, -1)).toEqual(name === 'import' ? ['GetParametersForImport'] : []);
    }
    const without = MUTATING_OPERATIONS.filter((operation) => slotClassOf(operation) === null);
    expect(without).toEqual(['CancelKeyDeletion']);
  });

  it('are none for what is not known', () => {
    expect([slotClassOf('Decrypt'), slotClassOf('AnyLaterOperation'), slotClassOf('constructor')]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('the slots of a request', () => {
  const arn = (region: string, id = KEY) => `arn:aws:kms:${region}:111122223333:key/${id}`;
  const call = (operation: string, parameters: SlotCall['parameters'], region = 'us-east-1'): SlotCall => ({
    service: 'kms',
    region,
    operation,
    parameters,
  });
  const place = (name: string, region = 'us-east-1', keyId = KEY) => ({ class: name, region, keyId });

  it('follow its calls, step by step', () => {
    const imports = (region: string) => [
      call('GetParametersForImport', { KeyId: arn(region) }, region),
      call('ImportKeyMaterial', { KeyId: arn(region) }, region),
    ];
    const calls = [
      ...imports('us-east-1'),
      ...imports('eu-west-1'),
      call('RotateKeyOnDemand', { KeyId: arn('us-east-1') }),
    ];
    expect(slotStepsOf(calls, KEY)).toEqual([[place('import')], [place('import', 'eu-west-1')], [place('rotate')]]);
  });

  it('T54 a promotion names the Region that becomes the primary', () => {
    const calls = [call('UpdatePrimaryRegion', { KeyId: arn('us-east-1'), PrimaryRegion: 'eu-west-1' })];
    expect(slotStepsOf(calls, KEY)).toEqual([[place('promote', 'eu-west-1')]]);
  });

  it('an alias that moves needs the slots of both keys at once', () => {
    const calls = [call('UpdateAlias', { AliasName: 'alias/root', TargetKeyId: arn('us-east-1', UUID) })];
    expect(slotStepsOf(calls, KEY)).toEqual([[place('alias-move'), place('alias-move', 'us-east-1', UUID)]]);
    expect(slotStepsOf([call('DeleteAlias', { AliasName: 'alias/root' })], KEY)).toEqual([[place('alias-delete')]]);
  });

  it('a replica is two steps: made here, named there', () => {
    const calls = [
      call('ReplicateKey', { KeyId: arn('us-east-1'), ReplicaRegion: 'eu-west-1' }),
      call('CreateAlias', { AliasName: 'alias/root', TargetKeyId: KEY }, 'eu-west-1'),
    ];
    expect(slotStepsOf(calls, KEY)).toEqual([[place('replicate')], [place('alias-create', 'eu-west-1')]]);
  });

  it('there are none for a veto, for a key that is made, and for what calls nothing at AWS', () => {
    const calls = [call('CreateKey', {}), call('CreateAlias', { AliasName: 'alias/root', TargetKeyId: '$key' })];
    expect(slotStepsOf([call('CancelKeyDeletion', { KeyId: KEY })], KEY)).toEqual([]);
    expect(slotStepsOf(calls, null)).toEqual([]);
    expect(slotStepsOf(calls, KEY)).toEqual([]);
    expect(slotStepsOf([{ service: 'custody', region: '', operation: 'UpdatePlan', parameters: {} }], KEY)).toEqual([]);
  });

  it.each([
    ['use of the key', [call('Decrypt', { KeyId: KEY })]],
    ['an operation of tomorrow', [call('AnyLaterOperation', { KeyId: KEY })]],
    ['a key by alias', [call('EnableKey', { KeyId: 'alias/root' })]],
    ['no key', [call('EnableKey', {})]],
  ])('are refused for %s', (_, calls) => {
    expect(codeOf(() => slotStepsOf(calls, KEY))).toBe('REFUSED');
  });
});
