import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import { verdictExit } from '../../../src/lib/cli/checks.js';
import { verdictOf } from '../../../src/lib/inspect/check.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { identitiesOf } from '../../../src/lib/roster/rules.js';
import type { StatusEvidence } from '../../../src/lib/status/evidence.js';
import { gatherStatus } from '../../../src/lib/status/gather.js';
import { judgeStatus } from '../../../src/lib/status/judge.js';
import { KEPT_ROWS, type Kept, readKept } from '../../../src/lib/status/kept.js';
import { NOTHING_ABOVE } from '../../../src/lib/status/keys.js';
import { needsOf } from '../../../src/lib/status/needs.js';
import type { StatusFinding } from '../../../src/lib/status/report.js';
import type { RequestLine } from '../../../src/lib/status/tasks.js';
import { createOffice } from '../../support/office.js';
import { NOON } from '../../support/people.js';

const nothingKept = { backup: async () => null, drill: async () => null, challenge: async () => null };

/** What the clone of the architect has, AWS not asked. */
async function evidence(): Promise<StatusEvidence> {
  const { ports } = (await createOffice()).desk('architect');
  const lookUpHere = () => lookUp(ports, 'local');
  const more = { trail: true, above: NOTHING_ABOVE, draft: async () => 0, who: () => null, ...nothingKept };
  return gatherStatus({ ports, lookUp: lookUpHere, line: null, ...more });
}

const DAY = 86_400;
const foundedAt = ({ state }: StatusEvidence) => state.genesis.statement.predicate.at;
const [backup] = KEPT_ROWS;

/** What is said of a backup so many seconds after the founding. */
async function backupFindings(kept: Kept | null, seconds: number) {
  const found = await evidence();
  if (!backup) throw new Error('there is no row for backups');
  const report = judgeStatus({ ...found, kept: [{ row: backup, kept }] }, addSeconds(foundedAt(found), seconds));
  return {
    findings: report.findings.filter(({ section }) => section === 'backup'),
    check: report.checks.find(({ id }) => id === 'backup'),
  };
}

describe('backups and drills', () => {
  it('are missed as a warning until one is overdue, then as an error', async () => {
    expect((await backupFindings(null, 3600)).findings).toMatchObject([{ severity: 'warning' }]);
    expect((await backupFindings(null, 2 * DAY)).findings).toMatchObject([{ severity: 'error' }]);
    expect((await backupFindings(null, 2 * DAY)).check?.status).toBe('fail');
  });

  it('are well while they are young, and an error once they are older than the plan wants', async () => {
    const at = foundedAt(await evidence());
    expect(await backupFindings({ at, detail: 'backup 1', wrong: [] }, 3600)).toMatchObject({
      findings: [],
      check: { status: 'pass' },
    });
    expect((await backupFindings({ at, detail: 'backup 1', wrong: [] }, 2 * DAY)).findings).toMatchObject([
      { severity: 'error', text: expect.stringContaining(`the last backup is of ${at}`) },
    ]);
  });

  it('T45 prove nothing where nobody could read them', async () => {
    const unread: Kept = { at: null, detail: 'nobody read it', wrong: [] };
    const rows = await readKept({ backup: async () => unread, drill: async () => null });
    expect(rows.map(({ row, kept }) => [row.id, kept?.detail])).toEqual([
      ['backup', 'nobody read it'],
      ['drill', undefined],
    ]);
    expect(await backupFindings(unread, 3600)).toMatchObject({ findings: [], check: { status: 'skip' } });
  });

  it('T43 are an error where something is wrong with them, however young', async () => {
    const at = foundedAt(await evidence());
    for (const when of [at, null]) {
      const { findings, check } = await backupFindings({ at: when, detail: 'backup 1', wrong: ['it is wrong'] }, 60);
      expect(findings).toMatchObject([{ severity: 'error', text: 'it is wrong', command: 'custody policy backup' }]);
      expect(check?.status).toBe('fail');
    }
  });
});

