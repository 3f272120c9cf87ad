import { randomBytes } from 'node:crypto';
import { openKeyMaterial } from '../../src/lib/aws/key-material.js';
import { commitmentOf } from '../../src/lib/base/material.js';
import { addSeconds } from '../../src/lib/base/time.js';
import type { KeyMaterial } from '../../src/lib/key/material.js';
import type { Plan } from '../../src/lib/plan/plan.js';
import { requestIdOf } from '../../src/lib/record/envelope.js';
import { recordPath, requestFolder } from '../../src/lib/record/paths.js';
import type { RequestPredicate } from '../../src/lib/record/statement.js';
import { caseOf, lookUp } from '../../src/lib/request/desk.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { type Executed, execute } from '../../src/lib/request/execute.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import type { Bringing } from '../../src/lib/request/import.js';
import type { Proposal } from '../../src/lib/request/open.js';
import { draft, draftFor, publishRecords, seenNow } from '../../src/lib/request/publish.js';
import type { How, Place } from '../../src/lib/request/rotate.js';
import { createTeam, requestPredicate, requestStatement, type Who } from './people.js';
import { createSandboxOffice, type SandboxOffice } from './sandbox-office.js';

export const HOW: How = { reason: 'as planned', executor: null };

/** The team whose root is a multi-Region key of imported material. */
export function externalTeam() {
  return createTeam({ environment: 'sandbox', plan: withExternalRoot });
}

function withExternalRoot(plan: Plan): Plan {
  const { root } = plan.keys;
  if (!root) throw new Error('the template has a root');
  const external = { ...root, origin: 'EXTERNAL', rotation: { ...root.rotation, automatic: false } } as const;
  return { ...plan, keys: { ...plan.keys, root: external } };
}

export const externalOffice = (plan: (plan: Plan) => Plan = (same) => same) =>
  createSandboxOffice({ team: createTeam({ environment: 'sandbox', plan: (given) => plan(withExternalRoot(given)) }) });

/** Where a person at a desk makes proposals. */
export async function placeOf(office: SandboxOffice, who: Who = 'architect'): Promise<Place> {
  const { ports, aws } = office.desk(who);
  const state = await lookUp(ports, 'remote');
  return { ports, aws, state, plan: state.plan.plan };
}

/** Makes the root without its replica, as a first step leaves it. */
export async function createRootAlone(office: SandboxOffice) {
  const { plan, roster } = office.team;
  const proposal = createProposal(plan.plan, roster, 'root', 'first the primary', null);
  const id = await office.approved({ ...proposal, parameters: { ...proposal.parameters, replicas: [] } });
  const { key } = (await office.execute('deputy', id)).receipt;
  if (!key?.arn || !key.keyId) throw new Error('root was not made');
  return { name: 'root', alias: key.alias, arn: key.arn, keyId: key.keyId };
}

export interface TestMaterial {
  readonly bytes: Buffer;
  readonly bringing: Bringing;
  /** A copy for one execution. */
  open(): KeyMaterial;
}

export function newMaterial(change: Partial<Bringing> = {}): TestMaterial {
  const bytes = randomBytes(32);
  return {
    bytes,
    bringing: { commitment: commitmentOf(bytes), wrapping: 'RSAES_OAEP_SHA_256', expiresAt: null, ...change },
    open: () => openKeyMaterial(Buffer.from(bytes)),
  };
}

/** Approved by two, and past its cool-off where its class has one. */
export async function approveCooled(office: SandboxOffice, proposal: Proposal): Promise<string> {
  const id = await office.approved(proposal);
  const { ports } = office.desk('deputy');
  const { verdict } = await caseOf(ports, await lookUp(ports, 'remote'), id);
  if (verdict.coolUntil && verdict.state === 'cooling') {
    office.clock.set(addSeconds(verdict.coolUntil, 1));
    const other = office.desk('privacy');
    await beat(other.ports, other.actor);
  }
  return id;
}

/** Approves what is proposed and carries it out, with the material where there is one. */
export async function carryOut(
  office: SandboxOffice,
  proposal: Proposal,
  material: TestMaterial | null = null,
): Promise<Executed & { readonly id: string }> {
  const id = await approveCooled(office, proposal);
  const { ports, actor, aws } = office.desk('deputy');
  return { ...(await execute(ports, actor, aws, id, material?.open() ?? null)), id };
}

/** A request that no opener of the tool makes, signed and published as its author would. */
export async function forge(office: SandboxOffice, who: Who, change: Partial<RequestPredicate>): Promise<string> {
  const { ports, actor } = office.desk(who);
  const state = await lookUp(ports, 'remote');
  const at = office.clock.now();
  const predicate = requestPredicate(office.team, { by: who, at, ...change });
  const seen = { ...predicate.seen, head: state.head };
  const signed = await draft(actor, requestStatement({ ...predicate, seen }), requestFolder('r-'));
  const id = requestIdOf(signed.record.digest);
  await publishRecords(ports, [{ ...signed, path: recordPath(requestFolder(id), signed.record.fileDigest) }], {
    message: 'forged',
  });
  return id;
}

/** An approval by one whose tool looks at nothing. */
export async function forgeApproval(office: SandboxOffice, who: Who, id: string): Promise<void> {
  const { ports, actor } = office.desk(who);
  const state = await lookUp(ports, 'remote');
  const { request } = await caseOf(ports, state, id);
  const statement = {
    kind: 'approval',
    subjects: [{ name: 'request', digest: request.digest }],
    predicate: {
      tool: ports.tool,
      repository: state.roster.repository,
      request: request.digest,
      by: who,
      at: office.clock.now(),
      seen: seenNow(ports, state.head, state.plan.plan.quorum.freshnessSeconds),
      nonce: randomBytes(16).toString('hex'),
    },
  } as const;
  await publishRecords(ports, [await draftFor(actor, statement, id)], { message: 'forged' });
}
