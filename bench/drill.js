// Drills of the plan's five keys, of as many as a plan holds, and of an account of 500 keys of which the plan has five and the backup all, on the
// sandbox in process: how long, how many calls, how much memory; and what ten years of evidence take to verify. Pacing is off: how long AWS's quotas make a drill wait is arithmetic, not a measurement.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { createKeyAuthority } from '../build/lib/aws/authority.js';
import { openAws } from '../build/lib/aws/connection.js';
import { createAccountReader } from '../build/lib/aws/iam-account.js';
import { openKeyMaterial } from '../build/lib/aws/key-material.js';
import { createCanaryKeeper } from '../build/lib/aws/kms-canaries.js';
import { createKeyReader } from '../build/lib/aws/kms-reader.js';
import { createKeyReEncryptor } from '../build/lib/aws/kms-reencryptor.js';
import { createScratchWriter } from '../build/lib/aws/scratch-writer.js';
import { backUp } from '../build/lib/backup/backup.js';
import { SIGNER_PATH } from '../build/lib/backup/paths.js';
import { digestOf } from '../build/lib/base/bytes.js';
import { formatPublicKeyPem } from '../build/lib/base/signature.js';
import { addSeconds, instantFromMillis } from '../build/lib/base/time.js';
import { DRILL_IDS } from '../build/lib/drill/drills.js';
import { formatDrillStatement } from '../build/lib/drill/evidence.js';
import { readDrills } from '../build/lib/drill/history.js';
import { quarterOf } from '../build/lib/drill/quarter.js';
import { runDrill } from '../build/lib/drill/run.js';
import { RUNBOOK_PATH, runbookText } from '../build/lib/drill/runbook.js';
import { createClone, finishClone } from '../build/lib/git/clone.js';
import { openGitRecordStore } from '../build/lib/git/record-store.js';
import { plannedKeyPolicy } from '../build/lib/policy/planned.js';
import { lookUp } from '../build/lib/request/desk.js';
import { beat } from '../build/lib/request/heartbeat.js';
import { identitiesOf } from '../build/lib/roster/rules.js';
import { writeConfigFiles } from '../build/lib/sandbox/config-files.js';
import { createInProcessHandler } from '../build/lib/sandbox/in-process.js';
import { createSandbox } from '../build/lib/sandbox/sandbox.js';
import { DEFAULT_SEED } from '../build/lib/sandbox/seed.js';
import { createMemoryStore } from '../build/lib/sandbox/state.js';
import { keyStatementSigner, keyStatementVerifier } from '../build/lib/signing/key-statement.js';
import { createRepository, createTeam, removeFolder } from './fixture.js';

/** What a benchmark pushes is not judged on the way. */
const anything = async () => undefined;

const [PRIMARY, REPLICA] = ['eu-central-1', 'eu-west-1'];
const COMMANDS = {
  CreateAlias: CreateAliasCommand,
  CreateKey: CreateKeyCommand,
  PutKeyPolicy: PutKeyPolicyCommand,
  ReplicateKey: ReplicateKeyCommand,
};
const SEATS = ['architect', 'privacy', 'deputy'];
const IDLE = { millis: () => performance.now(), sleep: async () => undefined, random: Math.random };
/** Its cost is that of `prove` and of CloudTrail, whose own numbers say more. */
const SELECTED = DRILL_IDS.filter((id) => id !== 'interlock');

/** @returns {Promise<object>} */
export async function benchDrill(sizes = [5, 16], quarters = 40, account = 500) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const drills = {};
  let last = null;
  for (const count of sizes) {
    const found = await measureDrill(count);
    drills[count] = found.numbers;
    last ??= found;
  }
  const { numbers } = await measureDrill(5, account - 5);
  drills[`${account} in the account`] = numbers;
  return { name: 'drill', load: loadavg()[0], ...drills, evidence: await verifyYears(last, quarters) };
}

/** The template's five keys, and others like case-data up to `count`. */
function planOf(count) {
  return (plan) => {
    const people = {
      reviewedOn: new Date().toISOString().slice(0, 10),
      maxAgeDays: 92,
      contacts: SEATS.map((custodian) => ({ custodian, reach: 'page 3' })),
      breakGlass: [{ name: 'root', where: 'safe 4' }],
    };
    if (count === Object.keys(plan.keys).length) return { ...plan, people };
    const model = plan.keys['case-data'];
    const more = Array.from({ length: count - Object.keys(plan.keys).length }, (_, at) => {
      const name = `key-${at}`;
      const users = model.users.map((user) =>
        user.encryptionContext['custody:canary'] ? { ...user, encryptionContext: { 'custody:canary': name } } : user,
      );
      return [name, { ...model, alias: `alias/cmk/${name}`, users }];
    });
    return { ...plan, people, keys: { ...plan.keys, ...Object.fromEntries(more) } };
  };
}

