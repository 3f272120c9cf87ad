import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { ObservedEstate } from '../plan/estate.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { accessList } from './access.js';
import { type AnswerPredicate, answerPath, parseAnswer } from './answer.js';
import type { Drilled } from './history.js';
import type { Scene } from './ports.js';
import { type Answer, open, type Probe, pass } from './probe.js';

/** Drills whose evidence may still be answered: those of the approval window, the newest first. */
export function openChallenges(
  history: readonly Drilled[],
  { plan: { plan } }: Pick<InForce, 'plan'>,
  now: Instant,
): readonly Drilled[] {
  const since = addSeconds(now, -plan.quorum.approvalWindowSeconds);
  return history.filter(({ said }) => said.finishedAt >= since).reverse();
}

/**
 * An answer by itself: signed by a key of the seat that it names, of this repository.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN
 */
export async function openAnswer(
  bytes: Uint8Array,
  what: string,
  verifier: StatementVerifier,
  { roster }: Pick<InForce, 'roster'>,
): Promise<{ readonly said: AnswerPredicate; readonly evidence: string }> {
  const { statement, signer } = await verifier.open(bytes);
  const { evidence, ...said } = parseAnswer(statement, what);
  const seat = signer.kind === 'key' ? identitiesOf(roster).get(signer.keyId) : undefined;
  const faults = [
    ...(seat?.kind === 'custodian' && seat.id === said.by ? [] : [`${said.by} has not signed it`]),
    ...(said.repository === roster.repository ? [] : ['it is of another repository']),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${what}: ${faults.join('; ')}`);
  return { said, evidence };
}

/**
 * The answer of a custodian to that evidence, signed by a key of this very seat after the drill had ended.
 * @returns null where there is none
 * @throws CustodyError what is wrong with one that is no answer
 */
export async function readAnswer(
  view: View,
  verifier: StatementVerifier,
  { roster }: Pick<InForce, 'roster'>,
  { path, digest, said: drill }: Drilled,
  custodian: string,
  now: Instant,
): Promise<AnswerPredicate | null> {
  const at = answerPath(path, custodian);
  if (!(await view.pathsUnder(at.slice(0, at.lastIndexOf('/') + 1))).includes(at)) return null;
  const bytes = (await view.read([at])).get(at) ?? new Uint8Array();
  const { said } = await openAnswer(bytes, at, verifier, { roster });
  const faults = [
    ...(said.by === custodian ? [] : [`${custodian} has not signed it`]),
    ...(said.challenge === digest ? [] : ['it answers other evidence']),
    ...(said.at >= addSeconds(drill.finishedAt, -CLOCK_TOLERANCE_SECONDS) ? [] : ['it is older than what it answers']),
    ...(said.at <= addSeconds(now, CLOCK_TOLERANCE_SECONDS) ? [] : ['it is dated in the future']),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${at}: ${faults.join('; ')}`);
  return said;
}

/** The newest answer of a custodian to any open challenge. */
export async function newestAnswer({ state, verifier, history, ports }: Scene, custodian: string) {
  const now = ports.clock.now();
  for (const drill of openChallenges(history, state, now)) {
    const said = await readAnswer(state.view, verifier, state, drill, custodian, now);
    if (said) return { said, drill };
  }
  return null;
}

/** Each custodian's signature over evidence that nobody knew before. */
export async function drillChallenge(scene: Scene, probe: Probe): Promise<void> {
  const { state, history, ports } = scene;
  const none = openChallenges(history, state, ports.clock.now()).length === 0;
  for (const { id } of state.roster.custodians)
    await probe.ask(id, null, async () => {
      if (none) return open('no drill within the approval window could be answered; this one can');
      const found = await newestAnswer(scene, id);
      if (!found) return open(`${id} has answered no drill within the approval window: custody dr answer`);
      return pass(`${id} signed ${found.drill.path} on ${found.said.at}`);
    });
}

/** The list of who has access now, and who has signed that very list. */
export async function drillReview(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<void> {
  const { aws, inspections, state } = scene;
  let lines: readonly string[] = [];
  await probe.ask('listed', null, async () => {
    lines = await accessList({ reader: aws.reader, trust: inspections.trust }, state.plan.plan, state.roster, estate);
    const grants = lines.filter((line) => line.startsWith('grant ')).length;
    return pass(`${lines.length} lines, ${grants} of them grants: custody dr answer --list`);
  });
  for (const { id } of state.roster.custodians) await probe.ask(id, null, () => reviewedAnswer(scene, lines, id));
}

async function reviewedAnswer(scene: Scene, lines: readonly string[], id: string): Promise<Answer> {
  if (lines.length === 0) return open('there is no list to compare');
  const found = await newestAnswer(scene, id);
  if (!found) return open(`${id} has signed no list within the approval window`);
  const signed = new Set(found.said.access);
  const now = new Set(lines);
  const changed = [...lines.filter((line) => !signed.has(line)), ...found.said.access.filter((line) => !now.has(line))];
  if (changed[0] !== undefined) return open(`${id} signed another list: ${changed[0]}`);
  return pass(`${id} signed these ${lines.length} lines on ${found.said.at}`);
}
