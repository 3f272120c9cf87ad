import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../src/lib/base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../src/lib/base/dsse.js';
import { hintOf, type Signer } from '../../src/lib/base/signature.js';
import type { Evidence, Verdict } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { type OpenRecord, ofKind, open, seal } from '../../src/lib/record/envelope.js';
import { formatStatement, type Statement } from '../../src/lib/record/statement.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { planProposal } from '../../src/lib/request/open.js';
import { formatRoster, parseRoster } from '../../src/lib/roster/format.js';
import type { CustodianId, Roster } from '../../src/lib/roster/roster.js';
import { assertRoster } from '../../src/lib/roster/rules.js';
import { malleated } from '../support/malleated.js';
import { createOffice } from '../support/office.js';
import {
  approval,
  createSigner,
  createTeam,
  evidenceOf,
  intent,
  keyOf,
  later,
  receipt,
  rejection,
  request,
  rulesOf,
  type Team,
  withQuorum,
} from '../support/people.js';

const team = createTeam();
const asked = await request(team);
const code = (expected: string) => expect.objectContaining({ code: expected });
const judged = (evidence: Evidence, of: Team = team): Verdict => judge(evidence, rulesOf(of), later(600));
const reasons = ({ approvals }: Verdict) => approvals.map(({ ignoredBecause }) => ignoredBecause).sort();

describe('T17 one person counts once', () => {
  it('the same file twice', async () => {
    const once = await approval(team, asked, 'deputy');
    expect(judged(evidenceOf(asked, once, once)).state).toBe('pending');
  });

  it('the same approval with its signature malleated (r, n − s)', async () => {
    const once = await approval(team, asked, 'deputy');
    const again = malleated(once);
    expect(again.fileDigest).not.toBe(once.fileDigest);
    expect(again.digest).toBe(once.digest);
    const verdict = judged(evidenceOf(asked, once, again));
    expect(verdict).toMatchObject({ state: 'pending', missing: { signatures: 1 } });
    expect(reasons(verdict)).toEqual([null, 'same-person'].sort());
  });

  it('two keys of one person', async () => {
    const verdict = judged(
      evidenceOf(
        asked,
        await approval(team, asked, 'deputy'),
        await approval(team, asked, 'deputy', { with: team.spare }),
      ),
    );
    expect(verdict).toMatchObject({ state: 'pending', missing: { signatures: 1 } });
  });

  it('two approvals signed with one key, under another’s name', async () => {
    const verdict = judged(
      evidenceOf(
        asked,
        await approval(team, asked, 'deputy'),
        await approval(team, asked, 'privacy', { with: team.signers.deputy }),
      ),
    );
    expect(verdict.state).toBe('pending');
    expect(reasons(verdict)).toContain('signer-is-not-the-author');
  });

  it('one key in two encodings makes the roster invalid', () => {
    const compressed = Buffer.concat([
      Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
      compressedPoint(team.signers.deputy),
    ]);
    const edited = editSeat(team.roster, 1, (seat) => ({
      ...seat,
      keys: [{ ...keyOf(team.signers.deputy), publicKey: encodeBase64(compressed) }],
    }));
    expect(() => assertRoster(edited)).toThrow(code('ROSTER_INVALID'));
  });
});

/** The same point in the other form that SEC 1 section 2.3.3 allows. */
function compressedPoint({ publicKey }: Signer): Buffer {
  const point = publicKey.spki.subarray(-65);
  const odd = (point[64] ?? 0) & 1;
  return Buffer.concat([Buffer.from([2 + odd]), point.subarray(1, 33)]);
}

function editSeat(
  roster: Roster,
  at: number,
  edit: (seat: Roster['custodians'][number]) => Roster['custodians'][number],
) {
  return { ...roster, custodians: roster.custodians.map((seat, index) => (index === at ? edit(seat) : seat)) };
}

describe('T18 one person in two seats', () => {
  const [first] = team.roster.custodians;
  it.each([
    ['a key', { keys: first?.keys ?? [] }],
    ['an IAM role', { roleArn: first?.roleArn ?? '' }],
    ['a name', { name: first?.name ?? '' }],
    ['an id', { id: first?.id ?? ('' as CustodianId) }],
  ])('%s of two seats makes the roster invalid', (_, change) => {
    const roster = editSeat(team.roster, 1, (seat) => ({ ...seat, ...change }));
    expect(() => assertRoster(roster)).toThrow(code('ROSTER_INVALID'));
    expect(() => parseRoster(formatRoster(roster))).toThrow(code('ROSTER_INVALID'));
  });

  it('nor may automation share a key, role or id with a seat', () => {
    const [ci] = team.roster.automation;
    if (!ci || !first) throw new Error('the team has automation');
    for (const change of [{ keys: first.keys }, { roleArn: first.roleArn }, { id: first.id }]) {
      const roster = { ...team.roster, automation: [{ ...ci, ...change }] };
      expect(() => assertRoster(roster)).toThrow(code('ROSTER_INVALID'));
    }
    const orphan = { ...team.roster, automation: [{ ...ci, owner: 'nobody' as CustodianId }] };
    expect(() => assertRoster(orphan)).toThrow(code('ROSTER_INVALID'));
  });
});

