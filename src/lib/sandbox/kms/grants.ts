import type { JsonObject } from '../../base/canonical-json.js';
import type { GrantConstraints } from '../../policy/grant.js';
import { type Call, ServiceError } from '../service.js';
import { authorizeAccount, authorizeKey } from './access.js';
import { notFound, validation } from './errors.js';
import { grantsOn, isPrincipal } from './grant-match.js';
import {
  checkNewGrant,
  checkParties,
  grantContext,
  readConstraints,
  readPrincipal,
  readServices,
  refuseServiceFilter,
} from './grant-request.js';
import { keyArn, resolveKey, rootArn, type Target, targetOf } from './identifiers.js';
import { optionalText, text, texts } from './input.js';
import { type Operations, openKey } from './operation.js';
import { page } from './paging.js';
import { type GrantRow, rowId, seconds, type World } from './state.js';
import { assertNotDry } from './usage.js';

const PAGE = { byDefault: 50, most: 100 };
/** Nobody calls through an AWS service here. */
const DIRECT = { 'kms:GrantIsForAWSResource': 'false' };

export const grantOperations: Operations = (world) => ({
  CreateGrant: (input, call) => createGrant(world, call, input),

  ListGrants(input, call) {
    const target = openKey(world, call, input, 'ListGrants', { context: DIRECT });
    refuseServiceFilter(input, 'GranteeServicePrincipal');
    const [grantId, grantee] = [optionalText(input, 'GrantId'), optionalText(input, 'GranteePrincipal')];
    const listed = grantsOn(world, target).filter(
      (grant) =>
        (grantId === null || grant.grantId === grantId) && (grantee === null || grant.granteePrincipal === grantee),
    );
    return page(
      input,
      'Grants',
      PAGE,
      listed,
      (grant) => grant.grantId,
      (grant) => show(world, grant),
    );
  },

  ListRetirableGrants(input, call) {
    refuseServiceFilter(input, 'RetiringServicePrincipal');
    const given = optionalText(input, 'RetiringPrincipal');
    if (given === null) throw validation('Specify either RetiringPrincipal or RetiringServicePrincipal.');
    const principal = readPrincipal(world, given);
    authorizeAccount(call, 'ListRetirableGrants', principal);
    const listed = world.grants
      .values()
      .filter((grant) => grant.region === call.region && grant.retiringPrincipal === principal);
    return page(
      input,
      'Grants',
      PAGE,
      listed,
      (grant) => grant.grantId,
      (grant) => show(world, grant),
    );
  },

  RevokeGrant(input, call) {
    const target = openKey(world, call, input, 'RevokeGrant', { context: DIRECT });
    const grant = findGrant(world, target, text(input, 'GrantId'));
    assertNotDry(input);
    world.grants.remove(rowId(grant.region, grant.grantId));
    return {};
  },

  RetireGrant(input, call) {
    const { grant, target } = grantToRetire(world, call, input);
    authorizeRetiring(world, call, grant, target);
    assertNotDry(input);
    call.note?.({ grantId: grant.grantId });
    world.grants.remove(rowId(grant.region, grant.grantId));
    return {};
  },
});

function createGrant(world: World, call: Call, input: JsonObject): JsonObject {
  const constraints = readConstraints(input);
  const operations = [...new Set(texts(input, 'Operations'))];
  const target = openKey(world, call, input, 'CreateGrant', {
    context: { ...DIRECT, ...grantContext(input, operations, constraints) },
    // Constraint pairs stand in for the encryption context of the request (Developer Guide, "kms:EncryptionContext").
    encryptionContext: { ...constraints.EncryptionContextSubset, ...constraints.EncryptionContextEquals },
    child: { operations, constraints },
  });
  checkParties(input);
  checkNewGrant(target, operations, constraints);
  const [grantee, retiring] = [optionalText(input, 'GranteePrincipal'), optionalText(input, 'RetiringPrincipal')];
  const wanted = {
    region: call.region,
    keyId: target.row.keyId,
    name: optionalText(input, 'Name'),
    granteePrincipal: grantee === null ? '' : readPrincipal(world, grantee),
    retiringPrincipal: retiring === null ? null : readPrincipal(world, retiring),
    services: readServices(input),
    issuingAccount: rootArn(world),
    operations,
    constraints,
  };
  assertNotDry(input);
  // With a Name the same request is a retry: the same grant, with one more token.
  const before = grantsOn(world, target).find((grant) => wanted.name !== null && isSame(grant, wanted));
  const token = world.random(96).toString('base64');
  const grant = before ?? {
    ...wanted,
    grantId: world.random(32).toString('hex'),
    tokens: [],
    createdMillis: call.nowMillis,
  };
  world.grants.put(rowId(grant.region, grant.grantId), { ...grant, tokens: [...grant.tokens, token] });
  return { GrantId: grant.grantId, GrantToken: token };
}

