// A custody repository with many requests, written as fast as Git takes it: signed by keys in memory, one commit a
// record with its ledger entry, as custodians would have left it over the past weeks.
import { spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { encodeBase64 } from '../build/lib/base/bytes.js';
import { parsePublicKey } from '../build/lib/base/signature.js';
import { addSeconds, instantFromMillis } from '../build/lib/base/time.js';
import { createOrigin } from '../build/lib/git/clone.js';
import { EMPTY_HEAD, link } from '../build/lib/ledger/chain.js';
import { ledgerFiles } from '../build/lib/ledger/view.js';
import { parseDraft } from '../build/lib/plan/draft.js';
import { formatPlan, planDigest } from '../build/lib/plan/format.js';
import { planTemplate } from '../build/lib/plan/template.js';
import { callsOf, classOf } from '../build/lib/record/action.js';
import { requestIdOf } from '../build/lib/record/envelope.js';
import { planPath, recordPath, requestFolder, rosterPath } from '../build/lib/record/paths.js';
import { digestOfJson } from '../build/lib/record/statement.js';
import { eventOf } from '../build/lib/request/events.js';
import { draft, draftFor } from '../build/lib/request/publish.js';
import { formatRoster, rosterDigest } from '../build/lib/roster/format.js';
import { identitiesOf } from '../build/lib/roster/rules.js';
import { foundingOf, genesisOf, signGenesis } from '../build/lib/setup/found.js';

const ACCOUNT = '111122223333';
const SEATS = [
  ['architect', 'Ada', 'SecurityArchitect'],
  ['privacy', 'Grace', 'PrivacyEngineer'],
  ['deputy', 'Barbara', 'SecurityArchitect'],
];
const DAY = 86_400;

function createSigner() {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const privateKey = createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const publicKey = parsePublicKey(pair.publicKey.export({ format: 'der', type: 'spki' }));
  return { publicKey, sign: async (data) => sign('sha256', data, privateKey) };
}

/** Three custodians with keys in memory, the template's plan (or what `edit` makes of it), and the tool's record of itself. */
export function createTeam({ environment = 'aws', account = ACCOUNT, edit = (plan) => plan } = {}) {
  const signers = Object.fromEntries(SEATS.map(([id]) => [id, createSigner()]));
  const role = (name) => `arn:aws:iam::${account}:role/${name}`;
  const text = planTemplate({
    environment,
    partition: 'aws',
    account,
    regions: { primary: 'eu-central-1', replicas: ['eu-west-1'] },
    appRoleArn: role('app'),
    roster: {
      threshold: 2,
      custodians: SEATS.map(([id, name, duty]) => ({
        id,
        name,
        duty,
        roleArn: role(id),
        keys: [{ home: { type: 'local' }, publicKey: encodeBase64(signers[id].publicKey.spki) }],
      })),
      automation: [],
      executorRoleArn: role('custody-executor'),
    },
  });
  const createdAt = instantFromMillis(Date.now() - 90 * DAY * 1000);
  const draft = parseDraft(text);
  const own = { ...draft, plan: edit(draft.plan) };
  const founding = foundingOf(own, randomBytes(8).toString('hex'), createdAt);
  const identities = identitiesOf(founding.roster);
  const actors = Object.fromEntries(
    SEATS.map(([id]) => [id, { signer: signers[id], identity: identities.get(signers[id].publicKey.keyId) }]),
  );
  const tool = { name: 'custody', version: '0.1.0', digest: digestOfJson('bench') };
  return { ...founding, actors, tool, createdAt };
}

/** `git fast-import` that is spoken to while it runs: each commit's id is known before the next record is signed. */
function openImport(dir) {
  const child = spawn('git', ['fast-import', '--quiet', '--force', '--done', '--depth=1'], {
    env: { PATH: process.env.PATH, GIT_DIR: dir, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`git fast-import ended with ${code}`))));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let mark = 0;
  return {
    /** @returns {Promise<string>} the commit */
    async commit(message, files, atSeconds) {
      mark++;
      const parts = [
        `commit refs/heads/main\nmark :${mark}\ncommitter custody <custody@localhost> ${atSeconds} +0000\n`,
      ];
      parts.push(`data ${Buffer.byteLength(message)}\n${message}\n`);
      for (const [path, bytes] of files) parts.push(`M 100644 inline ${path}\ndata ${bytes.length}\n`, bytes, '\n');
      parts.push(`get-mark :${mark}\n`);
      child.stdin.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
      const { value, done } = await lines.next();
      if (done) throw new Error('git fast-import ended too early');
      return value;
    },
    async close() {
      child.stdin.end('done\n');
      await ended;
    },
  };
}

