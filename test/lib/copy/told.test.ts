import { describe, expect, test } from 'vitest';
import { type Digest, digestOf } from '../../../src/lib/base/bytes.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { copyPath } from '../../../src/lib/copy/copy.js';
import { compareTold } from '../../../src/lib/copy/told.js';
import { EMPTY_HEAD, link } from '../../../src/lib/ledger/chain.js';
import type { EntryKind } from '../../../src/lib/ledger/entry.js';

const AT = parseInstant('2026-01-31T09:00:00.000Z');
const commitment = (name: string) => digestOf(Buffer.from(name));
const pathOf = (name: string) => copyPath('case-data', commitment(name));
const bytesOf = (name: string) => Buffer.from(`the copy of ${name}`);

function entry(facts: JsonObject, kind: EntryKind = 'copy') {
  return { at: AT, kind, by: 'deputy', requestId: 'r-abcdefghij', record: null, facts };
}

const told = (name: string, copy: Digest = digestOf(bytesOf(name))) =>
  entry({ key: 'case-data', commitment: commitment(name), copy });

function compare(kept: Readonly<Record<string, Uint8Array>>, events: readonly ReturnType<typeof entry>[]) {
  const files = new Map(Object.entries(kept));
  const view = {
    pathsUnder: async (prefix: string) => [...files.keys()].filter((path) => path.startsWith(prefix)),
    read: async (paths: readonly string[]) => new Map([...files].filter(([path]) => paths.includes(path))),
  };
  return compareTold(view, link(events, EMPTY_HEAD).entries);
}

const [one, two] = [{ [pathOf('one')]: bytesOf('one') }, { [pathOf('two')]: bytesOf('two') }];

describe('kept copies and the ledger', () => {
  test('agree where each copy has its entry, whatever else the ledger tells', async () => {
    const others = [entry({ kind: 'copy' }, 'usage'), entry({ copy: 'x' }, 'answer')];
    expect(await compare({ ...one, ...two }, [told('two'), ...others, told('one')])).toEqual({ kept: 2, fault: null });
    expect(await compare({ 'records/x.json': bytesOf('x') }, others)).toEqual({ kept: 0, fault: null });
  });

  test.each<[string, Readonly<Record<string, Uint8Array>>, readonly ReturnType<typeof entry>[], string]>([
    ['a copy without an entry', { ...one, ...two }, [told('one')], `the ledger does not tell of ${pathOf('two')}`],
    [
      'a copy that is gone',
      one,
      [told('one'), told('two')],
      `the ledger tells of ${pathOf('two')}, which is not there`,
    ],
    [
      'another file in its place',
      { ...one, [pathOf('two')]: bytesOf('other') },
      [told('one'), told('two')],
      `${pathOf('two')} is another file than the ledger tells of`,
    ],
    [
      'an entry of the same file under another key',
      one,
      [entry({ key: 'root', commitment: commitment('one'), copy: digestOf(bytesOf('one')) })],
      `the ledger tells of ${copyPath('root', commitment('one'))}, which is not there`,
    ],
    [
      'an entry that tells of two files at one place',
      one,
      [told('one'), told('one', digestOf('x'))],
      `${pathOf('one')} is another file than the ledger tells of`,
    ],
    [
      'an entry of no copy',
      one,
      [told('one'), entry({ key: 'case-data' })],
      'the ledger tells of no copy in entry 1, which is not there',
    ],
    [
      'an entry of another kind',
      one,
      [{ ...told('one'), kind: 'answer' as const }],
      `the ledger does not tell of ${pathOf('one')}`,
    ],
  ])('do not agree with %s', async (_, kept, events, fault) => {
    expect((await compare(kept, events)).fault).toBe(fault);
  });
});