async function measureDrill(count, others = 0) {
  const root = mkdtempSync(join(tmpdir(), 'custody-bench-drill-'));
  try {
    const world = await openWorld(root, count, others);
    await runDrill(await world.scene(), world.actor, SELECTED);
    world.calls.clear();
    const [start, cpu, before] = [performance.now(), process.cpuUsage(), process.memoryUsage().rss];
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const drill = await runDrill(await world.scene(), world.actor, SELECTED);
    clearInterval(watch);
    const { user, system } = process.cpuUsage(cpu);
    const { checks, recovery } = drill.said;
    const failed = checks.filter(({ status }) => status === 'fail');
    if (failed.length > 0) throw new Error(`the drill failed: ${JSON.stringify(failed.slice(0, 3))}`);
    const open = checks.filter(({ status, drill: of }) => status === 'skip' && of !== 'interlock').map(({ id }) => id);
    const numbers = {
      seconds: (performance.now() - start) / 1000,
      processorSeconds: (user + system) / 1e6,
      calls: Object.fromEntries([...world.calls].sort()),
      callsInAll: [...world.calls.values()].reduce((sum, one) => sum + one, 0),
      peakMegabytes: (peak - before) / 2 ** 20,
      checks: checks.length,
      unproven: open.length,
      evidenceKilobytes: drill.bytes.length / 1024,
      recoverySeconds: recovery.timeMillis / 1000,
      stepMillis: Object.fromEntries(recovery.steps.map(({ id, millis }) => [id, millis])),
      longestWay: recovery.steps
        .filter(({ critical }) => critical)
        .map(({ id }) => id)
        .join(' '),
    };
    return { numbers, said: drill.said, team: world.team };
  } finally {
    removeFolder(root);
  }
}

async function openWorld(root, count, others) {
  const sandbox = createSandbox({
    store: createMemoryStore(),
    seed: { ...DEFAULT_SEED, seats: SEATS.map((id) => ({ profile: id, roleName: id, sourceIdentity: id })) },
  });
  const team = createTeam({ environment: 'sandbox', account: sandbox.account, edit: planOf(count) });
  const { origin } = await createRepository(root, 0, team);
  const clock = { now: () => instantFromMillis(sandbox.nowMillis()), sleep: async () => undefined };
  const store = await cloneOf(join(root, 'clone'), origin, clock);
  const calls = new Map();
  const { line, writer } = await linesTo(sandbox, join(root, 'aws'), calls);
  const [own, drill] = [await line('architect'), await line('drill')];
  const account = createAccountReader(await line('admin'));
  await makeKeys(writer, team);
  await makeOthers(writer, team, others);
  const authority = createKeyAuthority(own);
  const aws = { reader: createKeyReader(own), authority, whoAmI: authority.whoAmI, host: own.host };
  const progress = () => undefined;
  const memory = { read: async () => null, write: async () => undefined };
  const ports = { store, memory, clock, random: (length) => randomBytes(length), tool: team.tool, progress };
  const actor = team.actors.architect;
  const verifier = keyStatementVerifier([...identitiesOf(team.roster).values()].map(({ key }) => key));
  const place = { store, memory, isCustody: true };
  const state = await lookUp(ports, 'local');
  const { plan } = state.plan;
  await backUp({
    ports,
    state,
    place,
    signing: { signer: keyStatementSigner(actor.signer), verifier, by: 'architect', beside: besideOf(actor.signer) },
    sources: { reader: aws.reader, roleId: authority.roleId },
    scope: { kind: others > 0 ? 'all' : 'plan', plan, known: new Map(), regions: [PRIMARY, REPLICA] },
  });
  const runbook = Buffer.from(runbookText(plan, team.roster));
  await store.publish(async () => ({ message: 'The runbook', files: new Map([[RUNBOOK_PATH, runbook]]) }));
  for (const who of SEATS) await beat(ports, team.actors[who]);
  const scene = async () => ({
    ports,
    aws,
    state: await lookUp(ports, 'remote'),
    cases: [],
    place,
    verifier,
    copies: [copyOf(root, origin, clock)],
    role: {
      canaries: createCanaryKeeper(drill, (length) => randomBytes(length)),
      reEncryptor: createKeyReEncryptor(drill),
      reader: createKeyReader(drill),
      writer: createScratchWriter(drill),
      newMaterial: () => openKeyMaterial(randomBytes(32)),
    },
    inspections: { trust: async (arn) => (await account.role(arn))?.trust ?? null },
    history: (await readDrills(await store.local(), verifier, state)).drills,
    stopwatch: () => performance.now(),
    startedAt: clock.now(),
    runId: randomBytes(8).toString('hex'),
    pastRuns: new Set(),
  });
  return { scene, actor, calls, team };
}

const besideOf = ({ publicKey }) => new Map([[SIGNER_PATH, Buffer.from(formatPublicKeyPem(publicKey))]]);

async function cloneOf(dir, origin, clock) {
  const clone = await createClone(dir, origin, process.env);
  const store = await openGitRecordStore({
    dir,
    clock,
    random: Math.random,
    environment: process.env,
    accept: anything,
  });
  await store.sync();
  await finishClone(clone);
  return store;
}

function copyOf(root, origin, clock) {
  return {
    name: origin,
    use: async (work) => {
      const dir = mkdtempSync(join(root, 'copy-'));
      try {
        const store = await cloneOf(join(dir, 'clone'), origin, clock);
        return await work({ store, memory: { read: async () => null, write: async () => undefined }, isCustody: true });
      } finally {
        removeFolder(dir);
      }
    },
  };
}

