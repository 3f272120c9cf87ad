import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enterExecutor } from '../../../src/lib/aws/executor.js';
import { createSlotKeeper } from '../../../src/lib/aws/role-slots.js';
import { createTrailReader } from '../../../src/lib/aws/trail-reader.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import { liveKeys, lookUpTrail, subjectOf } from '../../../src/lib/inspect/reconcile/gather.js';
import { type ReconcileReport, reconcile } from '../../../src/lib/inspect/reconcile/reconcile.js';
import { policyProposal } from '../../../src/lib/request/access.js';
import { caseOf, casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { execute } from '../../../src/lib/request/execute.js';
import type { Proposal } from '../../../src/lib/request/open.js';
import { neededSlot } from '../../../src/lib/request/slots.js';
import { stateProposal } from '../../../src/lib/request/state-change.js';
import { reject } from '../../../src/lib/request/veto.js';
import { anyWriter } from '../../support/any-writer.js';
import type { Intercept } from '../../support/fake-aws.js';
import { createTeam, PRIMARY, REPLICA } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

/** CloudTrail against the records, over an account that the sandbox models: with the tool and past it. */

const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const EXECUTOR = role('custody-executor');

let office: SandboxOffice & { close(): void };
let key: { readonly arn: string; readonly keyId: string };
let started: Instant;
/** Before any of the attacks. */
let clean: ReconcileReport;

beforeAll(async () => {
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  office = await createSandboxOffice({
    team: createTeam({ environment: 'sandbox', plan: (plan) => ({ ...plan, interlock }) }),
  });
  started = office.clock.now();
  key = await createKey(office, 'case-data');
  await executed(await policyProposal(await place(), { key: 'case-data', region: null }, null, how));
  await executed(rotation());
  office.clock.advance(3600);
  clean = await reconciled();
});
afterAll(() => office.close());

const how = { reason: 'a story', executor: 'deputy' };

async function place() {
  const { aws, ports } = office.desk('architect');
  const state = await lookUp(ports, 'local');
  return { aws, ports, state, plan: state.plan.plan };
}

function rotation(): Partial<Proposal> {
  const alias = office.team.plan.plan.keys['case-data']?.alias ?? '';
  return {
    action: 'key.rotate',
    region: PRIMARY,
    key: { name: 'case-data', alias, ...key },
    parameters: {},
    executor: 'deputy',
  };
}

async function executed(proposal: Partial<Proposal>): Promise<string> {
  const id = await office.approved(proposal);
  await office.execute('deputy', id);
  return id;
}

/** What the command does, with the architect's credentials. */
async function reconciled(since: Instant = started) {
  const { ports, aws } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  const { plan } = state.plan;
  const reader = createTrailReader(office.aws.line('architect'));
  const evidence = await lookUpTrail(reader, plan, since, office.clock.now(), () => undefined);
  const live = await liveKeys(aws.reader, plan, () => undefined);
  return reconcile(subjectOf({ state, ...(await casesOf(ports, state)), live }, evidence, since));
}

/** What is found of what `act` does, once CloudTrail shows it. */
async function foundAfter(act: () => Promise<unknown>) {
  office.clock.advance(3600);
  const since = office.clock.now();
  office.clock.advance(5);
  await act();
  office.clock.advance(3600);
  const report = await reconciled(since);
  return { ...report, said: report.findings.map(({ id, what, who }) => `${id}: ${what} by ${who}`) };
}

/** The executor's session past the tool: the call alone, as the AWS CLI would make it. */
async function pastTheTool(operation: string, parameters: JsonObject = {}) {
  const session = {
    roleArn: EXECUTOR,
    sourceIdentity: 'deputy',
    sessionName: 'cli',
    actions: ['kms:*'],
    resources: ['*'],
  };
  const writer = anyWriter(await enterExecutor(office.aws.line('deputy'), session));
  return writer.call({ service: 'kms', region: PRIMARY, operation, parameters: { KeyId: key.arn, ...parameters } });
}

async function livePolicy(arn: string): Promise<string> {
  return (await office.desk('architect').aws.reader.policy(PRIMARY, arn)) ?? '';
}

/** A policy that lets the account's administrators in. */
async function weakened(arn: string): Promise<string> {
  const { Version, Statement } = JSON.parse(await livePolicy(arn));
  const open = {
    Sid: 'Convenience',
    Effect: 'Allow',
    Principal: { AWS: role('Admin') },
    Action: 'kms:*',
    Resource: '*',
  };
  return JSON.stringify({ Version, Statement: [...Statement, open] });
}

/** A machine on which something else happens at a step. */
async function executeWith(id: string, intercept: Intercept) {
  const { ports, actor, aws } = office.machine('deputy', { intercept });
  return execute(ports, actor, aws, id);
}

describe('reconciliation', () => {
  it('is clean for what a quorum let happen, and says what is covered', () => {
    const report = clean;
    expect(report.findings).toEqual([]);
    expect(report.coverage.map(({ region, gap }) => [region, gap])).toEqual([
      [PRIMARY, null],
      [REPLICA, null],
      ['us-east-1', null],
    ]);
    // CreateKey, alias, rotation, PutKeyPolicy, RotateKeyOnDemand.
    expect(report.counts).toMatchObject({ changes: 5, receipts: 3 });
    expect(report.counts.slots).toBeGreaterThanOrEqual(4);
    const open = report.checks.filter(({ status }) => status !== 'pass').map(({ id }) => id);
    // The other keys of the plan are not made yet, so nobody can tell what happens to them.
    expect(new Set(open)).toEqual(new Set(['keys']));
    expect(report.verdict).toBe('unproven');
  });

  it('is unproven where the event history does not reach back (T66)', async () => {
    const report = await reconciled(addSeconds(started, -91 * 86_400));
    expect(report.checks.filter(({ id }) => id === 'coverage').map(({ status }) => status)).toEqual(
      Array(3).fill('skip'),
    );
    expect(report.verdict).not.toBe('verified');
  });

  it('T66 is unproven of a time that CloudTrail does not show yet', async () => {
    const report = await reconciled(addSeconds(office.clock.now(), -600));
    expect(report.coverage.map(({ gap }) => gap)).toEqual(
      Array(3).fill('nothing is covered yet: CloudTrail shows events up to 15 minutes late'),
    );
    expect(report.checks.filter(({ id }) => id === 'coverage').map(({ status }) => status)).toEqual(
      Array(3).fill('skip'),
    );
    expect(report.verdict).toBe('unproven');
  });

  it('lists what AWS turned down, and does not call it a change', async () => {
    const { findings, denied } = await foundAfter(async () => {
      await expect(office.aws.past('service', 'DisableKey', { KeyId: key.arn })).rejects.toMatchObject({
        code: 'DENIED',
      });
    });
    expect(findings).toEqual([]);
    expect(denied).toEqual([
      expect.objectContaining({ what: 'DisableKey case-data', errorCode: 'AccessDenied', region: PRIMARY }),
    ]);
    expect(denied[0]?.who).toContain('role/app');
  });

  it('finds one approval that is played twice', async () => {
    const id = await office.approved(rotation());
    const { said } = await foundAfter(() =>
      executeWith(id, async (step, act) => {
        // Executed and written down, the slots not yet cleared.
        if (step === 'iam sweep') await pastTheTool('RotateKeyOnDemand');
        return act();
      }),
    );
    expect(said).toEqual(['played-twice: RotateKeyOnDemand case-data by deputy in role/custody-executor']);
  });

  it('finds slots that are set for nothing, by another, or before the cool-off has ended', async () => {
    const value = (digest: string) => `rotate/${PRIMARY}/${key.keyId}/${digest}/deputy`;
    const mine = office.desk('privacy').aws.slots;
    const name = 'custody:privacy:case-data';
    const empty = await foundAfter(() => mine.set(EXECUTOR, name, value('0'.repeat(64))));
    expect(empty.said).toEqual([expect.stringContaining(`slot-without-approval: TagRole ${name} by privacy`)]);

    const id = await office.approved(await stateProposal(await place(), 'key.delete', 'case-data', undefined, how));
    const { ports } = office.desk('architect');
    const found = await caseOf(ports, await lookUp(ports, 'remote'), id);
    const needed = neededSlot({ interlock: true as never }, found.request.statement.predicate, found.request.digest);
    const early = await foundAfter(() => mine.set(EXECUTOR, name, needed?.value ?? ''));
    expect(early.said).toEqual([expect.stringContaining(`slot-too-early: TagRole ${name}`)]);

    const other = await foundAfter(async () => {
      const admin = createSlotKeeper(office.aws.line('admin'));
      await admin.set(EXECUTOR, 'custody:deputy:case-data', needed?.value ?? '');
      await admin.clear(EXECUTOR, [name]);
    });
    expect(new Set(other.findings.map(({ id: kind, severity }) => `${kind} ${severity}`))).toEqual(
      new Set(['slot-by-another critical', 'slot-too-early critical', 'slot-taken-away high']),
    );
    const { ports: desk, actor } = office.desk('privacy');
    await reject(desk, actor, id, 'the key stays');
  });

  it('finds a policy that was not the approved one, and what it lets others do afterwards', async () => {
    const { said, verdict, checks } = await foundAfter(async () => {
      const other = await createKey(office, 'audit-ledger');
      const bad = await weakened(other.arn);
      const where = { key: 'audit-ledger', region: null };
      const id = await office.approved(await policyProposal(await place(), where, null, how));
      const cutOff = executeWith(id, async (step, act) => {
        if (step !== 'kms PutKeyPolicy') return act();
        await pastTheTool('PutKeyPolicy', { KeyId: other.arn, PolicyName: 'default', Policy: bad });
        throw new CustodyError('UNAVAILABLE', 'the machine went away', { details: { maybeDone: true } });
      });
      await expect(cutOff).rejects.toBeInstanceOf(CustodyError);
      await office.aws.past('admin', 'RotateKeyOnDemand', { KeyId: other.arn });
    });
    expect(said).toEqual([
      'other-policy: PutKeyPolicy audit-ledger by deputy in role/custody-executor',
      expect.stringMatching(/^unapproved-change: RotateKeyOnDemand audit-ledger by .*role\/Admin/),
    ]);
    expect(verdict).toBe('refused');
    expect(checks.find(({ id: name }) => name === 'changes')?.status).toBe('fail');
  });

  it('finds what the executor does by itself, where no interlock stands yet', async () => {
    const { said, findings } = await foundAfter(async () => {
      const { arn } = await createKey(office, 'webauthn');
      await pastTheTool('CreateGrant', {
        KeyId: arn,
        GranteePrincipal: role('Admin'),
        Operations: ['Decrypt'],
      });
      await pastTheTool('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 7 });
    });
    expect(said).toEqual([
      expect.stringMatching(/^unapproved-change: CreateGrant .* by deputy in role\/custody-executor$/),
      expect.stringMatching(/^unapproved-change: ScheduleKeyDeletion /),
    ]);
    expect(findings.every(({ eventId }) => /^[0-9a-f-]{36}$/.test(eventId ?? ''))).toBe(true);
  });
});
