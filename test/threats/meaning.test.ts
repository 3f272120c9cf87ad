import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../src/lib/base/bytes.js';
import { hintOf } from '../../src/lib/base/signature.js';
import type { Evidence, Rules } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { assertByTable, changesOf, riskOf, sentenceOf } from '../../src/lib/record/action.js';
import { type OpenRecord, open, requestIdOf } from '../../src/lib/record/envelope.js';
import type { RequestPredicate } from '../../src/lib/record/statement.js';
import { approve, reviewRequest } from '../../src/lib/request/approve.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { execute } from '../../src/lib/request/execute.js';
import { openRequest, planProposal } from '../../src/lib/request/open.js';
import { createOffice, rotation } from '../support/office.js';
import {
  approval,
  CASE_DATA_KEY,
  caseDataKey,
  createTeam,
  evidenceOf,
  later,
  PRIMARY,
  REPLICA,
  record,
  request,
  requestPredicate,
  requestStatement,
  rulesOf,
} from '../support/people.js';

const team = createTeam();
const code = (expected: string) => expect.objectContaining({ code: expected });
const judged = (evidence: Evidence, rules: Rules = rulesOf(team)) => judge(evidence, rules, later(600));
const OTHER_KEY = '99999999-12ab-34cd-56ef-1234567890ab';

/** A signed file with other bytes as its payload, as one who edits the repository would leave it. */
function withPayload(record: OpenRecord<'request'>, payload: string): Buffer {
  return Buffer.from(
    `{"dsseEnvelope":{"payload":"${encodeBase64(Buffer.from(payload))}","payloadType":"application/vnd.in-toto+json",` +
      `"signatures":[{"keyid":"","sig":"${encodeBase64(record.signature)}"}]},` +
      `"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"${record.hint}"}}}`,
  );
}

describe('T1 the payload is edited after the review', () => {
  it('approvals of the request before do not count for the request after', async () => {
    const asked = await request(team);
    const two = [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')];
    const edited = await record(
      team.signers.architect,
      requestStatement({ ...asked.statement.predicate, reason: 'edited' }),
    );
    expect(requestIdOf(edited.digest)).not.toBe(requestIdOf(asked.digest));
    const verdict = judged(evidenceOf(edited, ...two));
    expect(verdict.state).toBe('pending');
    expect(verdict.approvals.map(({ ignoredBecause }) => ignoredBecause)).toEqual(['other-request', 'other-request']);
  });

  it('an edit under the old signature does not verify', async () => {
    const asked = await request(team);
    const text = Buffer.from(asked.payload).toString('utf8');
    const edited = open(
      withPayload(asked, text.replaceAll(CASE_DATA_KEY, OTHER_KEY)),
    ) as unknown as OpenRecord<'request'>;
    expect(() => judged(evidenceOf(edited))).toThrow();
    const reason = open(
      withPayload(asked, text.replace('a year old', 'one year old')),
    ) as unknown as OpenRecord<'request'>;
    expect(() => judged(evidenceOf(reason))).toThrow(code('SIGNATURE_INVALID'));
  });

  it('what was reviewed must be what is signed for', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    const { ports, actor, aws } = office.desk('privacy');
    const review = await reviewRequest(ports, actor, aws, id);
    await expect(approve(ports, actor, aws, review, review.case.request.fileDigest)).rejects.toEqual(
      code('REVIEW_MISMATCH'),
    );
  });
});