type Wanted = Omit<GrantRow, 'grantId' | 'tokens' | 'createdMillis'>;

function isSame(grant: GrantRow, wanted: Wanted): boolean {
  const face = (of: Wanted) =>
    JSON.stringify([
      of.name,
      of.granteePrincipal,
      of.retiringPrincipal,
      of.services ?? null,
      [...of.operations].sort(),
      sortedConstraints(of.constraints),
    ]);
  return face(grant) === face(wanted);
}

function sortedConstraints(constraints: GrantConstraints): unknown {
  const sorted = (pairs: object) => Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted(constraints).map(([type, pairs]) => [type, sorted(pairs)]);
}

function grantToRetire(world: World, call: Call, input: JsonObject): { grant: GrantRow; target: Target } {
  const [token, keyId, grantId] = ['GrantToken', 'KeyId', 'GrantId'].map((name) => optionalText(input, name));
  if (token) {
    if (keyId || grantId) throw validation('Specify either a grant token or both a key ID and a grant ID.');
    const grant = world.grants.values().find((row) => row.region === call.region && row.tokens.includes(token));
    const key = grant && world.keys.get(rowId(grant.region, grant.keyId));
    if (grant === undefined || key === undefined)
      throw new ServiceError('InvalidGrantTokenException', 'Invalid grant token');
    return { grant, target: targetOf(world, key) };
  }
  if (!keyId || !grantId) throw validation('Specify either a grant token or both a key ID and a grant ID.');
  const target = resolveKey(world, call, keyId, false);
  return { grant: findGrant(world, target, grantId), target };
}

/** The retiring principal, the grantee whose grant says RetireGrant, and the account may; others need an allow for kms:RetireGrant. */
function authorizeRetiring(world: World, call: Call, grant: GrantRow, target: Target): void {
  const byRetiring = grant.retiringPrincipal !== null && isPrincipal(call, grant.retiringPrincipal);
  const byGrantee = grant.operations.includes('RetireGrant') && isPrincipal(call, grant.granteePrincipal);
  const byAccount = call.caller.kind === 'root' && grant.issuingAccount === call.caller.principalArn;
  authorizeKey(world, call, target, 'RetireGrant', { granted: byRetiring || byGrantee || byAccount });
}

function findGrant(world: World, { row, arn }: Target, grantId: string): GrantRow {
  const grant = world.grants.get(rowId(row.region, grantId));
  if (grant === undefined || grant.keyId !== row.keyId) throw notFound(`Grant ${grantId} on ${arn} not found`);
  return grant;
}

function show(world: World, grant: GrantRow): JsonObject {
  const { services } = grant;
  const constraints = { ...grant.constraints, ...(services?.sourceArn && { SourceArn: services.sourceArn }) };
  return {
    KeyId: keyArn(world, grant.region, grant.keyId),
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: seconds(grant.createdMillis),
    ...(grant.granteePrincipal !== '' && { GranteePrincipal: grant.granteePrincipal }),
    ...(grant.retiringPrincipal !== null && { RetiringPrincipal: grant.retiringPrincipal }),
    ...(services?.grantee && { GranteeServicePrincipal: services.grantee }),
    ...(services?.retiring && { RetiringServicePrincipal: services.retiring }),
    IssuingAccount: grant.issuingAccount,
    Operations: grant.operations,
    ...(Object.keys(constraints).length > 0 && { Constraints: constraints }),
  };
}
