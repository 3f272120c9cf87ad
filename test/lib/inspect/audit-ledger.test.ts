import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError, type ErrorCode } from '../../../src/lib/base/errors.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { checkpointsOf, verifyAuditLedger } from '../../../src/lib/inspect/audit-ledger.js';
import { verifyEntryProof } from '../../../src/lib/inspect/entry-proof.js';
import { proveEntry } from '../../../src/lib/inspect/prove-entry.js';
import { EMPTY_HEAD, link } from '../../../src/lib/ledger/chain.js';
import { checkpointPath, formatCheckpoint, keyNameIn, originOf } from '../../../src/lib/ledger/checkpoint.js';
import type { RememberedLedger } from '../../../src/lib/ledger/memory.js';
import { formatNote, signText } from '../../../src/lib/ledger/note.js';
import { bundleName, formatSlot, parseSlot, sealBatch, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import type { LedgerHead } from '../../../src/lib/ledger/store.js';
import { overObjects, overStoredEntries, storeTiles } from '../../../src/lib/ledger/subtrees.js';
import { type RememberedTail, tailAfter } from '../../../src/lib/ledger/tail-memory.js';
import { hashOfBytes } from '../../../src/lib/ledger/tree.js';
import { createMemoryObjects } from '../../support/memory-objects.js';
import { createTeam } from '../../support/people.js';

const AT = parseInstant('2026-03-02T12:00:00.000Z');
const ORIGIN = originOf(digestOf('genesis'), 'ledger');
const team = createTeam();
const roster = team.roster;
const events = (count: number, mark = 'x') =>
  Array.from({ length: count }, (_, n) => ({
    at: AT,
    kind: 'usage' as const,
    by: 'ci',
    requestId: n % 2 === 0 ? null : 'r-abcdefg234',
    record: n % 3 === 0 ? null : digestOf('record'),
    facts: { n, mark },
  }));

/** Slots of `sizes` entries in a store that a test can damage. */
async function ledgerOf(sizes: readonly number[], mark = 'x') {
  const objects = createMemoryObjects();
  let head: LedgerHead = EMPTY_HEAD;
  for (const size of sizes) head = await createSlotLedger(objects).append(link(events(size, mark), head).entries, head);
  return { objects, head };
}

type Damaged = Awaited<ReturnType<typeof ledgerOf>>['objects'];
const SIZES = [3, 1, 4, 2];
const FULL = { sinceRemembered: false, forms: false };
const SINCE = { sinceRemembered: true, forms: false };
const signed = { origin: ORIGIN, roster };

async function verify(
  objects: Damaged,
  remembered: RememberedLedger | null = null,
  depth = FULL,
  days: number | null = null,
  written: RememberedTail | null = null,
) {
  return verifyAuditLedger({ objects, signed, remembered, written, retentionDays: days, repository: null }, depth);
}

async function remember(objects: Damaged): Promise<RememberedLedger> {
  const { toRemember } = await verify(objects);
  if (toRemember === null) throw new Error('not verified');
  return { ...toRemember, at: AT };
}

async function checkpoint(
  objects: Damaged,
  who: 'architect' | 'privacy' | 'outsider',
  change: Partial<{ size: number; root: string }> = {},
) {
  const { report } = await verify(objects);
  const { size = report.head.size, root = report.root } = change;
  const text = formatCheckpoint({
    origin: ORIGIN,
    size,
    root: hashOfBytes(Buffer.from(root, 'hex')) ?? '',
    extensions: [],
  });
  const name = keyNameIn(ORIGIN, who) ?? '';
  const signer = team.signers[who];
  const note = formatNote({ text, signatures: [await signText(text, name, signer)] });
  await objects.create(checkpointPath(size, note), note);
}

const failed = (found: Awaited<ReturnType<typeof verify>>) =>
  found.report.checks.filter(({ status }) => status !== 'pass').map(({ id, detail }) => `${id}: ${detail}`);

function rewrite(
  objects: Damaged,
  number: number,
  change: (slot: ReturnType<typeof parseSlot>) => ReturnType<typeof parseSlot>,
) {
  const bytes = objects.kept.get(slotName(number))?.versions[0] ?? new Uint8Array();
  objects.replace(slotName(number), formatSlot(change(parseSlot(bytes, 'slot'))));
}

function bundleAt(objects: Damaged, number: number): string {
  const bytes = objects.kept.get(slotName(number))?.versions[0] ?? new Uint8Array();
  return bundleName(parseSlot(bytes, 'slot').bundle);
}

/** Entry 5 is the second of slot 2 (entries 4 to 7). */
function edit(objects: Damaged, from: string, to: string) {
  const name = bundleAt(objects, 2);
  const text = Buffer.from(objects.kept.get(name)?.versions[0] ?? []).toString('latin1');
  if (!text.includes(from)) throw new Error(from);
  objects.replace(name, Buffer.from(text.replace(from, to), 'latin1'));
}

/** The same slots from entry 4 on with other entries, every digest in order: what nobody can see without memory. */
async function rewriteAll(objects: Damaged): Promise<void> {
  const { head, batch } = {
    head: parseSlot(objects.kept.get(slotName(1))?.versions[0] ?? new Uint8Array(), 's'),
    batch: events(4, 'forged'),
  };
  const linked = link(batch, { size: 4, digest: head.last });
  const sealed = sealBatch(linked.entries, { size: 4, digest: head.last }, EMPTY_HEAD);
  objects.lose(slotName(3));
  objects.replace(slotName(2), formatSlot(sealed.slot));
  await objects.create(bundleName(sealed.slot.bundle), sealed.bundle);
  const next = sealBatch(link(events(2, 'forged'), linked.head).entries, linked.head, EMPTY_HEAD);
  await objects.create(slotName(3), formatSlot(next.slot));
  await objects.create(bundleName(next.slot.bundle), next.bundle);
}

describe('an untouched ledger', () => {
  test('is verified at each depth, and the same is remembered', async () => {
    const { objects, head } = await ledgerOf(SIZES);
    const links = await verify(objects);
    expect(links.report).toMatchObject({ verdict: 'verified', head, entries: 10, from: 0 });
    const forms = await verify(objects, null, { sinceRemembered: false, forms: true });
    expect(forms.toRemember).toEqual({ ...links.toRemember, forms: true });
    const again = await verify(objects, { ...(await remember(objects)) });
    expect(again.report).toMatchObject({ verdict: 'verified', head, root: links.report.root, entries: 10 });
    expect(again.toRemember).toMatchObject({ size: 10, root: links.report.root });
  });

  test('is read on from what was remembered', async () => {
    const { objects, head } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    const more = await createSlotLedger(objects).append(link(events(5), head).entries, head);
    for (const depth of [SINCE, FULL]) {
      const { report, toRemember } = await verify(objects, remembered, depth);
      expect(report).toMatchObject({ verdict: 'verified', head: more, from: depth === SINCE ? 10 : 0 });
      expect(toRemember).toMatchObject({ size: 15, root: (await verify(objects)).report.root, slots: 5 });
    }
  });

  test('reads nothing of what was remembered when it goes on', async () => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    const reads: string[] = [];
    const watched = { ...objects, read: (name: string) => objects.read(reads[reads.push(name) - 1] ?? '') };
    await verify(watched, remembered, SINCE);
    expect([...new Set(reads)]).toEqual([slotName(3)]);
  });

  test('is read byte for byte when it is verified again, checkpoints included', async () => {
    const { objects, head } = await ledgerOf(SIZES);
    await checkpoint(objects, 'architect');
    await createSlotLedger(objects).append(link(events(5), head).entries, head);
    const remembered = await remember(objects);
    const { root } = (await verify((await ledgerOf(SIZES)).objects)).report;
    expect(remembered).toMatchObject({ size: 15, roots: [{ size: 10, root }] });
    const reads: string[] = [];
    const watched = { ...objects, read: (name: string) => objects.read(reads[reads.push(name) - 1] ?? '') };
    const { report, toRemember } = await verify(watched, remembered);
    expect(report.checks.map(({ status }) => status)).toEqual(['pass', 'pass', 'pass', 'pass']);
    expect(toRemember).toEqual({ ...remembered, at: undefined });
    for (let n = 0; n < 5; n++) expect(reads).toEqual(expect.arrayContaining([slotName(n), bundleAt(objects, n)]));
    // Each once: nothing is read again for the tree.
    expect(reads.filter((name) => name.startsWith('bundles/'))).toHaveLength(5);
    expect((await verify(objects, remembered, SINCE)).toRemember?.roots).toEqual(remembered.roots);
  });

  test('that is empty is unproven', async () => {
    const { report, toRemember } = await verify((await ledgerOf([])).objects);
    expect([report.verdict, toRemember]).toEqual(['unproven', null]);
  });
});