/** Lines to the sandbox by profile; every call is counted by its operation. */
async function linesTo(sandbox, dir, calls) {
  mkdirSync(dir);
  const files = writeConfigFiles(dir, sandbox, 'http://127.0.0.1:4599');
  const environment = { AWS_CONFIG_FILE: files.configFile, AWS_SHARED_CREDENTIALS_FILE: files.credentialsFile };
  const inner = createInProcessHandler(sandbox);
  const requestHandler = Object.assign(Object.create(inner), {
    handle: (request, options) => {
      const operation = request.headers['x-amz-target']?.split('.').at(-1) ?? 'of IAM and STS';
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
      return inner.handle(request, options);
    },
  });
  const options = { environmentKind: 'sandbox', account: sandbox.account, environment, timeoutMillis: 60_000 };
  const line = (profile) => openAws({ ...options, profile, timer: IDLE, requestHandler });
  return { line, writer: otherTool(files, inner) };
}

/** Whoever made the keys before custody came: a client of no guard, for it lets nobody past the lock-out check. */
function otherTool({ configFile: configFilepath, credentialsFile: filepath }, requestHandler) {
  const credentials = fromIni({ profile: 'admin', configFilepath, filepath });
  const clients = new Map();
  return {
    call: async ({ region, operation, parameters }) => {
      const made = { region, endpoint: 'http://127.0.0.1:4599', credentials, requestHandler };
      if (!clients.has(region)) clients.set(region, new KMSClient(made));
      return { answer: await clients.get(region).send(new COMMANDS[operation](parameters)) };
    },
  };
}

/** Until its planned policy stands, whoever made a key may do anything with it. */
const OPEN = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }],
});

/** Keys of other teams, each under a policy of its own. */
async function makeOthers(writer, { plan: { plan } }, count) {
  for (let at = 0; at < count; at++) {
    const own = `arn:${plan.partition}:iam::${plan.account}:role/app`;
    const Statement = [
      {
        Sid: `Team${at}`,
        Effect: 'Allow',
        Principal: { AWS: own },
        Action: ['kms:Decrypt', 'kms:Encrypt'],
        Resource: '*',
      },
      { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await writer.call({ service: 'kms', region: PRIMARY, operation: 'CreateKey', parameters: { Policy } });
  }
}

/** As the quorum would have left them, under the planned policies. */
async function makeKeys(writer, { plan: { plan }, roster }) {
  const call = (region, operation, parameters) => writer.call({ service: 'kms', region, operation, parameters });
  for (const [name, key] of Object.entries(plan.keys)) {
    const Tags = Object.entries(key.tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    const { answer } = await call(PRIMARY, 'CreateKey', { Policy: OPEN, MultiRegion: key.multiRegion, Tags });
    const { KeyId } = answer.KeyMetadata;
    for (const ReplicaRegion of key.replicas)
      await call(PRIMARY, 'ReplicateKey', { KeyId, ReplicaRegion, Policy: OPEN, Tags });
    for (const region of [PRIMARY, ...key.replicas]) {
      await call(region, 'CreateAlias', { AliasName: key.alias, TargetKeyId: KeyId });
      const Policy = plannedKeyPolicy(plan, roster, name, region, { keyId: KeyId });
      await call(region, 'PutKeyPolicy', {
        KeyId,
        PolicyName: 'default',
        Policy,
        BypassPolicyLockoutSafetyCheck: true,
      });
    }
  }
}

/** The evidence of one drill, once a quarter: read from memory, every signature verified, every field looked at. */
async function verifyYears({ said, team }, quarters) {
  const { signer } = team.actors.architect;
  const files = new Map();
  let previous = null;
  for (let at = 0; at < quarters; at++) {
    const startedAt = addSeconds(instantFromMillis(Date.now()), -(quarters - at) * 91 * 86_400);
    const quarter = quarterOf(startedAt);
    const taken = [...files.keys()].filter((path) => path.includes(quarter)).length;
    const one = { ...said, quarter, number: taken + 1, previous, startedAt, finishedAt: addSeconds(startedAt, 60) };
    const bytes = await keyStatementSigner(signer).seal(formatDrillStatement(one));
    previous = digestOf(bytes);
    files.set(`drills/${quarter}-${one.number}.json`, bytes);
  }
  const view = { pathsUnder: async () => [...files.keys()], read: async () => files };
  const verifier = keyStatementVerifier([...identitiesOf(team.roster).values()].map(({ key }) => key));
  const times = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    const { drills, bad } = await readDrills(view, verifier, {
      roster: team.roster,
      rosters: [team.roster],
      plans: [team.plan],
    });
    if (drills.length !== quarters || bad.length > 0) throw new Error(`${drills.length} drills, ${bad[0]?.because}`);
    times.push(performance.now() - start);
  }
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  return {
    drills: quarters,
    kilobytes: bytes / 1024,
    firstMillis: times[0],
    millis: times.slice(1).sort((a, b) => a - b)[2],
  };
}
