import { createHash } from 'node:crypto';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import type { Instant } from '../../src/lib/base/time.js';
import type { AwsCall } from '../../src/lib/key/key.js';
import type { FakeKey } from './fake-aws.js';

/** What the fake AWS knows of policies, names and grants: which of these calls fail when they are made twice. */

interface Account {
  readonly keys: readonly FakeKey[];
  readonly aliases: Record<string, Record<string, string>>;
}

type Operation = (account: Account, call: AwsCall, now: Instant) => JsonObject;

const keyOf = ({ keys }: Account, { region }: AwsCall, given: unknown): FakeKey => {
  const keyId = String(given).split('/').at(-1);
  const found = keys.find((key) => key.region === region && key.keyId === keyId);
  if (!found) throw refused('NotFoundException');
  return found;
};

const namesIn = ({ aliases }: Account, { region }: AwsCall): Record<string, string> => {
  aliases[region] ??= {};
  return aliases[region];
};

type Tags = readonly { TagKey: string; TagValue: string }[];

export const ACCESS_OPERATIONS: Readonly<Record<string, Operation>> = {
  PutKeyPolicy(account, call) {
    keyOf(account, call, call.parameters.KeyId).policy = String(call.parameters.Policy);
    return {};
  },
  CreateAlias(account, call) {
    const [names, alias] = [namesIn(account, call), String(call.parameters.AliasName)];
    if (names[alias]) throw refused('AlreadyExistsException');
    names[alias] = keyOf(account, call, call.parameters.TargetKeyId).keyId;
    return {};
  },
  UpdateAlias(account, call) {
    const [names, alias] = [namesIn(account, call), String(call.parameters.AliasName)];
    if (!names[alias]) throw refused('NotFoundException');
    names[alias] = keyOf(account, call, call.parameters.TargetKeyId).keyId;
    return {};
  },
  DeleteAlias(account, call) {
    const [names, alias] = [namesIn(account, call), String(call.parameters.AliasName)];
    if (!names[alias]) throw refused('NotFoundException');
    delete names[alias];
    return {};
  },
  TagResource(account, call) {
    const { tags } = keyOf(account, call, call.parameters.KeyId);
    for (const { TagKey, TagValue } of call.parameters.Tags as unknown as Tags) tags[TagKey] = TagValue;
    return {};
  },
  UntagResource(account, call) {
    const { tags } = keyOf(account, call, call.parameters.KeyId);
    for (const name of call.parameters.TagKeys as readonly string[]) delete tags[name];
    return {};
  },
  UpdateKeyDescription(account, call) {
    keyOf(account, call, call.parameters.KeyId).description = String(call.parameters.Description);
    return {};
  },
  CreateGrant(account, call, now) {
    const { KeyId, Name, GranteePrincipal, RetiringPrincipal = null, Operations, Constraints = {} } = call.parameters;
    const { grants } = keyOf(account, call, KeyId);
    // By its name the same request gives the same grant.
    const id = createHash('sha256').update(JSON.stringify(call.parameters)).digest('hex');
    const constraints = Constraints as Readonly<Record<string, Readonly<Record<string, string>>>>;
    if (!grants.some((grant) => grant.id === id))
      grants.push({
        id,
        name: String(Name),
        grantee: String(GranteePrincipal),
        retiring: RetiringPrincipal as string | null,
        operations: [...(Operations as readonly string[])].sort(),
        encryptionContextEquals: constraints.EncryptionContextEquals ?? null,
        encryptionContextSubset: constraints.EncryptionContextSubset ?? null,
        sourceArn: null,
        createdAt: now,
      });
    return { GrantId: id };
  },
  RevokeGrant: endGrant,
  RetireGrant: endGrant,
};

function endGrant(account: Account, call: AwsCall): JsonObject {
  const { grants } = keyOf(account, call, call.parameters.KeyId);
  const at = grants.findIndex(({ id }) => id === call.parameters.GrantId);
  if (at < 0) throw refused('NotFoundException');
  grants.splice(at, 1);
  return {};
}

/** AWS's own no, as the adapter gives it. */
export function refused(awsCode: string): CustodyError {
  return new CustodyError('REFUSED', `AWS refused it: ${awsCode}`, { details: { awsCode, maybeDone: false } });
}