describe('each damage names its entry', () => {
  test.each<readonly [string, RegExp, (objects: Damaged) => unknown]>([
    [
      'a gap',
      /chain: entry 3: slot 1 is missing, but slots\/000000002 is there/,
      (objects) => objects.lose(slotName(1)),
    ],
    ['a bundle that is gone', /chain: entry 4: slot 2 has no bundle/, (objects) => objects.lose(bundleAt(objects, 2))],
    [
      'an edited entry',
      /chain: entry 6: it names sha256:\w+ as the entry before it; entry 5 is sha256:/,
      (objects) => edit(objects, '"n":1', '"n":8'),
    ],
    ['an edited last entry', /chain: entry 7: slot 2 ends with/, (objects) => edit(objects, '"n":3', '"n":8')],
    [
      'another number',
      /chain: entry 5: it does not end as entry 5 does/,
      (objects) => edit(objects, '"sequence":5', '"sequence":6'),
    ],
    [
      'a cut bundle',
      /chain: entry 7: its bundle ends within it/,
      (objects) => {
        const name = bundleAt(objects, 2);
        objects.replace(name, (objects.kept.get(name)?.versions[0] ?? new Uint8Array()).slice(0, -1));
      },
    ],
    [
      'another bundle of the same entries',
      /chain: entry 4: slot 2 has the bundle sha256:\w+, stored are other bytes/,
      (objects) => {
        const name = bundleAt(objects, 2);
        rewrite(objects, 2, (slot) => ({ ...slot, bundle: digestOf('x') }));
        objects.kept.set(bundleName(digestOf('x')), {
          versions: [objects.kept.get(name)?.versions[0] ?? new Uint8Array()],
          createdAt: null,
          retainedUntil: null,
        });
      },
    ],
    [
      'two slots swapped',
      /chain: entry 3: slot 1 \(entry 3\): begins with entry 4/,
      (objects) => {
        const [one, two] = [1, 2].map((at) => objects.kept.get(slotName(at))?.versions[0] ?? new Uint8Array());
        if (one && two) {
          objects.replace(slotName(1), two);
          objects.replace(slotName(2), one);
        }
      },
    ],
    [
      'a slot that is none',
      /chain: entry 8: slots\/000000003/,
      (objects) => objects.replace(slotName(3), Buffer.from('{}')),
    ],
    [
      'a slot of another name',
      /chain: entry 10: slot 4 slots\/x is no slot/,
      (objects) => objects.create('slots/x', Buffer.from('x')),
    ],
    [
      'a slot that was written twice',
      /store: entry 4: slots\/000000002 has 2 versions/,
      (objects) => void objects.kept.get(slotName(2))?.versions.push(Buffer.from('x')),
    ],
    ['a delete marker', /store: entry 8: slots\/000000003 has a delete marker/, (objects) => objects.mark(slotName(3))],
    [
      'a delete marker over a bundle',
      /store: entry 8: bundles\/\w+ has a delete marker/,
      (objects) => objects.mark(bundleAt(objects, 3)),
    ],
  ])('%s', async (_, wanted, damage) => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    await damage(objects);
    for (const known of [null, remembered]) {
      const found = await verify(objects, known);
      expect(found.report.verdict).toBe('refused');
      expect(found.toRemember).toBeNull();
      expect(failed(found).join(String.fromCharCode(10))).toMatch(wanted);
    }
  });

  test.each([
    ['none', null, 'no retention'],
    ['too short a one', parseInstant('2026-02-28T09:00:00.000Z'), 'retention until 2026-02-28T09:00:00.000Z only'],
  ])('%s retention', async (_, until, wanted) => {
    const { objects } = await ledgerOf(SIZES);
    for (const kept of objects.kept.values()) kept.retainedUntil = parseInstant('2027-01-31T09:00:00.000Z');
    expect((await verify(objects, null, FULL, 365)).report.verdict).toBe('verified');
    const slot = objects.kept.get(slotName(1));
    if (slot) slot.retainedUntil = until;
    expect(failed(await verify(objects, null, FULL, 365)).join()).toContain(
      `store: entry 3: slots/000000001 has ${wanted}`,
    );
  });

  /** As S3 answers for a name of which markers alone are left, or for more bytes than an object may have. */
  test.each<readonly [string, ErrorCode, (objects: Damaged) => string, RegExp]>([
    ['a slot that is too large', 'LIMIT_EXCEEDED', () => slotName(2), /^entry 4: slot 2 cannot be read: /],
    [
      'a bundle that is too large',
      'LIMIT_EXCEEDED',
      (one) => bundleAt(one, 2),
      /^entry 4: slot 2 has no bundle that can be read: /,
    ],
    ['a slot of which markers are left', 'LEDGER_BROKEN', () => slotName(2), /^entry 4: slot 2 cannot be read: /],
    [
      'a bundle of which markers are left',
      'LEDGER_BROKEN',
      (one) => bundleAt(one, 2),
      /^entry 4: slot 2 has no bundle that can be read: /,
    ],
  ])('%s', async (_, code, which, detail) => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    const name = which(objects);
    const written = tailAfter(2, parseSlot(objects.kept.get(slotName(2))?.versions[0] ?? new Uint8Array(), 's'));
    objects.mark(name);
    const { read } = objects;
    objects.read = async (one, room) => {
      if (one === name) throw new CustodyError(code, `${name} is spoilt`);
      return read(one, room);
    };
    for (const [before, depth] of [
      [null, FULL],
      [remembered, FULL],
      [remembered, SINCE],
    ] as const) {
      const { report } = await verify(objects, before, depth, null, written);
      expect(report.checks).toContainEqual(
        expect.objectContaining({ id: 'written', status: name === slotName(2) ? 'fail' : 'pass' }),
      );
      if (depth === SINCE) continue;
      expect(report.verdict).toBe('refused');
      const [chain] = report.checks;
      expect(chain).toMatchObject({ id: 'chain', status: 'fail', detail: expect.stringMatching(detail) });
      expect(report.checks).toContainEqual(expect.objectContaining({ id: 'store', status: 'fail' }));
    }
  });

  test('the last slot that was seen, now something else, whatever is read', async () => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    for (const [bytes, why] of [
      ['{}', 'slots/000000003'],
      ['', 'slots/000000003'],
    ] as const) {
      objects.replace(slotName(3), Buffer.from(bytes));
      const { report } = await verify(objects, remembered, SINCE);
      expect(report.verdict).toBe('refused');
      const { detail } = report.checks.find(({ id }) => id === 'remembered') ?? {};
      expect(detail).toMatch(new RegExp(`^entry 9 was there on .*; .*${why}`));
    }
  });

  test('an entry that is no entry shows at the depth of forms', async () => {
    const objects = createMemoryObjects();
    const odd = Buffer.from('{"x":1,"previous":null,"record":null,"requestId":null,"schema":1,"sequence":0}');
    const { slot, bundle } = sealBatch([odd], EMPTY_HEAD, EMPTY_HEAD);
    await objects.create(bundleName(slot.bundle), bundle);
    await objects.create(slotName(0), formatSlot(slot));
    expect((await verify(objects)).report.verdict).toBe('verified');
    expect(failed(await verify(objects, null, { sinceRemembered: false, forms: true })).join()).toMatch(
      /chain: entry 0/,
    );
    // What was remembered without its forms does not stand in for them.
    const known = await remember(objects);
    expect(failed(await verify(objects, known, { sinceRemembered: false, forms: true })).join()).toMatch(
      /chain: entry 0/,
    );
  });
});

