import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Digest, digestOf, encodeBase64 } from '../../src/lib/base/bytes.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import type { ToolIdentity } from '../../src/lib/base/readers.js';
import { parsePublicKey, type Signer } from '../../src/lib/base/signature.js';
import { addSeconds, type Instant, parseInstant } from '../../src/lib/base/time.js';
import { parseDraft } from '../../src/lib/plan/draft.js';
import { planDigest } from '../../src/lib/plan/format.js';
import type { NumberedPlan, Plan } from '../../src/lib/plan/plan.js';
import type { RosterDraft } from '../../src/lib/plan/roster-draft.js';
import { planTemplate } from '../../src/lib/plan/template.js';
import type { Evidence, Rules } from '../../src/lib/quorum/evidence.js';
import { callsOf, classOf } from '../../src/lib/record/action.js';
import { type OpenRecord, open, seal } from '../../src/lib/record/envelope.js';
import {
  digestOfJson,
  type KeyRef,
  type Predicate,
  type RecordKind,
  type RequestPredicate,
  type Statement,
} from '../../src/lib/record/statement.js';
import { rosterDigest } from '../../src/lib/roster/format.js';
import type { Roster, RosterKey } from '../../src/lib/roster/roster.js';
import { foundingOf } from '../../src/lib/setup/found.js';

/** Three custodians, one automation identity of the architect's, and one who is nobody. */
export type Who = 'architect' | 'privacy' | 'deputy' | 'ci' | 'outsider';

export const NOON = parseInstant('2026-03-02T12:00:00.000Z');
export const ACCOUNT = '111122223333';
export const PRIMARY = 'eu-central-1';
export const REPLICA = 'eu-west-1';
export const REPOSITORY = '0123456789abcdef';
export const TOOL: ToolIdentity = { name: 'custody', version: '0.1.0', digest: digestOf('this tool') };
/** Any commit: judgements look at what was seen there, not at its name. */
export const HEAD = 'c0ffee'.padEnd(40, '0');
export const CASE_DATA_KEY = '1234abcd-12ab-34cd-56ef-1234567890ab';

export const later = (seconds: number, from: Instant = NOON) => addSeconds(from, seconds);

/** A signer in memory; the private half is given out so that tests can forge. */
export interface TestSigner extends Signer {
  readonly privateKey: KeyObject;
}

export function signerFrom(privateKey: KeyObject, spki: Buffer): TestSigner {
  const publicKey = parsePublicKey(spki);
  const hash = publicKey.algorithm === 'ed25519' ? null : 'sha256';
  return { publicKey, privateKey, sign: async (data) => sign(hash, data, privateKey) };
}

export function createSigner(type: 'ed25519' | 'p256' = 'p256'): TestSigner {
  const pair =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return signerFrom(
    createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
    pair.publicKey.export({ format: 'der', type: 'spki' }),
  );
}

export function keyOf({ publicKey }: Signer): RosterKey {
  const { keyId, algorithm, spki } = publicKey;
  return { keyId, algorithm, publicKey: encodeBase64(spki), home: { type: 'local' } };
}

/** Everything that a judgement needs of the world: who there is and which rules they gave themselves. */
export interface Team {
  readonly signers: Readonly<Record<Who, TestSigner>>;
  /** A second, listed key of the deputy. */
  readonly spare: TestSigner;
  readonly roster: Roster;
  readonly rosterDigest: Digest;
  readonly plan: NumberedPlan;
  readonly planDigest: Digest;
}

export interface TeamOptions {
  readonly environment?: Plan['environment'];
  readonly plan?: (plan: Plan) => Plan;
  readonly roster?: (roster: Roster) => Roster;
}

const role = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;
const draftKey = (signer: Signer) => ({
  home: { type: 'local' as const },
  publicKey: encodeBase64(signer.publicKey.spki),
});

function rosterDraft(account: string, signers: Readonly<Record<Who, Signer>>, spare: Signer): RosterDraft {
  const seat = (id: Who, name: string, duty: 'SecurityArchitect' | 'PrivacyEngineer', extra: Signer[] = []) => ({
    id,
    name,
    duty,
    roleArn: role(account, id),
    keys: [signers[id], ...extra].map(draftKey),
  });
  return {
    threshold: 2,
    custodians: [
      seat('architect', 'Ada', 'SecurityArchitect'),
      seat('privacy', 'Grace', 'PrivacyEngineer'),
      seat('deputy', 'Barbara', 'SecurityArchitect', [spare]),
    ],
    automation: [{ id: 'ci', owner: 'architect', roleArn: role(account, 'ci'), keys: [draftKey(signers.ci)] }],
    executorRoleArn: role(account, 'custody-executor'),
  };
}