describe('T19 thresholds', () => {
  it.each([0, 1, 3, 4, -1, 1.5, Number.NaN])('%s of three makes the roster invalid', (threshold) => {
    expect(() => assertRoster({ ...team.roster, threshold })).toThrow(code('ROSTER_INVALID'));
  });

  it('a missing one too, and 2 is not made of it', () => {
    const { threshold: _, ...rest } = JSON.parse(Buffer.from(formatRoster(team.roster)).toString('utf8'));
    const bytes = Buffer.from(JSON.stringify(rest), 'utf8');
    expect(() => parseRoster(bytes)).toThrow(code('ROSTER_INVALID'));
  });

  it('two custodians are too few for any threshold', () => {
    const roster = { ...team.roster, custodians: team.roster.custodians.slice(0, 2) };
    expect(() => assertRoster(roster)).toThrow(code('ROSTER_INVALID'));
  });

  it('a class of the plan cannot lower it', async () => {
    for (const threshold of [-1, 0, 1]) {
      const low = withQuorum(team, { classes: { rotate: { threshold } } });
      const to = await request(low);
      expect(judged(evidenceOf(to, await approval(low, to, 'deputy')), low)).toMatchObject({
        state: 'pending',
        threshold: 2,
      });
    }
  });
});

describe('T21 mix and match', () => {
  const forge = (payloadOf: OpenRecord<never> | { payload: Uint8Array }, signature: Uint8Array, hint: string) =>
    open(
      Buffer.from(
        `{"dsseEnvelope":{"payload":"${encodeBase64(payloadOf.payload)}","payloadType":"${IN_TOTO_PAYLOAD_TYPE}",` +
          `"signatures":[{"keyid":"","sig":"${encodeBase64(signature)}"}]},` +
          `"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",` +
          `"verificationMaterial":{"publicKey":{"hint":"${hint}"}}}`,
      ),
    );

  it('the signature of another record', async () => {
    const own = await approval(team, asked, 'deputy');
    const other = await approval(team, await request(team), 'deputy');
    const forged = forge(own, other.signature, own.hint);
    const verdict = judged(evidenceOf(asked, await approval(team, asked, 'privacy'), forged));
    expect(verdict.state).toBe('pending');
    expect(reasons(verdict)).toContain('signature-invalid');
  });

  it('the hint of another key', async () => {
    const own = await approval(team, asked, 'deputy', { with: team.signers.outsider });
    const forged = forge(own, own.signature, hintOf(team.signers.deputy.publicKey));
    expect(reasons(judged(evidenceOf(asked, forged)))).toEqual(['signature-invalid']);
  });

  it('a signature over the payload without its type', async () => {
    const own = await approval(team, asked, 'deputy');
    const { privateKey } = team.signers.deputy;
    for (const bytes of [own.payload, preAuthEncoding('text/plain', own.payload)]) {
      const forged = forge(own, sign('sha256', bytes, privateKey), own.hint);
      expect(reasons(judged(evidenceOf(asked, forged)))).toEqual(['signature-invalid']);
    }
  });

  it('a subject that is not what the predicate says', async () => {
    const own = await approval(team, asked, 'deputy');
    const statement = ofKind(own as unknown as OpenRecord, 'approval')?.statement;
    if (!statement) throw new Error('an approval');
    const other = await request(team);
    for (const subjects of [
      [{ name: 'request', digest: other.digest }],
      [...statement.subjects, { name: 'request', digest: other.digest }],
    ]) {
      const forged = open(await seal({ ...statement, subjects } as Statement, team.signers.deputy));
      expect(reasons(judged(evidenceOf(asked, forged)))).toEqual(['other-request']);
    }
    const approved = [await approval(team, asked, 'deputy'), await approval(team, asked, 'privacy')];
    const begun = await intent(team, asked, 'architect', approved);
    const done = await receipt(team, asked, begun, 'architect');
    const subjects = [{ name: 'intent', digest: other.digest }];
    const forged = open(await seal({ ...done.statement, subjects } as Statement, team.signers.architect));
    expect(judged(evidenceOf(asked, ...approved, begun, forged)).state).toBe('executing');
  });
});