describe('what was rewritten as a whole', () => {
  test('shows by what was remembered, the first entry by its tile', async () => {
    const { objects } = await ledgerOf([3, 1, 4, 2, 300]);
    const remembered = await remember(objects);
    await storeTiles(objects, 310);
    const other = await ledgerOf([3, 1, 4, 2, 300]);
    await rewriteAll(other.objects);
    other.objects.lose(slotName(4));
    for (const [name, kept] of objects.kept) if (name.startsWith('tile/')) other.objects.kept.set(name, kept);
    const found = await verify(other.objects, remembered);
    expect(failed(found).join(' ')).toMatch(
      /ends before entry 10; on .* it had 310 entries.*tiles: entry 4 is the first/,
    );
    expect(failed(await verify(other.objects, remembered, SINCE)).join()).toMatch(/remembered: entry 309 was there/);
  });

  test('of a ledger that this machine has written to, and never verified', async () => {
    const { objects } = await ledgerOf(SIZES);
    const last = await objects.read(slotName(3));
    const written = tailAfter(3, parseSlot(last ?? new Uint8Array(), slotName(3)));
    expect((await verify(objects, null, FULL, null, written)).report.verdict).toBe('verified');
    objects.lose(slotName(3));
    const found = await verify(objects, null, FULL, null, written);
    expect(failed(found)).toEqual([
      'written: entry 9, which this machine has seen, is gone: slots/000000003 is missing',
    ]);
    objects.kept.set(slotName(3), { versions: [Buffer.from('{}')], createdAt: null, retainedUntil: null });
    expect(failed(await verify(objects, null, FULL, null, written)).join()).toMatch(
      /written: entry 9, which this machine has seen: slots\/000000003/,
    );
  });

  test('of the same length', async () => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    await rewriteAll(objects);
    expect((await verify(objects)).report.verdict).toBe('verified');
    expect(failed(await verify(objects, remembered)).join()).toMatch(/remembered: entries 0 to 9 are not those/);
    expect(failed(await verify(objects, remembered, SINCE)).join()).toMatch(/remembered: entry 9 is another one/);
  });

  test('shows by a signed checkpoint, between the one that holds and it', async () => {
    const { objects, head } = await ledgerOf([3, 1]);
    await checkpoint(objects, 'architect');
    await createSlotLedger(objects).append(link(events(6), head).entries, head);
    await checkpoint(objects, 'privacy');
    expect((await verify(objects)).report.verdict).toBe('verified');
    const forged = await ledgerOf([3, 1]);
    await createSlotLedger(forged.objects).append(link(events(6, 'forged'), head).entries, head);
    for (const [name, kept] of objects.kept) if (name.startsWith('checkpoints/')) forged.objects.kept.set(name, kept);
    expect(failed(await verify(forged.objects)).join()).toMatch(/checkpoints: entries 4 to 9 .* privacy signed/);
    forged.objects.lose(slotName(2));
    expect(failed(await verify(forged.objects)).join()).toMatch(/ends before entry 4; privacy signed that it had 10/);
  });

  test('shows by a checkpoint that was signed for a size that this machine has passed', async () => {
    const { objects } = await ledgerOf(SIZES);
    await checkpoint(objects, 'architect');
    const remembered = await remember(objects);
    // Of another ledger that the same custodian was shown: at a size that is remembered, at one that was not looked at.
    for (const size of [10, 7]) {
      const shown = await ledgerOf(SIZES);
      await checkpoint(shown.objects, 'privacy', { size, root: 'ab'.repeat(32) });
      for (const known of [null, remembered]) {
        expect(failed(await verify(shown.objects, known)).join()).toMatch(
          /checkpoints: entries 0 to . are not those .* privacy/,
        );
      }
    }
    const held = await ledgerOf([3, 1, 3]);
    await checkpoint(held.objects, 'privacy');
    for (const [name, kept] of held.objects.kept) if (name.startsWith('checkpoints/')) objects.kept.set(name, kept);
    const again = await verify(objects, remembered);
    expect(again.report.verdict).toBe('verified');
    expect(again.toRemember?.roots?.map(({ size }) => size).sort()).toEqual([10, 7]);
  });

  test('a checkpoint of nobody proves and breaks nothing', async () => {
    const { objects } = await ledgerOf(SIZES);
    await checkpoint(objects, 'outsider', { root: 'ab'.repeat(32) });
    await objects.create(`checkpoints/${'0'.repeat(20)}/${'0'.repeat(64)}`, Buffer.from('garbage'));
    const { report } = await verify(objects);
    expect(report.verdict).toBe('verified');
    expect(report.checks.map(({ detail }) => detail).join()).toContain(
      '2 files beside are signed by nobody of the roster',
    );
  });

  test('memory whose parts do not fit each other is not gone on from', async () => {
    const { objects } = await ledgerOf(SIZES);
    const remembered = await remember(objects);
    for (const change of [{ root: 'ab'.repeat(32) }, { peaks: remembered.peaks.slice(1) }]) {
      for (const depth of [FULL, SINCE]) {
        const { report } = await verify(objects, { ...remembered, ...change }, depth);
        expect(report.verdict).toBe('refused');
      }
    }
  });
});

