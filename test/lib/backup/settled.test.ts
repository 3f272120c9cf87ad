import { describe, expect, it } from 'vitest';
import type { Sum } from '../../../src/lib/backup/paths.js';
import { Settled } from '../../../src/lib/backup/settled.js';
import { formatSums, SumsReader } from '../../../src/lib/backup/sums.js';
import { digestOf } from '../../../src/lib/base/bytes.js';

const place = 'backups/111122223333/eu-central-1/1234abcd-12ab-34cd-56ef-1234567890ab';
const NAMES = ['aliases', 'grants', 'key', 'policy', 'tags'];
const list = (contents: Readonly<Record<string, string>>) =>
  formatSums(
    Object.entries(contents).map(([name, text]) => ({ path: `${place}/${name}.json`, digest: digestOf(text) })),
  );
const namesOf = (sums: readonly Sum[]) => sums.map(({ path }) => path.slice(place.length + 1, -'.json'.length)).sort();
const first = Object.fromEntries(NAMES.map((name) => [name, '1']));

describe('what is left to compare of a backup', () => {
  function settled() {
    const [reader, one] = [new SumsReader(), new Settled()];
    const before = reader.read(list(first), 'x');
    expect(namesOf(one.open(before))).toEqual(NAMES);
    one.judged(before.sums);
    return { reader, one, before };
  }

  it('after one that was found whole: lines that are new, and files that were touched, each once', () => {
    const { reader, one } = settled();
    const next = reader.read(list({ ...first, policy: '2', materials: '1' }), 'x');
    for (const name of ['policy', 'tags', 'nothing']) one.touch(`${place}/${name}.json`);
    expect(namesOf(one.open(next))).toEqual(['materials', 'policy', 'tags']);
  });

  it('of the same list again: files that were touched alone', () => {
    const { one, before } = settled();
    expect(one.open(before)).toEqual([]);
    one.touch(`${place}/key.json`);
    expect(namesOf(one.open(before))).toEqual(['key']);
    one.judged(before.sums);
    expect(one.open(before)).toEqual([]);
  });

  it('after one that was not whole, or another list between them: everything', () => {
    const { reader, one, before } = settled();
    one.judged(null);
    expect(namesOf(one.open(before))).toEqual(NAMES);
    one.judged(before.sums);
    reader.read(list({ ...first, tags: '3' }), 'x');
    expect(namesOf(one.open(reader.read(list(first), 'x')))).toEqual(NAMES);
  });
});
