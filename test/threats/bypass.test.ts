import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { assertEndpoints, assertTarget } from '../../src/lib/aws/endpoint.js';
import { resolveSettings } from '../../src/lib/aws/settings.js';
import { digestOf } from '../../src/lib/base/bytes.js';
import { errorJson } from '../../src/lib/cli/failure.js';
import { requestJson } from '../../src/lib/cli/present.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { caseOf, lookUp } from '../../src/lib/request/desk.js';
import { execute } from '../../src/lib/request/execute.js';
import { planProposal } from '../../src/lib/request/open.js';
import { createLocalKey, openLocalKey } from '../../src/lib/signing/local-key.js';
import { answerLost } from '../support/fake-aws.js';
import { createOffice } from '../support/office.js';
import {
  ACCOUNT,
  approval,
  CASE_DATA_KEY,
  caseDataKey,
  createTeam,
  evidenceOf,
  later,
  REPLICA,
  request,
  rulesOf,
  TOOL,
} from '../support/people.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const team = createTeam();

describe('T46 secrets in what is written or shown', () => {
  test('T46 no private key is in the repository, in progress, results or failures', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.refuseNext = answerLost('RotateKeyOnDemand');
    const failure = await office.execute('architect', id).catch((cause: unknown) => cause);
    const state = await lookUp(office.desk('architect').ports, 'remote');
    const found = await caseOf(office.desk('architect').ports, state, id);
    const shown = [
      ...[...office.remote.files()].flatMap(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')]),
      ...office.desk('architect').said,
      JSON.stringify(requestJson(found)),
      inspect(failure, { depth: 10 }),
    ].join('\n');
    expect(shown).toContain(office.team.rosterDigest);
    for (const { privateKey } of Object.values(office.team.signers)) {
      const { d = '' } = privateKey.export({ format: 'jwk' });
      const secret = Buffer.from(d, 'base64url');
      expect(secret.length).toBe(32);
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        expect(shown.includes(secret.toString(form))).toBe(false);
      }
    }
  });

  test('T46 a wrong passphrase is in no failure', async () => {
    const { file } = await createLocalKey(Buffer.from('the right passphrase'), 'ed25519', randomBytes);
    const signer = openLocalKey(file, async () => Buffer.from('hunter2-hunter2-hunter2'));
    const failure = await signer.sign(Buffer.from('x')).catch((cause: unknown) => cause);
    expect(failure).toEqual(code('SIGNER_LOCKED'));
    const shown = inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(errorJson(failure as never));
    expect(shown).not.toMatch(/hunter2|right passphrase/);
  });
});

test('T54 an approval for one Region is not one for another', async () => {
  const here = await request(team);
  const key = caseDataKey(team);
  const arn = key.arn?.replace('eu-central-1', REPLICA) ?? null;
  const there = await request(team, 'architect', { region: REPLICA, key: { ...key, arn } });
  const both = [await approval(team, here, 'privacy'), await approval(team, here, 'deputy')];
  expect(judge(evidenceOf(here, ...both), rulesOf(team), later(600)).state).toBe('approved');
  expect(judge(evidenceOf(there, ...both), rulesOf(team), later(600)).state).toBe('pending');
  const mixed = await request(team, 'architect', { region: REPLICA });
  expect(() => judge(evidenceOf(mixed), rulesOf(team), later(600))).toThrow(code('REFUSED'));
});

test('T59 two executors at once: the loser exits 6 and calls nothing', async () => {
  const office = await createOffice();
  const id = await office.approved();
  const rival = office.machine('ci');
  office.remote.beforePush = async () => {
    office.remote.beforePush = null;
    await execute(rival.ports, rival.actor, rival.aws, id);
  };
  const failure = await office.execute('architect', id).catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ code: 'CONFLICT', exit: 6 });
  expect(office.aws.key(CASE_DATA_KEY).rotations.length + office.aws.done.length).toBe(2);
});