/** Stands for an object whose store will not read it. */
const TOO_LARGE = Buffer.from('too large');
const sourcesOf = (objects: Damaged) => [overObjects(objects), overStoredEntries(objects)];

/** What whoever may write can put under a name that is still free. */
function put(objects: Damaged, name: string, bytes: Uint8Array) {
  objects.kept.set(name, { versions: [bytes], createdAt: AT, retainedUntil: null });
  if (bytes !== TOO_LARGE) return;
  const { read } = objects;
  objects.read = async (one, room) => {
    if (one === name) throw new CustodyError('LIMIT_EXCEEDED', `${name} is too large`);
    return read(one, room);
  };
}

describe('checkpoints among what others have put beside them', () => {
  const junk = (n: number) => `checkpoints/${String(n).padStart(20, '0')}/${'ab'.repeat(32)}`;

  test('count, however many lie before them', async () => {
    const { objects } = await ledgerOf(SIZES);
    await checkpoint(objects, 'architect', { size: 11 });
    for (let n = 0; n < 1000; n++) put(objects, junk(n), Buffer.from(`junk ${n}`));
    put(objects, junk(1000), TOO_LARGE);
    const { report } = await verify(objects);
    expect(report.verdict).toBe('refused');
    const { detail = '' } = report.checks.find(({ id }) => id === 'checkpoints') ?? {};
    expect(detail).toContain('architect signed that it had 11 entries; 1001 files beside');
  });

  test('are unproven where too many lie before them', async () => {
    const { objects } = await ledgerOf(SIZES);
    await checkpoint(objects, 'architect', { size: 11 });
    for (let n = 0; n <= 4096; n++) put(objects, junk(n), Buffer.from(''));
    const { report, toRemember } = await verify(objects);
    expect([report.verdict, toRemember]).toEqual(['unproven', null]);
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'checkpoints', status: 'skip' }));
  });
});