describe('T22 self-approval', () => {
  const strict = withQuorum(team, { selfApproval: false });

  it.each(['architect', 'ci'] as const)('of a request by %s is judged by person', async (by) => {
    const to = await request(strict, by);
    const verdict = judged(
      evidenceOf(to, await approval(strict, to, 'architect'), await approval(strict, to, 'deputy')),
      strict,
    );
    expect(verdict.state).toBe('pending');
    expect(reasons(verdict)).toContain('self-approval');
  });

  it('with the requester’s second key', async () => {
    const to = await request(strict, 'deputy');
    const own = await approval(strict, to, 'deputy', { with: team.spare });
    expect(reasons(judged(evidenceOf(to, own), strict))).toEqual(['self-approval']);
  });

  it('a change of plan is asked by both plans', async () => {
    const { parameters } = planProposal(team.plan, strict.plan.plan, '', null);
    const to = await request(team, 'deputy', { action: 'plan.update', key: null, parameters });
    const rules = rulesOf(team, { next: { plan: strict.plan.plan, roster: team.roster } });
    const own = evidenceOf(to, await approval(team, to, 'deputy'), await approval(team, to, 'privacy'));
    expect(judge(own, rules, later(600)).state).toBe('pending');
    expect(judge(own, rulesOf(team), later(600)).state).toBe('approved');
  });

  it('is refused by the flow before anything is signed', async () => {
    const office = await createOffice(undefined, strict);
    const { id } = (await office.open('ci')).case;
    await expect(office.approve('architect', id)).rejects.toEqual(code('REFUSED'));
    expect([...office.remote.files().keys()].filter((path) => path.startsWith(`records/${id}/`))).toHaveLength(1);
  });
});

describe('T23 zero evidence', () => {
  it('no records is pending, and nothing is approved by default', () => {
    expect(judged(evidenceOf(asked))).toMatchObject({ state: 'pending', approvedAt: null, executeBy: null });
  });

  it('records without what their heads held do not count', async () => {
    const records = [await approval(team, asked, 'deputy'), await approval(team, asked, 'privacy')];
    const evidence = { ...evidenceOf(asked, ...records), sees: new Map([[asked.fileDigest, new Set<never>()]]) };
    expect(judged(evidence).state).toBe('pending');
  });

  it('an empty repository and one without genesis are refused', async () => {
    const office = await createOffice();
    const { ports } = office.machine('architect');
    office.remote.rewind(null);
    await expect(lookUp(ports, 'remote')).rejects.toEqual(code('REPOSITORY_NOT_FOUND'));
    const other = await createOffice();
    const bare = [...other.remote.files()].filter(([path]) => !path.startsWith('records/genesis/'));
    other.remote.force(new Map(bare), null);
    await expect(lookUp(other.machine('architect').ports, 'remote')).rejects.toEqual(code('RECORD_MALFORMED'));
  });

  it('an empty folder of a request is no request', async () => {
    const office = await createOffice();
    await expect(office.execute('architect', 'r-aaaaaaaaaa')).rejects.toEqual(code('NOT_FOUND'));
  });
});

describe('T27 a frozen custodian', () => {
  const frozen = rulesOf(team, { frozen: new Set(['deputy' as CustodianId]) });

  it('neither approves, rejects nor executes', async () => {
    const privacy = await approval(team, asked, 'privacy');
    const deputy = await approval(team, asked, 'deputy');
    expect(judge(evidenceOf(asked, privacy, deputy), frozen, later(600)).state).toBe('pending');
    const architect = await approval(team, asked, 'architect');
    const no = await rejection(team, asked, 'deputy');
    expect(judge(evidenceOf(asked, privacy, architect, no), frozen, later(600)).state).toBe('approved');
    const begun = await intent(team, asked, 'deputy', [privacy, architect]);
    expect(judge(evidenceOf(asked, privacy, architect, begun), frozen, later(600)).state).toBe('failed');
  });

  it('loses all keys', async () => {
    const records = [
      await approval(team, asked, 'privacy'),
      await approval(team, asked, 'deputy', { with: team.spare }),
    ];
    expect(judge(evidenceOf(asked, ...records), frozen, later(600)).state).toBe('pending');
  });
});

describe('T64 a signature of another kind', () => {
  it('a heartbeat in the folder of the request is no approval', async () => {
    const { request: _, nonce: __, ...predicate } = (await approval(team, asked, 'deputy')).statement.predicate;
    const beat = open(
      await seal(
        { kind: 'heartbeat', subjects: [{ name: 'request', digest: asked.digest }], predicate },
        team.signers.deputy,
      ),
    );
    const verdict = judged(evidenceOf(asked, await approval(team, asked, 'privacy'), beat));
    expect(verdict).toMatchObject({ state: 'pending' });
    expect(verdict.approvals).toHaveLength(1);
  });

  it('an approval’s payload with the type of another kind is not read at all', async () => {
    const own = await approval(team, asked, 'deputy');
    const text = Buffer.from(formatStatement(own.statement)).toString('utf8').replace(':approval:', ':rejection:');
    const signature = await team.signers.deputy.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, Buffer.from(text)));
    const file =
      `{"dsseEnvelope":{"payload":"${encodeBase64(Buffer.from(text))}","payloadType":"${IN_TOTO_PAYLOAD_TYPE}",` +
      `"signatures":[{"keyid":"","sig":"${encodeBase64(signature)}"}]},` +
      `"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"${own.hint}"}}}`;
    expect(() => open(Buffer.from(file))).toThrow(code('RECORD_MALFORMED'));
  });

  it('a signed random challenge is no record', async () => {
    const challenge = Buffer.from('sign this to log in');
    const signature = await createSigner().sign(challenge);
    expect(decodeBase64(encodeBase64(signature))).not.toBeNull();
    expect(() => open(challenge)).toThrow(code('RECORD_MALFORMED'));
  });
});
