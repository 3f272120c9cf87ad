// A custody repository with any number of backups, written as fast as Git takes it: five keys, one policy changes each time.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatBackupStatement, MANIFEST_TYPE } from '../build/lib/backup/manifest.js';
import { MANIFEST_PATH, SIGNER_PATH, SUMS_PATH } from '../build/lib/backup/paths.js';
import { formatSums } from '../build/lib/backup/sums.js';
import { eventOf } from '../build/lib/backup/telling.js';
import { formatText } from '../build/lib/backup/text.js';
import { digestOf } from '../build/lib/base/bytes.js';
import { formatPublicKeyPem } from '../build/lib/base/signature.js';
import { addSeconds, instantFromMillis } from '../build/lib/base/time.js';
import { createClone } from '../build/lib/git/clone.js';
import { openGitRecordStore } from '../build/lib/git/record-store.js';
import { link } from '../build/lib/ledger/chain.js';
import { ledgerFiles, readLedgerHead } from '../build/lib/ledger/view.js';
import { planDigest } from '../build/lib/plan/format.js';
import { rosterDigest } from '../build/lib/roster/format.js';
import { keyStatementSigner } from '../build/lib/signing/key-statement.js';
import { createRepository, createTeam, removeFolder } from './fixture.js';

/** What a benchmark pushes is not judged on the way. */
const anything = async () => undefined;

export { removeFolder };

const clock = { now: () => instantFromMillis(Date.now()), sleep: async () => undefined };
const REGION = 'eu-central-1';

/** @returns {Promise<object>} store, ports, place and actor over a clone, and `backUpTimes` */
export async function createBackupRepository(root) {
  mkdirSync(root, { recursive: true });
  const team = createTeam();
  const { origin } = await createRepository(root, 0, team);
  const dir = join(root, 'clone');
  await createClone(dir, origin, process.env);
  const store = await openGitRecordStore({
    dir,
    clock,
    random: Math.random,
    environment: process.env,
    accept: anything,
  });
  await store.sync();
  let held = null;
  const memory = { read: async () => held, write: async (value) => (held = value) };
  const custodyMemory = { read: async () => null, write: async () => undefined };
  const ports = {
    store,
    memory: custodyMemory,
    clock,
    random: () => new Uint8Array(16),
    tool: team.tool,
    progress: () => undefined,
  };
  const place = { store, memory, isCustody: true };
  const actor = team.actors.architect;
  return { store, ports, place, actor, backUpTimes: (count) => backUpTimes({ origin, store, team, actor }, count) };
}

async function backUpTimes({ origin, store, team, actor }, count) {
  const { account } = team.plan.plan;
  const signer = keyStatementSigner(actor.signer);
  const keyIds = Array.from({ length: 5 }, (_, at) => `${at}234abcd-12ab-34cd-56ef-1234567890ab`);
  const files = new Map([[SIGNER_PATH, Buffer.from(formatPublicKeyPem(actor.signer.publicKey))]]);
  const pathOf = (keyId, name) => `backups/${account}/${REGION}/${keyId}/${name}.json`;
  for (const keyId of keyIds)
    for (const name of ['aliases', 'grants', 'key', 'policy', 'rotation', 'tags'])
      files.set(pathOf(keyId, name), text(keyId, name, 0));
  files.set(`backups/${account}/principals.json`, formatText([]));
  let fresh = new Map(files);
  let [previous, head] = [null, await readLedgerHead(await store.local())];
  const start = Date.now() - count * 1000;
  const git = openImport(origin);
  for (let sequence = 1; sequence <= count; sequence++) {
    const changed = pathOf(keyIds[sequence % keyIds.length], 'policy');
    if (sequence > 1) fresh = new Map([[changed, text(changed, 'policy', sequence)]]);
    for (const [path, bytes] of fresh) files.set(path, bytes);
    const sums = formatSums([...files].map(([path, bytes]) => ({ path, digest: digestOf(bytes) })));
    const createdAt = instantFromMillis(start + sequence * 1000);
    const predicate = {
      tool: team.tool,
      repository: team.roster.repository,
      sequence,
      previous,
      createdAt,
      expiresAt: addSeconds(createdAt, 86_400),
      rosterDigest: rosterDigest(team.roster),
      planDigest: planDigest(team.plan),
      account,
      scope: 'plan',
      complete: true,
      inventory: [{ region: REGION, listed: 5, awsManaged: 0, inScope: 5, exported: 5 }],
      unreadable: [],
      uncovered: [],
    };
    const bundle = await signer.seal(
      formatBackupStatement({ type: MANIFEST_TYPE, subject: digestOf(sums), predicate }),
    );
    previous = digestOf(bundle);
    const event = eventOf({
      manifest: predicate,
      digest: previous,
      changed: true,
      at: createdAt,
      by: actor.identity.id,
    });
    const { entries, head: next } = link([event], head);
    await git.commit(
      `Backup ${sequence}`,
      new Map([...fresh, [SUMS_PATH, sums], [MANIFEST_PATH, bundle], ...ledgerFiles(head, entries)]),
    );
    head = next;
  }
  await git.close();
  await store.sync();
}

function text(seed, name, turn) {
  const filler = createHash('sha256').update(`${seed} ${name} ${turn}`).digest('hex');
  const statement = {
    Sid: filler,
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111122223333:role/app' },
    Action: ['kms:Decrypt', 'kms:Encrypt'],
    Resource: '*',
  };
  return formatText(
    name === 'policy' ? { Version: '2012-10-17', Statement: Array.from({ length: 12 }, () => statement) } : { filler },
  );
}

function openImport(dir) {
  const child = spawn('git', ['fast-import', '--quiet', '--force', '--done', '--date-format=now'], {
    env: { PATH: process.env.PATH, GIT_DIR: dir, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  let first = true;
  return {
    async commit(message, files) {
      const parts = [
        `commit refs/heads/main\ncommitter custody <custody@localhost> now\ndata ${message.length}\n${message}\n${first ? 'from refs/heads/main^0\n' : ''}`,
      ];
      first = false;
      for (const [path, bytes] of files) parts.push(`M 100644 inline ${path}\ndata ${bytes.length}\n`, bytes, '\n');
      if (!child.stdin.write(Buffer.concat(parts.map((part) => Buffer.from(part))))) await once(child.stdin, 'drain');
    },
    async close() {
      const ended = once(child, 'close');
      child.stdin.end('done\n');
      const [code] = await ended;
      if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
    },
  };
}