function basics({ tool, roster }, by, at, head) {
  return { tool, repository: roster.repository, by, at, seen: { head, expiresAt: addSeconds(at, DAY) } };
}

/** A request to rotate a key. */
export function requestStatement(team, key, at, head) {
  const { plan, roster } = team;
  const { partition, keys, quorum } = plan.plan;
  const region = 'eu-central-1';
  const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const arn = `arn:${partition}:kms:${region}:${ACCOUNT}:key/${keyId}`;
  const nonce = randomBytes(16).toString('hex');
  const subject = {
    repository: roster.repository,
    region,
    key: { name: key, alias: keys[key].alias, arn, keyId },
    nonce,
  };
  const calls = callsOf('key.rotate', subject, {});
  const predicate = {
    ...basics(team, 'architect', at, head),
    plan: { version: 1, digest: planDigest(plan) },
    roster: { version: 1, digest: rosterDigest(roster) },
    partition,
    account: ACCOUNT,
    endpoint: 'aws',
    region,
    action: 'key.rotate',
    class: classOf('key.rotate'),
    key: subject.key,
    parameters: {},
    calls,
    preState: {
      arn,
      state: 'Enabled',
      aliasTarget: keyId,
      rotationCount: 3,
      lastRotation: null,
      onDemandStartedAt: null,
    },
    nonce,
    executor: null,
    reason: 'the yearly rotation',
    approveBy: addSeconds(at, quorum.approvalWindowSeconds),
    executeWithinSeconds: quorum.executionWindowSeconds,
  };
  return {
    predicate,
    statement: { kind: 'request', subjects: [{ name: 'calls', digest: digestOfJson(calls) }], predicate },
  };
}

export function approvalStatement(team, request, by, at, head) {
  const predicate = { ...basics(team, by, at, head), request, nonce: randomBytes(16).toString('hex') };
  return { kind: 'approval', subjects: [{ name: 'request', digest: request }], predicate };
}

/** Signs and commits records one after the other. */
class Writer {
  head = null;
  ledger = EMPTY_HEAD;

  constructor(team, git) {
    this.team = team;
    this.git = git;
  }

  basics(by, at) {
    return basics(this.team, by, at, this.head);
  }

  async add(drafts, message, also = new Map()) {
    const { entries, head } = link(
      drafts.map(({ record, by }) => eventOf(record, by)),
      this.ledger,
    );
    const files = new Map([
      ...drafts.map(({ path, bytes }) => [path, bytes]),
      ...also,
      ...ledgerFiles(this.ledger, entries),
    ]);
    const at = drafts[0].record.statement.predicate.at;
    this.head = await this.git.commit(message, files, Math.floor(Date.parse(at) / 1000));
    this.ledger = head;
  }

  async genesis() {
    const { team } = this;
    const also = new Map([
      [planPath(1), formatPlan(team.plan)],
      [rosterPath(1), formatRoster(team.roster)],
    ]);
    const drafts = [];
    for (const [id] of SEATS) drafts.push(await signGenesis(team.actors[id], genesisOf(team, team), team));
    await this.add(drafts, 'Found the repository', also);
    return drafts[0].record.digest;
  }

