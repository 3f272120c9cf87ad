import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { verifyRecords } from '../../../src/lib/inspect/records.js';
import { changesOf } from '../../../src/lib/record/action.js';
import { cancelDeletion } from '../../../src/lib/request/cancel-deletion.js';
import { NOTHING_DECIDED } from '../../../src/lib/request/decided.js';
import { casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { certificatesOf, decidedDeletions, deletionOf } from '../../../src/lib/request/destruction.js';
import { observeEstate } from '../../../src/lib/request/estate.js';
import { beat } from '../../../src/lib/request/heartbeat.js';
import type { Proposal } from '../../../src/lib/request/open.js';
import { remediesOf } from '../../../src/lib/request/remedies.js';
import {
  certificateProposal,
  rotationOffProposal,
  type StateAction,
  stateProposal,
} from '../../../src/lib/request/state-change.js';
import { withdraw } from '../../../src/lib/request/veto.js';
import { createTeam, PRIMARY, REPLICA, type Who } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const DAY = 86_400;
const HOW = { reason: 'test', executor: null };
const team = createTeam({ environment: 'sandbox' });
const code = (name: string) => expect.objectContaining({ code: name });

describe('whether a key may be used, and whether it is to exist', () => {
  let office: SandboxOffice & { close(): void };
  let caseData: { readonly arn: string; readonly keyId: string };

  beforeEach(async () => {
    office = await createSandboxOffice({ team });
    caseData = await createKey(office, 'case-data');
  }, 60_000);
  afterEach(() => office.close());

  const place = async (who: Who = 'architect') => {
    const { ports, aws } = office.desk(who);
    const state = await lookUp(ports, 'remote');
    return { ports, aws, state, plan: state.plan.plan };
  };
  const ask = async (action: StateAction, key = 'case-data', region?: string) =>
    stateProposal(await place(), action, key, region, HOW);
  const stateAt = async (arn: string, region = PRIMARY) =>
    (await office.desk('deputy').aws.reader.describe(region, arn))?.state ?? null;
  const cases = async () => {
    const { ports, state } = await place();
    return (await casesOf(ports, state)).cases;
  };
  const fresh = async (who: Who) => beat(office.desk(who).ports, office.desk(who).actor);

  /** One signature is not enough, an approval taken back does not count, two are, and nothing runs twice. */
  async function decide(proposal: Proposal): Promise<string> {
    const { id } = (await office.open('architect', proposal)).case;
    await office.approve('privacy', id);
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PENDING'));
    await office.approve('deputy', id);
    return id;
  }
  async function carryOut(proposal: Proposal): Promise<string> {
    const id = await decide(proposal);
    expect((await office.execute('deputy', id)).case.verdict.state).toBe('executed');
    await expect(office.execute('privacy', id)).rejects.toEqual(code('REQUEST_ENDED'));
    return id;
  }
  /** Past the cool-off, with somebody's fresh word that this is the newest state. */
  async function afterCoolOff(id: string) {
    office.clock.advance(DAY);
    await fresh('privacy');
    return office.execute('deputy', id);
  }

  it('T15 T16 disable and enable: two custodians, one withdrawn approval, KMS, replay', async () => {
    await expect(ask('key.enable')).rejects.toEqual(code('REFUSED'));
    const { id } = (await office.open('architect', await ask('key.disable'))).case;
    await office.approve('privacy', id);
    await office.approve('deputy', id);
    const { ports, actor } = office.desk('privacy');
    await withdraw(ports, actor, id, 'approval', 'on second thoughts');
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PENDING'));
    await office.approve('privacy', id);
    await office.execute('deputy', id);
    expect(await stateAt(caseData.arn)).toBe('Disabled');
    await expect(office.execute('privacy', id)).rejects.toEqual(code('REQUEST_ENDED'));
    await expect(ask('key.disable')).rejects.toEqual(code('REFUSED'));
    await carryOut(await ask('key.enable'));
    expect(await stateAt(caseData.arn)).toBe('Enabled');
  });

  it('T13 a key whose state moved since it was approved is left alone', async () => {
    const first = await decide(await ask('key.disable'));
    const again = await office.open('privacy', { ...(await ask('key.disable')), reason: 'another' });
    expect([again.created, again.case.id]).toEqual([false, first]);
    await office.execute('deputy', first);
    const enable = await decide(await ask('key.enable'));
    const twin = await office.open('architect', { ...(await ask('key.delete')), region: PRIMARY });
    await office.execute('deputy', enable);
    await expect(office.approve('privacy', twin.case.id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    const { ports, actor } = office.desk('architect');
    await withdraw(ports, actor, twin.case.id, 'request', 'moved');
  });

  it('T49 automatic rotation is switched off by a quorum of both roles only', async () => {
    const proposal = await rotationOffProposal(await place(), 'case-data', HOW);
    const { id } = (await office.open('architect', proposal)).case;
    await office.approve('architect', id);
    await office.approve('deputy', id);
    // Two security architects: the class wants both roles.
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PENDING'));
    await office.approve('privacy', id);
    await office.execute('deputy', id);
    expect(await office.desk('deputy').aws.reader.rotationStatus(PRIMARY, caseData.arn)).toMatchObject({
      enabled: false,
    });
    await expect(rotationOffProposal(await place(), 'case-data', HOW)).rejects.toEqual(code('REFUSED'));
  });

  it('a deletion: shown losses, cool-off, window, one custodian’s veto, disabled after it', async () => {
    const id = await decide(await ask('key.delete'));
    const found = (await cases()).find((item) => item.id === id);
    const losses = changesOf(found?.request.statement.predicate as never).map(({ what, from }) => [what, from]);
    expect(losses).toEqual(
      expect.arrayContaining([
        ['aliases', 'alias/cmk/case-data'],
        ['last use', expect.stringMatching(/^never since it was created|^GenerateDataKey/)],
        ['keys below it in the plan', 'none'],
      ]),
    );
    await expect(office.execute('deputy', id)).rejects.toMatchObject({
      code: 'PENDING',
      details: { state: 'cooling' },
    });
    office.clock.advance(DAY - 60);
    await fresh('privacy');
    await expect(office.execute('deputy', id)).rejects.toMatchObject({
      code: 'PENDING',
      details: { state: 'cooling' },
    });
    office.clock.advance(60);
    await office.execute('deputy', id);
    const pending = await office.desk('deputy').aws.reader.describe(PRIMARY, caseData.arn);
    expect(pending?.state).toBe('PendingDeletion');
    expect(Date.parse(pending?.deletionAt ?? '') - Date.parse(office.clock.now())).toBeGreaterThan(29.9 * DAY * 1000);
    expect(decidedDeletions(await cases())).toEqual(new Set([caseData.arn]));

    // No drift: a quorum decided it. Not decided, `keys apply` would ask for the veto.
    const { ports, aws, plan, state } = await place();
    const estate = await observeEstate(aws.reader, plan, ports.progress);
    const asked = (deletions: ReadonlySet<string>) =>
      remediesOf(plan, state.roster, estate, { ...NOTHING_DECIDED, deletions }, HOW).proposals.map(
        ({ action, key }) => `${action} ${key?.name}`,
      );
    expect(asked(decidedDeletions(await cases()))).not.toContain('key.cancel-deletion case-data');
    expect(asked(new Set())).toContain('key.cancel-deletion case-data');

    // Two days later nobody else has signed anything: a veto needs nobody else.
    office.clock.advance(2 * DAY);
    const ci = office.desk('ci');
    const veto = await ask('key.cancel-deletion');
    await expect(cancelDeletion(ci.ports, ci.actor, ci.aws, veto)).rejects.toEqual(code('REFUSED'));
    const seat = office.desk('deputy');
    const { case: stopped, created } = await cancelDeletion(seat.ports, seat.actor, seat.aws, veto);
    expect([created, stopped.verdict.state, stopped.verdict.threshold]).toEqual([true, 'executed', 1]);
    expect(await stateAt(caseData.arn)).toBe('Disabled');
    expect(deletionOf(await cases(), { arn: caseData.arn })).toBeNull();
    await expect(certificateProposal(await place(), 'case-data', undefined, HOW)).rejects.toEqual(code('NOT_FOUND'));
    await fresh('privacy');
    await carryOut(await ask('key.enable'));
  });

  it('T13 a key that somebody uses after all is not deleted', async () => {
    const id = await decide(await ask('key.delete'));
    office.aws.sandbox.advance(1);
    const context = { 'custody:purpose': 'case-data' };
    await use(office, caseData.arn, context);
    await expect(afterCoolOff(id)).rejects.toMatchObject({
      code: 'PRE_STATE_CHANGED',
      details: { fields: ['lastUse'] },
    });
    expect(await stateAt(caseData.arn)).toBe('Enabled');
    const { ports, actor } = office.desk('architect');
    await withdraw(ports, actor, id, 'request', 'still used');
  });

  it('T50 the window cannot be shortened past the tool either', async () => {
    const deletion = { KeyId: caseData.arn, PendingWindowInDays: 7 };
    for (const profile of ['architect', 'admin', 'service'])
      await expect(office.aws.past(profile, 'ScheduleKeyDeletion', deletion)).rejects.toEqual(code('DENIED'));
    await expect(
      office.open('architect', { ...(await ask('key.delete')), parameters: { windowDays: 7 } }),
    ).rejects.toEqual(code('RECORD_MALFORMED'));
  });

  it('a primary goes after its replicas, and the end is certified by two', async () => {
    await createKey(office, 'root');
    const root = (await office.desk('deputy').aws.reader.aliases(PRIMARY)).find(
      ({ name }) => name === 'alias/cmk/root',
    );
    const arnIn = (region: string) => `arn:aws:kms:${region}:000000000000:key/${root?.keyId}`;
    await expect(ask('key.delete', 'root')).rejects.toMatchObject({
      code: 'REFUSED',
      details: { replicas: [{ region: REPLICA }] },
    });
    await fresh('privacy');
    await afterCoolOff(await decide(await ask('key.delete', 'root', REPLICA)));
    expect(await stateAt(arnIn(REPLICA), REPLICA)).toBe('PendingDeletion');
    expect(await stateAt(arnIn(PRIMARY))).toBe('Enabled');

    const primary = await decide(await ask('key.delete', 'root'));
    const found = (await cases()).find((item) => item.id === primary);
    const pre = found?.request.statement.predicate.preState as JsonObject;
    expect(pre.dependants).toContain('case-data');
    expect(pre.replicas).toEqual([expect.stringMatching(/^eu-west-1 PendingDeletion until /)]);
    await afterCoolOff(primary);
    expect(await stateAt(arnIn(PRIMARY))).toBe('PendingReplicaDeletion');

    const early = await certificateProposal(await place(), 'root', REPLICA, HOW);
    await expect(office.open('architect', early)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/not destroyed before/),
    });
    office.clock.advance(31 * DAY);
    // The replica is gone; the primary's own window has only begun.
    const waiting = await certificateProposal(await place(), 'root', undefined, HOW);
    await expect(office.open('architect', waiting)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/KMS still knows/),
    });
    const forged = { ...early, parameters: { deletion: `sha256:${'0'.repeat(64)}` } };
    await expect(office.open('architect', forged)).rejects.toEqual(code('REFUSED'));
    await expect(office.open('architect', { ...early, parameters: waiting.parameters })).rejects.toEqual(
      code('REFUSED'),
    );
    await fresh('privacy');
    const id = await carryOut(early);
    const [certificate] = certificatesOf(await cases(), 'root');
    expect([certificate?.case.id, certificate?.deletion.region]).toEqual([id, REPLICA]);

    const files = [...office.remote.files()]
      .filter(([path]) => path.startsWith(`records/${id}/`))
      .map(([path, bytes]) => ({ path, bytes }));
    const report = verifyRecords(files, office.team.roster);
    expect(report.verdict).toBe('verified');
    expect(report.checks).toContainEqual(expect.objectContaining({ id: `${id} certificate`, status: 'pass' }));
    const less = verifyRecords(
      files.filter(({ path }) => !path.endsWith('receipt.json')),
      office.team.roster,
    );
    expect([less.verdict, less.checks.find((item) => item.id.endsWith('certificate'))?.status]).toEqual([
      'unproven',
      'skip',
    ]);
  }, 60_000);
});

/** The application encrypts with a key. */
async function use(office: SandboxOffice, arn: string, context: JsonObject): Promise<void> {
  await office.aws.use('service', 'GenerateDataKeyWithoutPlaintext', {
    KeyId: arn,
    KeySpec: 'AES_256',
    EncryptionContext: context,
  });
}