/** The template's plan and a roster of fresh keys; P-256 for custodians as at AWS, Ed25519 for the privacy engineer. */
export function createTeam(options: TeamOptions = {}): Team {
  const environment = options.environment ?? 'aws';
  const account = environment === 'sandbox' ? '000000000000' : ACCOUNT;
  const spare = createSigner();
  const signers = {
    architect: createSigner(),
    privacy: createSigner('ed25519'),
    deputy: createSigner(),
    ci: createSigner('ed25519'),
    outsider: createSigner(),
  };
  const draft = parseDraft(
    planTemplate({
      environment,
      partition: 'aws',
      account,
      regions: { primary: PRIMARY, replicas: [REPLICA] },
      appRoleArn: role(account, 'app'),
      roster: rosterDraft(account, signers, spare),
    }),
  );
  const founding = foundingOf(draft, REPOSITORY, later(-86_400));
  const plan = { ...founding.plan, plan: options.plan ? options.plan(founding.plan.plan) : founding.plan.plan };
  const roster = options.roster ? options.roster(founding.roster) : founding.roster;
  return { signers, spare, plan, planDigest: planDigest(plan), roster, rosterDigest: rosterDigest(roster) };
}

/** The same people under changed rules, as plan or roster of another number would give. */
export function withRules(team: Team, change: { readonly plan?: (plan: Plan) => Plan }): Team {
  const plan = { ...team.plan, plan: change.plan ? change.plan(team.plan.plan) : team.plan.plan };
  return { ...team, plan, planDigest: planDigest(plan) };
}

export function withQuorum(team: Team, change: Partial<Plan['quorum']>): Team {
  return withRules(team, { plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, ...change } }) });
}

export function rulesOf(team: Team, change: Partial<Rules> = {}): Rules {
  const { planDigest: ofPlan, rosterDigest: ofRoster } = team;
  return {
    repository: team.roster.repository,
    plan: team.plan.plan,
    planDigest: ofPlan,
    roster: team.roster,
    rosterDigest: ofRoster,
    inForce: { planDigest: ofPlan, rosterDigest: ofRoster },
    frozen: new Set(),
    ...change,
  };
}

/** Signs a statement and reads it back, as the repository would give it. */
export async function record<K extends RecordKind>(signer: Signer, statement: Statement<K>): Promise<OpenRecord<K>> {
  return open(await seal(statement as Statement, signer)) as unknown as OpenRecord<K>;
}

let nonces = 0;
export const nonce = () => (nonces++).toString(16).padStart(32, '0');

const basics = (team: Team, by: string, at: Instant) => ({
  tool: TOOL,
  repository: team.roster.repository,
  by,
  at,
  seen: { head: HEAD, expiresAt: later(86_400, at) },
});

export function caseDataKey(team: Team): KeyRef {
  const { partition, account, keys } = team.plan.plan;
  return {
    name: 'case-data',
    alias: keys['case-data']?.alias ?? '',
    arn: `arn:${partition}:kms:${PRIMARY}:${account}:key/${CASE_DATA_KEY}`,
    keyId: CASE_DATA_KEY,
  };
}

/** A request to rotate case-data; `change` is applied before the calls are derived. */
export function requestPredicate(team: Team, change: Partial<RequestPredicate> = {}): RequestPredicate {
  const { plan } = team.plan;
  const at = change.at ?? NOON;
  const base = {
    ...basics(team, 'architect', at),
    plan: { version: team.plan.version, digest: team.planDigest },
    roster: { version: team.roster.version, digest: team.rosterDigest },
    partition: plan.partition,
    account: plan.account,
    endpoint: plan.environment,
    region: PRIMARY,
    action: 'key.rotate' as const,
    key: caseDataKey(team),
    parameters: {},
    preState: { rotationCount: 0 },
    nonce: nonce(),
    executor: null,
    reason: 'the key is a year old',
    approveBy: addSeconds(at, plan.quorum.approvalWindowSeconds),
    executeWithinSeconds: plan.quorum.executionWindowSeconds,
    ...change,
  };
  return {
    class: classOf(base.action),
    calls: change.calls ?? callsOf(base.action, base, base.parameters),
    ...base,
  };
}

export function requestStatement(predicate: RequestPredicate): Statement<'request'> {
  const subjects = [{ name: 'calls', digest: digestOfJson(predicate.calls as unknown as JsonObject) }];
  return { kind: 'request', subjects, predicate };
}

export async function request(
  team: Team,
  by: Who = 'architect',
  change: Partial<RequestPredicate> = {},
): Promise<OpenRecord<'request'>> {
  return record(team.signers[by], requestStatement(requestPredicate(team, { by, ...change })));
}

type Answer = 'approval' | 'rejection' | 'withdrawal' | 'intent' | 'receipt';
type Change<K extends Answer> = Partial<Predicate<K>> & { readonly with?: Signer };

