import { digestOf } from '../base/bytes.js';
import { type Instant, isInstant, secondsBetween } from '../base/time.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, passIf } from './probe.js';
import { RUNBOOK_PATH, runbookText } from './runbook.js';

const DAY = 86_400;

/** What the plan says of people and ways in, and the runbook. */
export async function drillPeople({ state, ports }: Scene, probe: Probe): Promise<void> {
  const { people } = state.plan.plan;
  const missing = () => open('the plan in force has no section people');
  await probe.ask('contacts', null, () => {
    if (!people) return missing();
    const told = new Set(people.contacts.map(({ custodian }) => custodian));
    const without = state.roster.custodians.filter(({ id }) => !told.has(id)).map(({ id }) => id);
    return passIf(
      without.length === 0,
      'each custodian can be reached',
      `nobody says how to reach ${without.join(', ')}`,
    );
  });
  await probe.ask('break-glass', null, () => {
    if (!people) return missing();
    const { length } = people.breakGlass;
    return passIf(length > 0, `${length} ways in where nothing else works`, 'there is no break-glass way in');
  });
  await probe.ask('age', null, () =>
    people ? ageAnswer(people.reviewedOn, people.maxAgeDays, ports.clock.now()) : missing(),
  );
  await probe.ask('runbook', null, async () => {
    if (!(await state.view.paths()).includes(RUNBOOK_PATH))
      return fail(`there is no ${RUNBOOK_PATH} in the repository`);
    const bytes = (await state.view.read([RUNBOOK_PATH])).get(RUNBOOK_PATH) ?? new Uint8Array();
    const same = digestOf(bytes) === digestOf(Buffer.from(runbookText(state.plan.plan, state.roster), 'utf8'));
    return passIf(
      same,
      'it is the one that plan and roster in force give',
      'it is not the one that plan and roster give',
    );
  });
}

function ageAnswer(reviewedOn: string, maxAgeDays: number, now: Instant): Answer {
  const reviewed = `${reviewedOn}T00:00:00.000Z`;
  if (!isInstant(reviewed)) return fail(`${reviewedOn} is no day of the calendar`);
  const days = Math.floor(secondsBetween(reviewed, now) / DAY);
  if (days < 0) return fail(`it says that it was reviewed on ${reviewedOn}, which is in the future`);
  return passIf(
    days <= maxAgeDays,
    `reviewed on ${reviewedOn}, ${days} days ago; the plan allows ${maxAgeDays}`,
    `reviewed on ${reviewedOn}, ${days} days ago, and the plan allows ${maxAgeDays}`,
  );
}
