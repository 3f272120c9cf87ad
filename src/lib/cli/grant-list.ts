import { CustodyError } from '../base/errors.js';
import type { Grant, KeyReader } from '../key/key.js';
import type { ObservedEstate } from '../plan/estate.js';
import { casesOf } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Ports } from '../request/ports.js';
import { heading, pairs } from './render.js';

/** A grant as `keys show KEY` lists it. */
export interface GrantFacts extends Grant {
  readonly region: string;
  /** The request whose nonce is the grant's name; null for a grant that was made past custody. */
  readonly request: string | null;
}

/** The grants on one key in each Region where it was found. @throws CustodyError what reading throws */
export async function grantFacts(
  ports: Ports,
  reader: KeyReader,
  state: InForce,
  estate: ObservedEstate,
  name: string,
): Promise<readonly GrantFacts[]> {
  const requests = await grantRequests(ports, state);
  const found: GrantFacts[] = [];
  for (const [region, keys] of Object.entries(estate)) {
    const arn = keys[name]?.description.arn;
    if (arn === undefined) continue;
    const grants = await reader.grants(region, arn);
    if (grants === null) throw new CustodyError('NOT_FOUND', `the key ${name} is gone from ${region}`);
    for (const grant of grants) found.push({ ...grant, region, request: requests.get(grant.name ?? '') ?? null });
  }
  return found;
}

/** Ids of the executed requests that made grants, by the name that each gave its grant. */
async function grantRequests(ports: Ports, state: InForce): Promise<ReadonlyMap<string, string>> {
  const { cases } = await casesOf(ports, state);
  const made = cases.filter(
    ({ request, verdict }) => request.statement.predicate.action === 'key.grant' && verdict.state === 'executed',
  );
  return new Map(made.map(({ id, request }) => [request.statement.predicate.nonce, id]));
}

/** Grants for people: who may what by which grant, and which request made it. */
export function grantText(grants: readonly GrantFacts[]): string {
  return [heading(grants.length === 0 ? 'No grants' : 'Grants'), ...grants.map(grantBlock)].join('\n');
}

function grantBlock({ id, region, request, grantee, operations, retiring, ...grant }: GrantFacts): string {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset, sourceArn } = grant;
  const context = equals ?? subset;
  return pairs([
    ['id', id],
    ['for', grantee],
    ['may', operations.join(', ')],
    ['context', context === null ? 'any' : `${JSON.stringify(context)}${equals === null ? ' and more' : ''}`],
    ...(sourceArn === null ? [] : ([['only on behalf of', sourceArn]] as const)),
    ['retired by', retiring ?? 'nobody named'],
    ['made', `${grant.createdAt} in ${region}, ${request ?? 'by no request of this repository'}`],
  ]);
}
