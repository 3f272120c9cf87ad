import { digestOf, encodeBase64 } from '../base/bytes.js';
import { CustodyError, nullIfDenied } from '../base/errors.js';
import { parsePublicKeyBase64 } from '../base/signature.js';
import type { Instant } from '../base/time.js';
import type { Draft } from '../plan/draft.js';
import { formatPlan, planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import type { RosterDraft } from '../plan/roster-draft.js';
import { type OpenRecord, ofKind } from '../record/envelope.js';
import { CEREMONY_FOLDER, GENESIS_FOLDER, planPath, rosterPath } from '../record/paths.js';
import type { Predicate } from '../record/statement.js';
import type { Actor, Aws, Ports } from '../request/ports.js';
import { draft, publishRecords, type Draft as SignedDraft, seenNow } from '../request/publish.js';
import { formatRoster, rosterDigest } from '../roster/format.js';
import { type CustodianId, isCustodianId, type Roster, type RosterKey } from '../roster/roster.js';
import { assertRoster, identitiesOf } from '../roster/rules.js';

/** What stands in a repository once it is founded. */
export interface Founding {
  readonly plan: NumberedPlan;
  readonly roster: Roster;
}

/** Plan 1 and roster 1 of a draft. @throws CustodyError ROSTER_INVALID */
export function foundingOf(draftRead: Draft, repository: string, at: Instant): Founding {
  return {
    plan: { version: 1, previous: null, plan: draftRead.plan },
    roster: firstRoster(draftRead.roster, repository, at),
  };
}

function firstRoster(given: RosterDraft, repository: string, createdAt: Instant): Roster {
  return assertRoster({
    schema: 1,
    repository,
    version: 1,
    previous: null,
    threshold: given.threshold,
    custodians: given.custodians.map((seat) => ({ ...seat, id: personId(seat.id), keys: seat.keys.map(keyOf) })),
    automation: given.automation.map((item) => ({
      ...item,
      id: personId(item.id),
      owner: personId(item.owner),
      keys: item.keys.map(keyOf),
    })),
    executorRoleArn: given.executorRoleArn,
    createdAt,
  });
}

/** The draft's reader has checked the form already; here it gets its type. */
function personId(text: string): CustodianId {
  if (isCustodianId(text)) return text;
  throw new CustodyError('ROSTER_INVALID', `${text} is not an id of a custodian`);
}

function keyOf({ publicKey, home }: RosterDraft['custodians'][number]['keys'][number]): RosterKey {
  const key = parsePublicKeyBase64(publicKey);
  return { keyId: key.keyId, algorithm: key.algorithm, publicKey: encodeBase64(key.spki), home };
}

/** The one statement that every custodian of roster 1 signs. */
export function genesisOf(ports: Pick<Ports, 'tool'>, { plan, roster }: Founding): Predicate<'genesis'> {
  return {
    tool: ports.tool,
    repository: roster.repository,
    plan: { version: 1, digest: planDigest(plan) },
    roster: { version: 1, digest: rosterDigest(roster) },
    environment: plan.plan.environment,
    partition: plan.plan.partition,
    account: plan.plan.account,
    at: roster.createdAt,
  };
}

/**
 * Founds the repository: plan 1, roster 1, genesis signed by the caller and the record of the ceremony, in one commit.
 * @throws CustodyError SIGNER_UNKNOWN when the caller is no custodian of the roster · REPOSITORY_EXISTS · what
 *   publishing throws
 */
export async function found(
  ports: Ports,
  actor: Actor,
  aws: Aws,
  founding: Founding,
  witness: string | null,
): Promise<OpenRecord<'genesis'>> {
  const { plan, roster } = founding;
  const listed = identitiesOf(roster).get(actor.signer.publicKey.keyId);
  if (listed?.kind !== 'custodian')
    throw new CustodyError('SIGNER_UNKNOWN', 'the one who founds must be a custodian of the roster');
  const view = await ports.store.sync({ onProgress: ports.progress });
  if (view.head !== null) {
    throw new CustodyError('REPOSITORY_EXISTS', 'the remote already holds a repository', {
      suggestions: [`custody join URL --as ${listed.id} makes a clone of it.`],
    });
  }
  const genesis = await signGenesis(actor, genesisOf(ports, founding), founding);
  const ceremony = await draftCeremony(ports, actor, aws, founding, genesis.record, witness);
  const also = new Map([
    [planPath(1), formatPlan(plan)],
    [rosterPath(1), formatRoster(roster)],
  ]);
  await publishRecords(ports, [genesis, ceremony], { message: 'Found the repository', also });
  const record = ofKind(genesis.record, 'genesis');
  if (!record) throw new CustodyError('BUG', 'the genesis that was signed is none');
  return record;
}

/** Signs genesis; everyone signs the same bytes. */
export function signGenesis(
  actor: Actor,
  predicate: Predicate<'genesis'>,
  { plan, roster }: Founding,
): Promise<SignedDraft> {
  const subjects = [
    { name: planPath(1), digest: planDigest(plan) },
    { name: rosterPath(1), digest: rosterDigest(roster) },
  ];
  return draft(actor, { kind: 'genesis', subjects, predicate }, GENESIS_FOLDER);
}

/** Who took part, with what tool, and what stood at AWS: role ids tell a re-created role apart later (T58). */
async function draftCeremony(
  ports: Ports,
  actor: Actor,
  aws: Aws,
  { plan, roster }: Founding,
  genesis: OpenRecord,
  witness: string | null,
): Promise<SignedDraft> {
  const seats = [...roster.custodians, ...roster.automation];
  const roleArns = [...seats.map(({ roleArn }) => roleArn), roster.executorRoleArn];
  const signing = seats.flatMap(({ keys }) => keys).flatMap(({ home }) => (home.type === 'kms' ? [home.arn] : []));
  ports.progress('Reading roles and signing keys at AWS');
  const predicate: Predicate<'ceremony'> = {
    tool: ports.tool,
    repository: roster.repository,
    genesis: genesis.digest,
    by: actor.identity.id,
    at: ports.clock.now(),
    seen: seenNow(ports, null, plan.plan.quorum.freshnessSeconds),
    participants: roster.custodians.map(({ id }) => id),
    witness,
    roles: await Promise.all(
      roleArns.map(async (arn) => ({ arn, id: await aws.authority.roleId(arn).catch(nullIfDenied) })),
    ),
    keys: await Promise.all(signing.map((arn) => keyFacts(aws, arn))),
  };
  return draft(
    actor,
    { kind: 'ceremony', subjects: [{ name: 'genesis', digest: genesis.digest }], predicate },
    CEREMONY_FOLDER,
  );
}

async function keyFacts(aws: Aws, arn: string) {
  const region = arn.split(':')[3] ?? '';
  const policy = await aws.reader.policy(region, arn).catch(nullIfDenied);
  return { arn, policyDigest: policy === null ? null : digestOf(policy) };
}
