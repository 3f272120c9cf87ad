import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/base/bytes.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { assertLedger } from '../../src/lib/inspect/ledger.js';
import type { CommitId } from '../../src/lib/record/store.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { reject } from '../../src/lib/request/veto.js';
import { assertGenesisSaid, inspectRemote } from '../../src/lib/setup/join.js';
import { backupDesk, createBackupOffice, policyOf } from '../support/backup-desk.js';
import { copyOffice, type Office } from '../support/office.js';
import { CASE_DATA_KEY, PRIMARY } from '../support/people.js';

/**
 * Whoever owns the server writes the whole line anew, with one byte of one file changed, for someone who has seen nothing yet
 * but the words of the genesis. What this person is told names the file.
 */

/** Requests with all that became of them, three backups and a heartbeat. */
let whole: Office;
let line: readonly CommitId[];
let genesis: string;

beforeAll(async () => {
  whole = await createBackupOffice();
  const desk = whole.desk('architect');
  const backups = backupDesk(desk);
  await backups.backUp();
  await whole.execute('deputy', await whole.approved());
  const { id } = (await whole.open('architect', { reason: 'again' })).case;
  await reject(whole.desk('privacy').ports, whole.desk('privacy').actor, id, 'not now');
  await beat(whole.desk('deputy').ports, whole.desk('deputy').actor);
  whole.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Encrypt');
  await backups.backUp();
  await backups.backUp();
  const view = await whole.machine('privacy').ports.store.sync();
  line = view.head === null ? [] : await desk.ports.store.history(view.head);
  genesis = (await inspectRemote(whole.machine('privacy').ports)).genesis.digest;
});

/** What a newcomer is told of a line; null where everything is found in order. */
async function toldTo(office: Office): Promise<string | null> {
  try {
    const desk = office.machine('privacy');
    const seen = await inspectRemote(desk.ports);
    assertGenesisSaid(seen.genesis.digest, genesis);
    await assertLedger(seen.view);
    const { verdict, checks } = await backupDesk(desk).verify();
    return verdict === 'refused' ? JSON.stringify(checks.filter(({ status }) => status === 'fail')) : null;
  } catch (cause) {
    if (cause instanceof CustodyError && cause.exit === 3) return `${cause.message} ${JSON.stringify(cause.details)}`;
    throw cause;
  }
}

/** A line of commits with one byte of one version of a file changed, in each commit that holds it. */
function flipped(commits: readonly CommitId[], path: string, version: Uint8Array, place: number): Office {
  const office = copyOffice(whole);
  let parent: CommitId | null = null;
  for (const commit of commits) {
    const files = new Map(whole.remote.files(commit));
    const bytes = files.get(path);
    if (bytes && Buffer.compare(bytes, version) === 0) {
      const copy = Uint8Array.from(bytes);
      copy[place] = (copy[place] ?? 0) ^ 1;
      files.set(path, copy);
    }
    parent = office.remote.force(files, parent);
  }
  return office;
}

const middle = (bytes: Uint8Array) => bytes.length >> 1;
/** Within a value: what is flipped is still the same kind of text. */
const lastZero = (bytes: Uint8Array) => Math.max(bytes.lastIndexOf(0x30), 0);

describe('one flipped byte anywhere in the history', () => {
  it('names the file, of every kind that a repository holds and in every version', async () => {
    expect(await toldTo(flipped(line, 'none', new Uint8Array(), 0))).toBeNull();
    const versions = line.flatMap((commit) => [...whole.remote.files(commit)]);
    const distinct = new Map(versions.map(([path, bytes]) => [`${path} ${digestOf(bytes)}`, { path, bytes }]));
    const named = (path: string) => path.replaceAll(/[0-9a-f]{64}|[0-9a-f-]{36}|r-[a-z2-7]{10}|\b\d+\b/g, '*');
    const kinds = new Set([...distinct.values()].map(({ path }) => named(path)));
    expect([...kinds].sort()).toMatchInlineSnapshot(`
      [
        "backups/*/eu-central-*/*/aliases.json",
        "backups/*/eu-central-*/*/grants.json",
        "backups/*/eu-central-*/*/key.json",
        "backups/*/eu-central-*/*/policy.json",
        "backups/*/eu-central-*/*/rotation.json",
        "backups/*/eu-central-*/*/tags.json",
        "backups/*/principals.json",
        "backups/SHA256SUMS",
        "backups/heartbeat.sigstore.json",
        "backups/manifest.sigstore.json",
        "backups/signer.pub",
        "ledger/*/*.json",
        "plan/*.json",
        "records/*/*.json",
        "records/*/intent.json",
        "records/*/receipt.json",
        "records/ceremony/*.json",
        "records/genesis/*.json",
        "records/heartbeats/*.json",
        "roster/*.json",
      ]
    `);
    for (const { path, bytes } of distinct.values()) {
      for (const place of [middle(bytes), lastZero(bytes)]) {
        const told = await toldTo(flipped(line, path, bytes, place));
        // What the words of the genesis stand for can only be another one.
        if (path.startsWith('records/genesis/')) expect(told, path).not.toBeNull();
        else expect(told ?? `nothing of ${place}`, path).toContain(path);
      }
    }
  });

  it('names the ledger’s file where it lies in the last entry, whatever that tells of', async () => {
    const seen = new Set<string>();
    for (const [upTo, commit] of line.entries()) {
      const ledger = [...whole.remote.files(commit)].filter(([path]) => path.startsWith('ledger/'));
      const [path, bytes] = ledger.sort(([a], [b]) => (a < b ? -1 : 1)).at(-1) ?? ['', new Uint8Array()];
      const text = Buffer.from(bytes).toString('utf8');
      const { kind } = JSON.parse(text);
      if (seen.has(kind) || upTo === 0) continue;
      seen.add(kind);
      // One byte of each name and of each value.
      for (const { index, 0: word } of text.matchAll(/"[^"]+"|true|false|null|\d+/g)) {
        const place = word.startsWith('"') ? index + 1 : index;
        const told = await toldTo(flipped(line.slice(0, upTo + 1), path, bytes, place));
        expect(told ?? 'nothing', `${kind} ${text.slice(index, index + 30)}`).toContain(path);
      }
    }
    expect([...seen].sort()).toMatchInlineSnapshot(`
      [
        "approval",
        "backup",
        "genesis",
        "heartbeat",
        "intent",
        "receipt",
        "rejection",
        "request",
      ]
    `);
  });
});
