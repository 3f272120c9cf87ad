import type { JsonObject } from '../../base/canonical-json.js';
import type { GrantConstraints } from '../../policy/grant.js';
import { ServiceError } from '../service.js';
import type { Context } from './ask.js';
import { validation } from './errors.js';
import { rootArn, type Target } from './identifiers.js';
import { isObject, optionalText, textMap } from './input.js';
import { identityOf, isAccount } from './policy-document.js';
import { specOf } from './specs.js';
import type { GrantServices, World } from './state.js';

const MOST_PAIRS = 8;
const MOST_CHARACTERS = 384;
const TYPES = ['EncryptionContextEquals', 'EncryptionContextSubset'];

const MANAGEMENT = ['CreateGrant', 'RetireGrant', 'DescribeKey'];
/** The grant operations that a kind of key can carry out (Developer Guide, "Grant operations"). */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  symmetric: [
    ...['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
    ...['GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'],
  ],
  ENCRYPT_DECRYPT: ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GetPublicKey'],
  SIGN_VERIFY: ['Sign', 'Verify', 'GetPublicKey'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: ['DeriveSharedSecret', 'GetPublicKey'],
};

/** Without constraints that hold no pair: Terraform's AWS provider sends the type that is not used as an empty map, and KMS takes it. */
export function readConstraints(input: JsonObject): GrantConstraints {
  const given = input.Constraints;
  if (!isObject(given)) return {};
  const read = TYPES.map((type) => [type, isObject(given[type]) ? textMap(given[type]) : {}] as const);
  return Object.fromEntries(read.filter(([, pairs]) => Object.keys(pairs).length > 0));
}

const PARTIES = ['GranteePrincipal', 'RetiringPrincipal', 'GranteeServicePrincipal', 'RetiringServicePrincipal'];

/** What of a CreateGrant request is about AWS services. */
export function readServices(input: JsonObject): GrantServices {
  const { Constraints: given } = input;
  return {
    grantee: optionalText(input, 'GranteeServicePrincipal'),
    retiring: optionalText(input, 'RetiringServicePrincipal'),
    sourceArn: isObject(given) ? optionalText(given, 'SourceArn') : null,
  };
}

/**
 * Who is named together with whom (KMS API Reference, CreateGrant, GranteePrincipal to RetiringServicePrincipal).
 * @throws ServiceError ValidationException
 */
export function checkParties(input: JsonObject): void {
  const { grantee, retiring, sourceArn } = readServices(input);
  const [principal, retirer] = [optionalText(input, 'GranteePrincipal'), optionalText(input, 'RetiringPrincipal')];
  const faults: readonly (readonly [boolean, string])[] = [
    [
      (principal === null) === (grantee === null),
      'Specify either GranteePrincipal or GranteeServicePrincipal, but not both.',
    ],
    [
      retirer !== null && retiring !== null,
      'Specify either RetiringPrincipal or RetiringServicePrincipal, but not both.',
    ],
    [grantee !== null && sourceArn === null, 'A GranteeServicePrincipal needs a SourceArn grant constraint.'],
    [
      grantee !== null && retirer === null && retiring === null,
      'A GranteeServicePrincipal needs a RetiringPrincipal or a RetiringServicePrincipal.',
    ],
    [sourceArn !== null && !ARN.test(sourceArn), 'SourceArn is not the ARN of a resource.'],
  ];
  const found = faults.find(([broken]) => broken);
  if (found) throw validation(found[1]);
}

const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$/;

/** Lists can be narrowed to a service only by a service ("only usable by callers in a service principal"), and nobody is one here. */
export function refuseServiceFilter(input: JsonObject, name: string): void {
  if (optionalText(input, name) !== null) throw validation(`${name} can be used by service principals only.`);
}

/** Condition keys of a CreateGrant request. */
export function grantContext(input: JsonObject, operations: readonly string[], constraints: GrantConstraints): Context {
  const { sourceArn } = readServices(input);
  const types = [...Object.keys(constraints), ...(sourceArn === null ? [] : ['SourceArn'])];
  const named = PARTIES.flatMap((name) => {
    const party = optionalText(input, name);
    return party === null ? [] : [[`kms:${name}`, party] as const];
  });
  return {
    'kms:GrantOperations': operations,
    ...Object.fromEntries(named),
    ...(sourceArn !== null && { 'kms:GrantConstraintSourceArn': sourceArn }),
    ...(types.length > 0 && { 'kms:GrantConstraintType': types.length === 1 ? String(types[0]) : types }),
  };
}

/** @throws ServiceError ValidationException for operations or constraints that do not fit the key. */
export function checkNewGrant(
  { set, arn }: Target,
  operations: readonly string[],
  constraints: GrantConstraints,
): void {
  const symmetric = specOf(set.keySpec).family === 'symmetric';
  const possible = [...MANAGEMENT, ...(OPERATIONS[symmetric ? 'symmetric' : set.keyUsage] ?? [])];
  if (operations.length === 0) throw validation('Operations must not be empty.');
  const odd = operations.find((operation) => !possible.includes(operation));
  if (odd !== undefined) throw validation(`Grant operation ${odd} is not supported on ${arn}.`);
  for (const [type, pairs] of Object.entries(constraints)) {
    if (!symmetric) throw validation(`Grant constraint ${type} is only supported on symmetric encryption KMS keys.`);
    if (Object.keys(pairs).length > MOST_PAIRS)
      throw validation(`Grant constraint ${type} can have at most ${MOST_PAIRS} pairs.`);
    if (Object.values(pairs).some((value) => value.length > MOST_CHARACTERS)) {
      throw validation(`A value in grant constraint ${type} can have at most ${MOST_CHARACTERS} characters.`);
    }
  }
}

/** A principal of a grant; an account id becomes the account's ARN. */
export function readPrincipal(world: World, principal: string): string {
  if (principal === world.account) return rootArn(world);
  if (isAccount(principal) || world.principalExists(identityOf(principal))) return principal;
  throw new ServiceError('InvalidArnException', `ARN does not refer to a valid principal: ${principal}`);
}
