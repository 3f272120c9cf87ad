import type { Instant } from '../base/time.js';
import { expectExit, expectThat, listAt, textAt } from './expect.js';
import { type Notes, PLAYERS, type Stage } from './stage.js';

/** The part of a rehearsal that ends in a verified drill: nothing of what the drill asks for is left out. */

/** What stands in the plan about people, reviewed on that day. */
export function peopleText(now: Instant): string {
  return [
    'people:',
    `  reviewedOn: "${now.slice(0, 10)}"`,
    '  maxAge: 92d',
    '  contacts:',
    ...PLAYERS.map((player) => `    - { custodian: ${player}, reach: "on-call list, page 3" }`),
    '  breakGlass:',
    '    - { name: account root user, where: "safe 4, sealed envelope 12" }',
    '',
  ].join('\n');
}

const POLICIES = 'policies';
/** Where the report of the drill lies. */
export const REPORT = 'report';

/** What the sandbox's executor roles may do is wider than a proof allows; the rendered policies are not. */
export async function installRoles(stage: Stage): Promise<string> {
  const words = ['policy', 'render', '--all', '--roles', '--out', stage.place(POLICIES)];
  const outcome = expectExit(await stage.run('deputy', words), 0);
  await stage.installPolicy('custody-executor', 'executor', stage.place(`${POLICIES}/role-executor.json`));
  await stage.installPolicy('custody-cold', 'cold-executor', stage.place(`${POLICIES}/role-cold.json`));
  return outcome.command;
}

export async function publishRunbook(stage: Stage): Promise<string> {
  return expectExit(await stage.run('privacy', ['dr', 'runbook', '--publish']), 0).command;
}

const DRILL = ['dr', 'verify', '--drill-profile', 'drill'];

/** Nothing was stored that could come back: a drill that says it is verified now would lie. */
export async function storeCanaries(stage: Stage): Promise<string> {
  const outcome = expectExit(await stage.run('privacy', [...DRILL, '--only', 'data']), 3);
  expectThat(listAt(outcome.json, 'failed').length === 0, 'canaries are stored, and nothing failed');
  return outcome.command;
}

/** The deputy asks, approves and executes: so the drill can also try that KMS refuses that one approval alone. */
export async function askCycle(stage: Stage, notes: Notes): Promise<string> {
  const words = ['dr', 'cycle', '--drill-profile', 'drill', '--reason', 'rehearsed exercise'];
  const outcome = expectExit(await stage.run('deputy', words), 0);
  notes.cycle = { id: textAt(outcome.json, 'request', 'id'), digest: textAt(outcome.json, 'request', 'digest') };
  return outcome.command;
}

/** Asked ahead, so that each may answer when there is time. */
export async function askLife(stage: Stage): Promise<string> {
  const outcome = expectExit(await stage.run('architect', ['dr', 'challenge']), 0);
  expectThat(listAt(outcome.json, 'missing').length === PLAYERS.length, 'each custodian is asked');
  return outcome.command;
}

/** Each looks at who has access, and signs that and the challenge. */
export async function answerLife(stage: Stage): Promise<string> {
  const shown = expectExit(await stage.run('deputy', ['dr', 'answer', '--list']), 0);
  const words = ['dr', 'answer', '--reviewed', textAt(shown.json, 'answer', 'reviewed')];
  const answered = await Promise.all(PLAYERS.map((player) => stage.run(player, words)));
  return answered.map((outcome) => expectExit(outcome, 0).command).at(-1) ?? '';
}

/** CloudTrail tells of a call up to 15 minutes later: a drill that is made at once would find nothing covered. */
const DELIVERY = '20m';

/** The whole drill, by the one who has not run the first one; anything less than verified fails the rehearsal. */
export async function drillAll(stage: Stage): Promise<string> {
  await stage.advance(DELIVERY);
  const above = ['scp', 'rcp'].flatMap((kind) => [`--${kind}`, stage.place(`${POLICIES}/organization-${kind}.json`)]);
  const words = [...DRILL, '--auditor-profile', 'auditor', ...above, '--report', stage.place(REPORT)];
  const outcome = expectExit(await stage.run('deputy', words), 0);
  expectThat(textAt(outcome.json, 'verdict') === 'verified', 'the drill is verified');
  const open = listAt(outcome.json, 'unproven').filter((id) => /^(?:cycle|challenge|review)\./.test(String(id)));
  expectThat(open.length === 0, `the exercise went its whole way, and each custodian answered (${open.join(', ')})`);
  return outcome.command;
}