async function answer<K extends Answer>(
  kind: K,
  team: Team,
  by: Who,
  subject: { readonly name: string; readonly digest: Digest },
  predicate: Omit<Predicate<K>, 'tool' | 'repository' | 'by' | 'at' | 'seen'>,
  change: Change<K>,
): Promise<OpenRecord<K>> {
  const { with: signer = team.signers[by], ...fields } = change;
  const at = (fields as { at?: Instant }).at ?? later(60);
  const statement = { kind, subjects: [subject], predicate: { ...basics(team, by, at), ...predicate, ...fields } };
  return record<K>(signer, statement as unknown as Statement<K>);
}

const toRequest = ({ digest }: OpenRecord) => ({ name: 'request', digest });

export function approval(team: Team, to: OpenRecord<'request'>, by: Who, change: Change<'approval'> = {}) {
  const subject = toRequest(to as unknown as OpenRecord);
  return answer('approval', team, by, subject, { request: to.digest, nonce: nonce() }, change);
}

export function rejection(team: Team, to: OpenRecord<'request'>, by: Who, change: Change<'rejection'> = {}) {
  const subject = toRequest(to as unknown as OpenRecord);
  return answer('rejection', team, by, subject, { request: to.digest, reason: 'not now' }, change);
}

/** Takes back the request itself, or the approval that is given. */
export function withdrawal(
  team: Team,
  to: OpenRecord<'request'>,
  by: Who,
  what: { readonly digest: Digest } = to,
  change: Change<'withdrawal'> = {},
) {
  const subject = toRequest(to as unknown as OpenRecord);
  const fields = { request: to.digest, reason: 'a mistake', withdraws: what.digest };
  return answer('withdrawal', team, by, subject, fields, change);
}

/** An intent that lists the given records, as its head would hold them. */
export function intent(
  team: Team,
  to: OpenRecord<'request'>,
  by: Who,
  listed: readonly OpenRecord<never>[] | readonly { readonly fileDigest: Digest; readonly statement: Statement }[],
  change: Change<'intent'> = {},
) {
  const of = (kind: RecordKind) =>
    listed
      .filter(({ statement }) => (statement as Statement).kind === kind)
      .map(({ fileDigest }) => fileDigest)
      .sort();
  const fields = {
    request: to.digest,
    approvals: of('approval'),
    rejections: of('rejection'),
    withdrawals: of('withdrawal'),
    preStateDigest: digestOfJson(to.statement.predicate.preState),
  };
  const subject = toRequest(to as unknown as OpenRecord);
  return answer('intent', team, by, subject, fields, { at: later(120), ...change });
}

export function receipt(
  team: Team,
  to: OpenRecord<'request'>,
  of: OpenRecord<'intent'>,
  by: Who,
  change: Change<'receipt'> = {},
) {
  const at = change.at ?? later(180);
  const fields = {
    request: to.digest,
    intent: of.digest,
    outcome: 'executed' as const,
    startedAt: at,
    finishedAt: at,
    awsRequestIds: ['3fa85f64-5717-4562-b3fc-2c963f66afa6'],
    preStateDigest: of.statement.predicate.preStateDigest,
    postStateDigest: digestOfJson({ rotationCount: 1 }),
    enforcement: { level: 'advisory' as const, because: 'interlock not installed' },
    key: to.statement.predicate.key,
    error: null,
  };
  return answer('receipt', team, by, { name: 'intent', digest: of.digest }, fields, { at, ...change });
}

type AnyRecord = { readonly fileDigest: Digest; readonly statement: Statement };
/** A record with what the head that it names held; without, it saw everything before it in the list. */
export type Seeing = AnyRecord | { readonly record: AnyRecord; readonly sees: readonly AnyRecord[] | null };

/** `record`, of which the head that it names held just these (none: it was signed side by side with the others). */
export const seeing = (record: AnyRecord, ...sees: readonly AnyRecord[]): Seeing => ({ record, sees });
/** `record`, whose head is in nobody's history. */
export const lost = (record: AnyRecord): Seeing => ({ record, sees: null });

/** Evidence as the case reader gathers it. */
export function evidenceOf(of: OpenRecord<'request'>, ...items: readonly Seeing[]): Evidence {
  const sees = new Map<Digest, ReadonlySet<Digest> | null>([[of.fileDigest, new Set()]]);
  const before: AnyRecord[] = [of as unknown as AnyRecord];
  for (const item of items) {
    const given = 'record' in item ? item : { record: item, sees: [...before] };
    sees.set(given.record.fileDigest, given.sees && new Set(given.sees.map(({ fileDigest }) => fileDigest)));
    before.push(given.record);
  }
  return { request: of, records: before.slice(1) as unknown as OpenRecord[], sees, intentPlace: 'on-its-head' };
}