  async request(key, at) {
    const { statement, predicate } = requestStatement(this.team, key, at, this.head);
    const signed = await draft(this.team.actors.architect, statement, requestFolder('r-'));
    const id = requestIdOf(signed.record.digest);
    await this.add([{ ...signed, path: recordPath(requestFolder(id), signed.record.fileDigest) }], `Request ${id}`);
    return { id, digest: signed.record.digest, predicate };
  }

  async answer(kind, to, by, at, fields, subject = { name: 'request', digest: to.digest }) {
    const predicate = { ...this.basics(by, at), request: to.digest, ...fields };
    const signed = await draftFor(this.team.actors[by], { kind, subjects: [subject], predicate }, to.id);
    await this.add([signed], `${kind} ${to.id}`);
    return signed.record;
  }

  approve(to, by, at) {
    return this.answer('approval', to, by, at, { nonce: randomBytes(16).toString('hex') });
  }

  async execute(to, approvals, at) {
    const preStateDigest = digestOfJson(to.predicate.preState);
    const listed = approvals.map(({ fileDigest }) => fileDigest).sort();
    const lists = { approvals: listed, rejections: [], withdrawals: [], preStateDigest };
    const intent = await this.answer('intent', to, 'deputy', at, lists);
    const done = addSeconds(at, 5);
    const receipt = {
      intent: intent.digest,
      outcome: 'executed',
      startedAt: at,
      finishedAt: done,
      awsRequestIds: ['3fa85f64-5717-4562-b3fc-2c963f66afa6'],
      preStateDigest,
      postStateDigest: digestOfJson({ rotationCount: 4 }),
      enforcement: { level: 'advisory', because: 'interlock not installed' },
      key: to.predicate.key,
      error: null,
    };
    await this.answer('receipt', to, 'deputy', done, receipt, { name: 'intent', digest: intent.digest });
  }
}

/** How request number `n` of `count` ended: the newest 20 are open, of the others three in four were executed. */
function fateOf(n, count) {
  if (n >= count - 20) return ['pending', 'approved'][n % 2];
  return ['executed', 'executed', 'executed', n % 8 === 3 ? 'rejected' : 'expired'][n % 4];
}

/**
 * Makes `<root>/origin.git` with `count` requests.
 * @returns {Promise<{ origin: string, genesis: string, requests: number, open: number, records: number, team: ReturnType<typeof createTeam> }>}
 */
export async function createRepository(root, count, team = createTeam()) {
  const origin = await createOrigin(join(root, 'origin.git'), process.env);
  const git = openImport(origin);
  const writer = new Writer(team, git);
  const genesis = await writer.genesis();
  const names = Object.keys(team.plan.plan.keys);
  const now = Date.now();
  let open = 0;
  for (let n = 0; n < count; n++) {
    const fate = fateOf(n, count);
    const isOpen = fate === 'pending' || fate === 'approved';
    if (isOpen) open++;
    const minutesAgo = isOpen ? 60 + count - n : 12 * 1440 + (count - n) * 30;
    const at = instantFromMillis(now - minutesAgo * 60_000);
    const request = await writer.request(names[n % names.length], at);
    const approvals = fate === 'rejected' ? [] : [await writer.approve(request, 'privacy', addSeconds(at, 600))];
    if (fate === 'rejected')
      await writer.answer('rejection', request, 'privacy', addSeconds(at, 600), { reason: 'no' });
    if (fate === 'approved' || fate === 'executed') {
      approvals.push(await writer.approve(request, 'deputy', addSeconds(at, 1200)));
    }
    if (fate === 'executed') await writer.execute(request, approvals, addSeconds(at, 1500));
  }
  await git.close();
  return { origin, genesis, requests: count, open, records: writer.ledger.size, team };
}

export function removeFolder(path) {
  rmSync(path, { recursive: true, force: true });
}
