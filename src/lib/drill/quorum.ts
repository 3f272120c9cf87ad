import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import { judge } from '../quorum/judge.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, open as openRecord } from '../record/envelope.js';
import { HEARTBEAT_FOLDER } from '../record/paths.js';
import type { Case } from '../request/case.js';
import type { Roster } from '../roster/roster.js';
import { answerOf, challengeOf } from './answers.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass, passIf } from './probe.js';

/** Each custodian's last signature, the roster, and one approval alone. */
export async function drillQuorum(scene: Scene, probe: Probe): Promise<void> {
  const { state } = scene;
  const { roster } = state;
  const windowSeconds = state.plan.plan.quorum.approvalWindowSeconds;
  const since = addSeconds(scene.startedAt, -windowSeconds);
  let signs: ReadonlyMap<string, Instant> = new Map();
  await probe.ask('signatures', null, async () => {
    signs = await withAnswers(scene, await lastSigns(scene));
    return signs.size > 0 ? pass(`${signs.size} people and programs have signed`) : open('nobody has signed anything');
  });
  for (const { id } of roster.custodians) {
    await probe.ask(`life.${id}`, null, () => {
      const last = signs.get(id);
      if (last === undefined) return fail(`${id} has never signed with a key that is listed now`);
      return passIf(last >= since, `${id} signed on ${last}`, `${id} signed last on ${last}, before ${since}`);
    });
  }
  const alive = roster.custodians.filter(({ id }) => (signs.get(id) ?? '') >= since);
  await probe.ask('health', null, () => healthAnswer(scene, alive));
  await probe.ask('below', null, () => belowAnswer(scene));
}

/** When each custodian last signed that it saw a head of this history: a signature that could not have been made before it. */
async function lastSigns({ state, cases, ports }: Scene): Promise<ReadonlyMap<string, Instant>> {
  const { view, roster } = state;
  const history = new Set<string>(await ports.store.history(state.head));
  const beats = await view.read(await view.pathsUnder(`${HEARTBEAT_FOLDER}/`));
  const records: OpenRecord[] = [...beats].map(([path, bytes]) => openRecord(bytes, path));
  for (const { evidence } of cases) records.push(evidence.request, ...evidence.records);
  const latest = addSeconds(ports.clock.now(), CLOCK_TOLERANCE_SECONDS);
  const found = new Map<string, Instant>();
  for (const record of records) {
    const { predicate } = record.statement;
    if (!('by' in predicate && 'seen' in predicate) || predicate.repository !== roster.repository) continue;
    const { by, at, seen } = predicate;
    if (at > latest || seen.head === null || !history.has(seen.head) || at <= (found.get(by) ?? '')) continue;
    const signer = signerOf(record, roster);
    if (typeof signer !== 'string' && signer.id === by) found.set(by, at);
  }
  return found;
}

/** An answer to the open challenge is a signature that could not have been made before it, too. */
async function withAnswers(scene: Scene, signs: ReadonlyMap<string, Instant>): Promise<ReadonlyMap<string, Instant>> {
  const asked = await challengeOf(scene);
  const found = new Map(signs);
  for (const { id } of scene.state.roster.custodians) {
    const said = await answerOf(scene, asked, id).catch(notAnAnswer);
    if (said && said.at > (found.get(id) ?? '')) found.set(id, said.at);
  }
  return found;
}

/** What is no answer, the drill of the challenge names. */
function notAnAnswer(cause: unknown): null {
  if (cause instanceof CustodyError) return null;
  throw cause;
}

/** One may be away and a quorum is left; the duties that a class asks for are there; nobody holds two seats. */
function healthAnswer({ state }: Scene, alive: Roster['custodians']): Answer {
  const { custodians, threshold } = state.roster;
  const { classes } = state.plan.plan.quorum;
  const duties = new Set(custodians.map(({ duty }) => duty));
  const wanted = Math.max(1, ...Object.values(classes).map((rule) => rule?.distinctRoles ?? 1));
  const keys = custodians.flatMap((seat) => seat.keys.map(({ keyId }) => keyId));
  const faults = [
    ...(custodians.length > threshold ? [] : ['no custodian may be away: the threshold takes them all']),
    ...(duties.size >= wanted ? [] : [`a class asks for ${wanted} duties, and there are ${duties.size}`]),
    ...(new Set(keys).size === keys.length ? [] : ['two seats share a key']),
    ...(new Set(custodians.map(({ roleArn }) => roleArn)).size === custodians.length ? [] : ['two seats share a role']),
    ...(alive.length >= threshold ? [] : [`only ${alive.length} have signed lately, and ${threshold} are needed`]),
  ];
  if (faults.length > 0) return fail(faults.join('; '));
  const told = `${custodians.length} custodians, ${threshold} needed, ${alive.length} have signed lately`;
  return pass(`${told}${aloneText(state)}`);
}

/** Where signing keys lie is for the roster to decide; with which Region the quorum would be gone, people must know. */
function aloneText({ roster }: Scene['state']): string {
  const needed = neededRegions(roster);
  return needed.length === 0
    ? ''
    : `; while ${needed.join(' or ')} is down no quorum can sign, for their keys lie there`;
}

/** Regions without which fewer custodians than the threshold could sign. */
export function neededRegions({ custodians, threshold }: Pick<Roster, 'custodians' | 'threshold'>): readonly string[] {
  const regionsOf = ({ keys }: Roster['custodians'][number]) =>
    keys.map(({ home }) => (home.type === 'kms' ? (home.arn.split(':')[3] ?? null) : null));
  const regions = new Set(custodians.flatMap(regionsOf).filter((region) => region !== null));
  const left = (region: string) => custodians.filter((seat) => regionsOf(seat).some((own) => own !== region));
  return [...regions].filter((region) => left(region).length < threshold).sort();
}

/** The newest request that a quorum approved, judged again as if one person alone had: it must not be approved. */
function belowAnswer({ cases }: Scene): Answer {
  const approved = cases.filter(({ verdict }) => verdict.state === 'executed' || verdict.state === 'approved');
  const newest = approved
    .sort((a, b) => (a.request.statement.predicate.at < b.request.statement.predicate.at ? -1 : 1))
    .at(-1);
  if (!newest) return open('no request was ever approved here: there is nothing to try it on');
  return aloneAnswer(newest);
}

/** A request that was approved, judged again with each of its approvals alone. */
export function aloneAnswer(newest: Case): Answer {
  const counted = newest.evidence.records.filter((record) => record.statement.kind === 'approval');
  if (!allowed(newest, counted)) return open(`${newest.id} cannot be judged again`);
  const alone = counted.find((record) => allowed(newest, [record]));
  if (alone) return fail(`${newest.id} would be approved by one signature alone`);
  return pass(`${newest.id}, judged again with each of its ${counted.length} signatures alone, is refused`);
}

/** Whether these approvals, and no other record, approve it; judged at the last of them, while its windows were open. */
function allowed({ evidence, rules }: Case, records: readonly OpenRecord[]): boolean {
  const times = records.flatMap(({ statement: { predicate } }) => ('at' in predicate ? [predicate.at] : []));
  const at = times.sort().at(-1);
  if (at === undefined) return false;
  const { state } = judge({ ...evidence, records }, rules, at);
  return state === 'approved' || state === 'cooling';
}