describe('T60 another than AWS answers', () => {
  const config = { setting: () => undefined, section: () => undefined } as never;
  const settings = (environment: Record<string, string>, flags = {}) => resolveSettings(flags, environment, config);

  it.each([
    [{ AWS_ENDPOINT_URL: 'https://kms.evil.example' }],
    [{ AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:4566' }],
    [{ AWS_CA_BUNDLE: '/tmp/ca.pem' }],
    [{ NODE_EXTRA_CA_CERTS: '/tmp/ca.pem' }],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('T60 a plan for aws refuses %j', (environment) => {
    expect(() => assertEndpoints('aws', ACCOUNT, settings(environment), environment)).toThrow(code('ENDPOINT_REFUSED'));
  });

  test('T60 records of a sandbox are worth nothing at AWS, and the other way round', async () => {
    expect(() => assertEndpoints('aws', '000000000000', settings({}), {})).toThrow(code('ENDPOINT_REFUSED'));
    expect(() => assertEndpoints('sandbox', '000000000000', settings({}), {})).toThrow(code('ENDPOINT_REFUSED'));
    const played = await request(team, 'architect', { endpoint: 'sandbox' });
    expect(() => judge(evidenceOf(played), rulesOf(team), later(600))).toThrow(code('REFUSED'));
  });

  it.each([
    ['http:', 'kms.eu-central-1.amazonaws.com'],
    ['https:', 'kms.eu-central-1.amazonaws.com.evil.example'],
    ['https:', 'evil.example/kms.eu-central-1.amazonaws.com'],
    ['https:', 'a.bucket.s3.eu-central-1.amazonaws.com'],
    ['https:', 'kms-eu-central-1.amazonaws.com'],
    ['https:', '127.0.0.1'],
  ])('T60 nothing is sent to %s//%s', (protocol, hostname) => {
    expect(() => assertTarget('aws', { protocol, hostname })).toThrow(code('ENDPOINT_REFUSED'));
    expect(() => assertTarget('aws', { protocol: 'https:', hostname: 'kms.eu-central-1.amazonaws.com' })).not.toThrow();
  });

  test('T60 credentials of another account sign nothing', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    const { ports, actor, aws } = office.desk('privacy');
    const elsewhere = { ...aws, whoAmI: async () => ({ ...(await aws.whoAmI()), account: '999999999999' }) };
    await expect(execute(ports, actor, elsewhere, id)).rejects.toEqual(code('PENDING'));
    await office.approve('privacy', id);
    await office.approve('deputy', id);
    await expect(execute(ports, actor, elsewhere, id)).rejects.toEqual(code('ENDPOINT_REFUSED'));
    expect(office.aws.done).toEqual([]);
  });
});

test('T62 two custodians see that their tools are not the same', async () => {
  const office = await createOffice();
  const { id } = (await office.open('architect')).case;
  await office.approve('privacy', id);
  const { ports, actor, aws } = office.desk('deputy');
  const tampered = { ...ports, tool: { ...TOOL, digest: digestOf('another tool') } };
  const { approve, reviewRequest } = await import('../../src/lib/request/approve.js');
  const review = await reviewRequest(tampered, actor, aws, id);
  const after = requestJson(await approve(tampered, actor, aws, review, review.case.request.digest));
  expect(new Set(after.approvals.map(({ tool }) => tool))).toEqual(new Set([TOOL.digest, digestOf('another tool')]));
});

test('T67 a plan that nobody voted for is not in force', async () => {
  const office = await createOffice();
  const { plan } = office.team.plan;
  const proposal = planProposal(
    office.team.plan,
    { ...plan, quorum: { ...plan.quorum, selfApproval: false } },
    '',
    null,
  );
  const files = new Map(office.remote.files());
  const { formatPlan, parsePlanDocument } = await import('../../src/lib/plan/format.js');
  files.set('plan/2.json', formatPlan(parsePlanDocument(proposal.parameters.document, 'plan 2')));
  office.remote.force(files);
  await expect(office.open('architect')).rejects.toEqual(code('REFUSED'));
});