describe('the proof of an entry', () => {
  async function proven(index: number, sizes = [100, 200, 300]) {
    const { objects } = await ledgerOf(sizes);
    await checkpoint(objects, 'architect');
    await checkpoint(objects, 'privacy');
    const { found } = await checkpointsOf(objects, signed);
    return { objects, found, prove: () => proveEntry(index, createSlotLedger(objects), sourcesOf(objects), found) };
  }

  test('is the same with tiles and without, and an outsider verifies it by the roster alone', async () => {
    const { objects, prove } = await proven(299);
    const before = await prove();
    expect(await storeTiles(objects, 600)).toBe(2);
    expect(await storeTiles(objects, 600)).toBe(0);
    const after = await prove();
    expect(Buffer.from(after.proof).equals(before.proof)).toBe(true);
    expect(after.signers).toEqual(expect.arrayContaining(['architect', 'privacy']));
    const { checks, records } = verifyEntryProof({ path: 'p', bytes: after.proof }, roster);
    expect(checks.map(({ status }) => status)).toEqual(['pass', 'pass', 'pass']);
    expect(records).toMatchObject([{ kind: 'ledger-entry' }]);
  });

  test.each<readonly [string, (text: string) => string]>([
    ['another index', (text) => text.replace('index 299', 'index 298')],
    ['another entry', (text) => text.replace(/extra .*/, `extra ${Buffer.from('{}').toString('base64')}`)],
    ['another root', (text) => text.replace(/\n600\n.*/, `\n600\n${Buffer.alloc(32).toString('base64')}`)],
    ['no hashes', (text) => text.replace(/(index 299\n)(?:.+\n)*\n/, '$1\n')],
    ['another origin', (text) => text.replaceAll('/ledger', '/repository')],
    [
      'no signature of the roster',
      (text) => text.replace(/\u2014 .*\/(architect|privacy) .*\n/g, '').concat('\u2014 x AAAAAAA=\n'),
    ],
  ])('is refused with %s', async (_, change) => {
    const { proof } = await (await proven(299)).prove();
    const text = Buffer.from(proof).toString('utf8');
    expect(change(text)).not.toBe(text);
    const { checks } = verifyEntryProof({ path: 'p', bytes: Buffer.from(change(text)) }, roster);
    expect(checks.some(({ status }) => status === 'fail')).toBe(true);
  });

  test('needs an entry, and a checkpoint that covers it', async () => {
    const { objects, found, prove } = await proven(299);
    const reader = createSlotLedger(objects);
    await expect(proveEntry(600, reader, sourcesOf(objects), found)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(proveEntry(5, reader, sourcesOf(objects), [])).rejects.toMatchObject({ code: 'PENDING' });
    const [other] = found.map((one) => ({
      ...one,
      checkpoint: { ...one.checkpoint, root: hashOfBytes(Buffer.alloc(32)) ?? '' },
    }));
    const forged = proveEntry(5, reader, sourcesOf(objects), other ? [other] : []);
    await expect(forged).rejects.toMatchObject({ code: 'LEDGER_BROKEN' });
    expect((await prove()).size).toBe(600);
  });

  test.each<readonly [string, (objects: Damaged) => void]>([
    ['other hashes', (objects) => void put(objects, 'tile/0/000', Buffer.alloc(8192))],
    ['no hashes', (objects) => void put(objects, 'tile/0/000', Buffer.from('x'))],
    ['nothing', (objects) => void put(objects, 'tile/0/000', Buffer.alloc(0))],
    ['more than an object may have', (objects) => void put(objects, 'tile/0/000', TOO_LARGE)],
  ])(
    'is the same where somebody has put %s in the place of a tile first, and tiles are published',
    async (_, spoil) => {
      const { objects, prove } = await proven(299);
      const before = await prove();
      spoil(objects);
      expect(Buffer.from((await prove()).proof).equals(before.proof)).toBe(true);
      expect(await storeTiles(objects, 600)).toBe(1);
      expect(Buffer.from((await prove()).proof).equals(before.proof)).toBe(true);
    },
  );

  test('is led through a tile of a higher level that was made over one that is none', async () => {
    const { objects } = await ledgerOf([1100]);
    const name = (index: number) => `tile/0/${String(index).padStart(3, '0')}`;
    for (let index = 0; index < 256; index++) put(objects, name(index), Buffer.alloc(8192, index));
    put(objects, name(3), Buffer.from('x'));
    expect(await storeTiles(objects, 65_536)).toBe(1);
    const made = Buffer.from((await objects.read('tile/1/000')) ?? []).subarray(96, 128);
    expect(hashOfBytes(made)).toBe(await overStoredEntries(objects)({ level: 8, index: 3 }));
  });
});