describe('a challenge', () => {
  const waiting = async (who: 'architect' | 'deputy' | null, silent: readonly string[]) => {
    const found = await evidence();
    const identity = [...identitiesOf(found.state.roster).values()].find(({ id }) => id === who) ?? null;
    const challenge = { id: 'c-aaaaaaaaaa', digest: digestOf('x'), by: 'ci', until: addSeconds(NOON, DAY), silent };
    const report = judgeStatus({ ...found, identity, challenge }, addSeconds(foundedAt(found), 60));
    const of = (command: string | null) => command === 'custody dr answer';
    return [report.findings.filter(({ text }) => text.includes('c-aa')), report.needs.filter((one) => of(one.command))];
  };

  it('needs the answer of whoever has not given one, and is told to the others', async () => {
    expect(await waiting('deputy', ['privacy', 'deputy'])).toMatchObject([
      [{ section: 'drill', severity: 'warning', text: expect.stringMatching(/waits until .* for privacy, deputy$/) }],
      [{ command: 'custody dr answer' }],
    ]);
    for (const who of ['architect', null] as const)
      expect(await waiting(who, ['deputy'])).toMatchObject([[{ severity: 'note', command: null }], []]);
    expect(await waiting('deputy', [])).toEqual([[], []]);
  });
});

describe('the verdict', () => {
  it('T23 is never verified where AWS was not asked', async () => {
    const found = await evidence();
    const report = judgeStatus(found, foundedAt(found));
    expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(report.verdict).toBe('unproven');
    expect(verdictExit(report.verdict)).toBe(3);
    expect(report.checks.filter(({ status }) => status === 'skip').map(({ id }) => id)).toEqual([
      'repository',
      'keys',
      'reconciliation',
    ]);
  });

  it('is refused with an error in one section, whatever the others say', async () => {
    const found = await evidence();
    const report = judgeStatus(found, addSeconds(foundedAt(found), 400 * DAY));
    expect(report.findings.some(({ section, severity }) => section === 'roster' && severity === 'error')).toBe(true);
    expect(report.verdict).toBe('refused');
    expect(verdictOf(report.checks)).toBe(report.verdict);
  });

  it('names what waits in the clone, and a draft that is not in force', async () => {
    const found = await evidence();
    const report = judgeStatus({ ...found, outbox: 2, draft: { found: 3 } }, foundedAt(found));
    expect(report.findings.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        '2 records wait in this clone for the network',
        'custody.yaml differs from the plan in force in 3 places',
      ]),
    );
    expect(report.needs.map(({ command }) => command)).toEqual([
      'custody plan propose',
      'custody keys pending',
      'custody policy backup',
      'custody dr verify',
    ]);
  });
});

const until = '2026-06-10T12:00:00.000Z' as Instant;
const line = (id: string, kind: 'execute' | 'arm' | 'approve' | null): RequestLine => ({
  id,
  action: 'key.rotate',
  key: 'case-data',
  region: 'eu-central-1',
  state: 'pending',
  requester: 'architect',
  threshold: 2,
  signed: [],
  armed: null,
  waitsFor: '',
  until,
  mine: kind && { kind, command: `custody keys ${kind} ${id}` },
});
const wrong = (severity: StatusFinding['severity'], command: string | null): StatusFinding => ({
  section: 'keys',
  severity,
  key: null,
  text: severity,
  command,
});

describe('what needs one now', () => {
  it('is in order: errors, what was decided, what is asked, warnings; each command once, notes never', () => {
    const requests = [line('r-c', 'approve'), line('r-b', 'arm'), line('r-a', 'execute'), line('r-d', null)];
    const findings = [
      wrong('warning', 'w'),
      wrong('note', 'n'),
      wrong('error', 'e'),
      wrong('error', 'e'),
      wrong('error', null),
      wrong('warning', 'e'),
    ];
    expect(needsOf(requests, findings).map(({ command }) => command)).toEqual([
      'e',
      'custody keys execute r-a',
      'custody keys arm r-b',
      'custody keys approve r-c',
      'w',
    ]);
  });

  it('is short', () => {
    const many = Array.from({ length: 30 }, (_, at) => line(`r-${at}`, 'approve'));
    expect(needsOf(many, [])).toHaveLength(8);
  });
});