describe('T2 two parsers', () => {
  it.each([
    ['a duplicate name', (text: string) => text.replace('"action":', '"action":"key.create","action":')],
    ['a duplicate in the calls', (text: string) => text.replace('"KeyId":', '"KeyId":"x","KeyId":')],
    ['NaN', (text: string) => text.replace('86400', 'NaN')],
    ['an exponent', (text: string) => text.replace('86400', '864e2')],
    ['a fraction', (text: string) => text.replace('86400', '86400.0')],
    ['a lone surrogate', (text: string) => text.replace('a year old', '\\udc00')],
    ['an escaped name', (text: string) => text.replace('"action"', '"\\u0061ction"')],
    ['another order', (text: string) => text.replace(/^\{("_type":"[^"]*"),(.*)\}$/s, '{$2,$1}')],
    ['white space', (text: string) => `${text} `],
    ['a comment', (text: string) => text.replace(',', '/**/,')],
  ])('%s is refused, signed or not', async (_, edit) => {
    const asked = await request(team);
    const before = Buffer.from(asked.payload).toString('utf8');
    const text = edit(before);
    expect(text).not.toBe(before);
    expect(() => open(withPayload(asked, text))).toThrow(code('RECORD_MALFORMED'));
  });
});

describe('T3 blind signing', () => {
  it('what is shown comes from the calls and from AWS as it is now, on the approver’s machine', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect', { reason: 'harmless' })).case;
    const { ports, actor, aws } = office.desk('privacy');
    const review = await reviewRequest(ports, actor, aws, id);
    expect(review.sentence).toContain('Rotate the key case-data');
    expect(review.changes).toContainEqual({ what: 'rotations so far', from: '0', to: '1' });
    expect(review.live).toMatchObject({
      arn: caseDataKey(office.team).arn,
      state: 'Enabled',
      aliasTarget: CASE_DATA_KEY,
    });
    expect(review.host).toContain('amazonaws.com');
  });

  it('one key’s name on another key’s ARN is refused', async () => {
    const key = { ...caseDataKey(team), name: 'telemetry-short' };
    const asked = await request(team, 'architect', { key });
    expect(() => judged(evidenceOf(asked))).toThrow(code('REFUSED'));
    const alias = await request(team, 'architect', { key: { ...caseDataKey(team), alias: 'alias/cmk/root' } });
    expect(() => judged(evidenceOf(alias))).toThrow(code('REFUSED'));
    const unplanned = await request(team, 'architect', { key: { ...caseDataKey(team), name: 'constructor' } });
    expect(() => judged(evidenceOf(unplanned))).toThrow(code('REFUSED'));
  });

  it('the policies of a new key are shown in words', async () => {
    const office = await createOffice();
    const { plan, roster } = office.team;
    const { id } = (await office.open('architect', createProposal(plan.plan, roster, 'root', 'x', null))).case;
    const { ports, actor, aws } = office.desk('privacy');
    const { policies } = await reviewRequest(ports, actor, aws, id);
    expect(policies.map(({ region }) => region)).toEqual([PRIMARY, REPLICA]);
    for (const { lines } of policies) expect(lines.length).toBeGreaterThan(0);
  });
});

describe('T4 an approval is good for one thing', () => {
  const others: readonly (readonly [string, Partial<RequestPredicate>])[] = [
    [
      'another key',
      {
        key: {
          ...caseDataKey(team),
          keyId: OTHER_KEY,
          arn: caseDataKey(team).arn?.replace(CASE_DATA_KEY, OTHER_KEY) ?? '',
        },
      },
    ],
    ['another action', { action: 'key.rotation', parameters: { periodDays: 365 } }],
    ['other parameters', { action: 'key.rotation', parameters: { periodDays: 90 } }],
    ['the same once more', {}],
  ];
  it.each(others)('not for %s', async (_, change) => {
    const asked = await request(team, 'architect', {
      action: 'key.rotation',
      parameters: { periodDays: 365 },
      nonce: '0'.repeat(32),
    });
    const two = [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')];
    expect(judged(evidenceOf(asked, ...two)).state).toBe('approved');
    const other = await request(team, 'architect', change);
    const verdict = judged(evidenceOf(other, ...two));
    expect(verdict).toMatchObject({ state: 'pending' });
  });

  const arn = caseDataKey(team).arn ?? '';
  const noKey = { ...planProposal(team.plan, team.plan.plan, '', null), executor: null };
  const created = createProposal(team.plan.plan, team.roster, 'root', '', null);
  const newKey = { ...created, key: { name: 'root', alias: 'alias/cmk/root', arn: null, keyId: null } };
  it('a request in another’s name is refused', async () => {
    const asked = await record(team.signers.deputy, requestStatement(requestPredicate(team)));
    expect(() => judged(evidenceOf(asked))).toThrow(code('REFUSED'));
  });

  const foreign: readonly (readonly [string, Partial<RequestPredicate>])[] = [
    ['another repository', { repository: 'fedcba9876543210' }],
    ['another account', { account: '999922223333' }],
    ['another partition', { partition: 'aws-cn' }],
    ['another endpoint', { endpoint: 'sandbox' }],
    ['another account, and no key', { ...noKey, account: '999922223333' }],
    ['a new key that is there already', { ...newKey, key: { ...newKey.key, keyId: OTHER_KEY } }],
    ['the plan, and a key', { ...noKey, key: caseDataKey(team) }],
    ['a Region that is not in the plan', { region: 'us-east-1' }],
    ['a key of another Region', { key: { ...caseDataKey(team), arn: arn.replace(PRIMARY, REPLICA) } }],
    ['a key of another account', { key: { ...caseDataKey(team), arn: arn.replace('111122223333', '999922223333') } }],
    ['another key id than the ARN has', { key: { ...caseDataKey(team), keyId: OTHER_KEY } }],
    ['no key', { key: { ...caseDataKey(team), keyId: null, arn: null }, calls: requestPredicate(team).calls }],
    ['another roster', { roster: { version: 1, digest: team.planDigest } }],
    ['another plan', { plan: { version: 1, digest: team.rosterDigest } }],
  ];
  it.each(foreign)('a request about %s is refused', async (_, change) => {
    const asked = await request(team, 'architect', change);
    expect(() => judged(evidenceOf(asked))).toThrow(code('REFUSED'));
  });

  it('a request on a head that is in nobody’s history is refused', async () => {
    const asked = await request(team);
    expect(() => judged({ ...evidenceOf(asked), sees: new Map() })).toThrow(code('REFUSED'));
  });

  it('nor does another repository’s judgement take it', async () => {
    const asked = await request(team);
    const other = { ...team.roster, repository: 'fedcba9876543210' };
    expect(() => judged(evidenceOf(asked), rulesOf(team, { repository: other.repository }))).toThrow(code('REFUSED'));
  });
});

describe('T5 an alias moved', () => {
  it('between request and approval, or approval and run, is noticed', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    const alias = caseDataKey(office.team).alias;
    office.aws.seed('other', alias, office.team.roster.repository, OTHER_KEY);
    await expect(office.approve('deputy', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    office.aws.aliases[PRIMARY] = { [alias]: CASE_DATA_KEY };
    await office.approve('deputy', id);
    office.aws.aliases[PRIMARY] = { [alias]: OTHER_KEY };
    await expect(office.execute('architect', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    expect(office.aws.done).toEqual([]);
  });
});

describe('T6 harmless bundled with toxic', () => {
  it('calls beyond the table’s are refused, though signed', async () => {
    const plain = requestPredicate(team);
    const toxic = {
      service: 'kms',
      region: PRIMARY,
      operation: 'ScheduleKeyDeletion',
      parameters: { KeyId: caseDataKey(team).arn ?? '', PendingWindowInDays: 7 },
    } as const;
    for (const calls of [[...plain.calls, toxic], [toxic, ...plain.calls], [toxic]]) {
      const asked = await record(team.signers.architect, requestStatement({ ...plain, calls }));
      expect(() => judged(evidenceOf(asked))).toThrow(code('RECORD_MALFORMED'));
    }
  });

  it('nor may the subject say other calls than the predicate', async () => {
    const plain = requestStatement(requestPredicate(team));
    const other = requestStatement(requestPredicate(team, { action: 'key.rotation', parameters: { periodDays: 90 } }));
    const asked = await record(team.signers.architect, { ...plain, subjects: other.subjects });
    expect(() => judged(evidenceOf(asked))).toThrow(code('REFUSED'));
  });
});

describe('T7 the requester’s words', () => {
  it('change neither rules nor sentence nor risk', () => {
    const plain = requestPredicate(team);
    const words = { ...plain, reason: 'pre-approved; threshold: 1; class: label; low risk' };
    expect(sentenceOf(words)).toBe(sentenceOf(plain));
    expect(changesOf(words)).toEqual(changesOf(plain));
    expect(riskOf(words.action)).toBe(riskOf(plain.action));
  });

  it('nor can they name a softer class', async () => {
    const soft = requestPredicate(team, { class: 'label' });
    expect(() => assertByTable(soft)).toThrow(code('RECORD_MALFORMED'));
    const asked = await record(team.signers.architect, requestStatement(soft));
    expect(() => judged(evidenceOf(asked))).toThrow(code('RECORD_MALFORMED'));
  });
});

describe('T8 hostile text', () => {
  it('never reaches the ledger, and is capped in the record', async () => {
    const office = await createOffice();
    const evil = '\u001b]52;c;ZXZpbA==\u0007\u202etxt';
    await office.open('architect', { reason: evil });
    const ledger = [...office.remote.files()].filter(([path]) => path.startsWith('ledger/'));
    for (const [, bytes] of ledger) expect(Buffer.from(bytes).toString('utf8')).not.toContain('ZXZpbA');
    await expect(
      office.open('deputy', { action: 'key.rotation', parameters: { periodDays: 90 }, reason: 'x'.repeat(1001) }),
    ).rejects.toEqual(code('RECORD_MALFORMED'));
  });
});

describe('T9 an assistant is talked into approving', () => {
  it('automation cannot approve, in the flow or by a signed file', async () => {
    const office = await createOffice();
    const { id } = (await office.open('ci')).case;
    await expect(office.approve('ci', id)).rejects.toEqual(code('REFUSED'));
    const asked = await request(team);
    const own = [await approval(team, asked, 'ci'), await approval(team, asked, 'privacy')];
    expect(judged(evidenceOf(asked, ...own)).state).toBe('pending');
  });

  it('classes that want presence say so to whoever asks', async () => {
    const strict = createTeam({
      plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, classes: { rotate: { presence: true } } } }),
    });
    const office = await createOffice(undefined, strict);
    const { id } = (await office.open('ci')).case;
    const { ports, actor, aws } = office.desk('privacy');
    expect((await reviewRequest(ports, actor, aws, id)).presence).toBe(true);
  });
});

describe('T54 another Region', () => {
  it('changes digest, id and calls; approvals do not carry over', async () => {
    const here = await request(team);
    const parameters = here.statement.predicate.calls[0]?.parameters ?? {};
    const moved = {
      ...here.statement.predicate,
      region: REPLICA,
      calls: [{ service: 'kms', region: REPLICA, operation: 'RotateKeyOnDemand', parameters } as const],
    };
    const there = await record(team.signers.architect, requestStatement(moved));
    expect(there.digest).not.toBe(here.digest);
    const approved = await approval(team, here, 'privacy');
    expect(() => judged(evidenceOf(there, approved))).toThrow(code('REFUSED'));
  });
});

describe('T60 a false AWS', () => {
  it('another account or partition is refused before anything is signed or called', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const elsewhere = async (step: string, change: object) => {
      const { ports, actor, aws } = office.machine(step === 'approve' ? 'architect' : 'ci');
      return { ports, actor, aws: { ...aws, whoAmI: async () => ({ ...(await aws.whoAmI()), ...change }) } };
    };
    for (const change of [{ account: '000000000000' }, { partition: 'aws-cn' }]) {
      const run = await elsewhere('execute', change);
      await expect(execute(run.ports, run.actor, run.aws, id)).rejects.toEqual(code('ENDPOINT_REFUSED'));
      const review = await elsewhere('approve', change);
      await expect(reviewRequest(review.ports, review.actor, review.aws, id)).rejects.toEqual(code('ENDPOINT_REFUSED'));
      const opening = await elsewhere('open', change);
      const other = rotation(office.team, { action: 'key.rotation', parameters: { periodDays: 90 } });
      await expect(openRequest(opening.ports, opening.actor, opening.aws, other)).rejects.toEqual(
        code('ENDPOINT_REFUSED'),
      );
    }
    expect(office.aws.done).toEqual([]);
  });

  it('a sandbox’s request does not count against AWS', async () => {
    const asked = await request(team, 'architect', { endpoint: 'sandbox' });
    expect(() => judged(evidenceOf(asked))).toThrow(code('REFUSED'));
    const toy = createTeam({ environment: 'sandbox' });
    const real = await request(toy, 'architect', { endpoint: 'aws' });
    expect(() => judge(evidenceOf(real), rulesOf(toy), later(600))).toThrow(code('REFUSED'));
  });
});

describe('T62 a tampered tool', () => {
  it('every record names the tool that signed it, so that two can compare', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { case: after } = await office.execute('ci', id);
    for (const item of [after.request, ...after.evidence.records]) {
      expect(item.statement.predicate.tool).toEqual(office.desk('architect').ports.tool);
    }
  });

  it('and its digest cannot be changed under the signature', async () => {
    const asked = await request(team);
    const text = Buffer.from(asked.payload).toString('utf8');
    const other = open(withPayload(asked, text.replace(asked.statement.predicate.tool.digest, team.planDigest)));
    expect(other.hint).toBe(hintOf(team.signers.architect.publicKey));
    expect(() => judged(evidenceOf(other as unknown as OpenRecord<'request'>))).toThrow(code('SIGNATURE_INVALID'));
  });
});
