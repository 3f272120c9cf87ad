import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { HOME } from '../lib/sandbox/kms/harness.js';
import { valueAt } from '../support/facts/fact.js';
import type { Ask, Outcome } from '../support/facts/stage.js';

/** One thing that a live run made, and the requests that take it away again. */
interface Made {
  readonly what: string;
  remove(send: Send): Promise<void>;
  /** Others hold on to it: it goes after them. */
  readonly late?: true;
}

type Wait = (seconds: number) => Promise<void>;

export type Send = (ask: Ask) => Promise<Outcome>;

/** Refusals that mean: there is nothing left to do. */
const DONE = ['NotFoundException', 'NoSuchEntity'];
const TRIES = 4;
const PAUSE_SECONDS = 5;

/** Everything that a live run made and has to take away. */
export class Leftovers {
  /** Of the fact that is played; taken away before the next. */
  readonly #made: Made[] = [];
  /** Of the whole run. */
  readonly #lasting: Made[] = [];
  readonly #keys: { readonly region: string; readonly keyId: string }[] = [];

  constructor(private readonly lasts: (ask: Ask) => boolean = () => false) {}

  /** Told of every request that was answered. */
  note(ask: Ask, answer: JsonObject): void {
    const { service, operation, input, in: region = HOME } = ask;
    const made = MAKERS[`${service}:${operation}`]?.(input, answer, region);
    if (made === undefined) return;
    (this.lasts(ask) ? this.#lasting : this.#made).push(made);
    if (made.key !== undefined) this.#keys.push(made.key);
  }

  /** Takes away what one fact made, the latest first. Never throws: answers with what is still there. */
  clear(send: Send, wait: Wait): Promise<readonly string[]> {
    return cleared(this.#made, send, wait);
  }

  /** As `clear`, and what was made for the whole run. */
  async clearAll(send: Send, wait: Wait): Promise<readonly string[]> {
    return [...(await this.clear(send, wait)), ...(await cleared(this.#lasting, send, wait))];
  }

  /** Keys of the run that are neither deleted nor about to be. */
  async standing(send: Send): Promise<readonly string[]> {
    const left: string[] = [];
    for (const { region, keyId } of this.#keys) {
      if (!(await waitsForDeletion(send, keyId, region))) left.push(`key ${keyId} in ${region} stands`);
    }
    return left;
  }
}

async function cleared(list: Made[], send: Send, wait: Wait): Promise<readonly string[]> {
  const left: string[] = [];
  const all = list.splice(0).reverse();
  for (const made of [...all.filter(({ late }) => !late), ...all.filter(({ late }) => late)]) {
    if (!(await removed(made, send, wait))) left.push(made.what);
  }
  return left;
}

async function removed(made: Made, send: Send, wait: Wait): Promise<boolean> {
  for (let left = TRIES; left > 0; left--) {
    try {
      await made.remove(send);
      return true;
    } catch {
      // What AWS was told a moment ago is not known everywhere at once.
      if (left > 1) await wait(PAUSE_SECONDS);
    }
  }
  return false;
}

async function must(send: Send, ask: Ask): Promise<JsonObject> {
  const outcome = await send(ask);
  if ('answer' in outcome) return outcome.answer;
  if (DONE.includes(outcome.refused.code)) return {};
  throw new Error(`${ask.operation}: ${outcome.refused.code}: ${outcome.refused.message}`);
}

async function waitsForDeletion(send: Send, KeyId: string, region: string): Promise<boolean> {
  const outcome = await send({ service: 'kms', operation: 'DescribeKey', input: { KeyId }, in: region });
  if ('refused' in outcome) return outcome.refused.code === 'NotFoundException';
  return /^Pending(?:Replica)?Deletion$/.test(String(valueAt(outcome.answer, 'KeyMetadata.KeyState')));
}

type Maker = (
  input: JsonObject,
  answer: JsonObject,
  region: string,
) => Made & { readonly key?: { region: string; keyId: string } };

/** THE table of operations that make something. */
const MAKERS: Readonly<Record<string, Maker>> = {
  'kms:CreateKey': (_, answer, region) => keyMade(String(valueAt(answer, 'KeyMetadata.KeyId')), region),
  'kms:ReplicateKey': ({ ReplicaRegion }, answer) =>
    keyMade(String(valueAt(answer, 'ReplicaKeyMetadata.KeyId')), String(ReplicaRegion)),
  'kms:CreateAlias': ({ AliasName = '' }, _, region) => ({
    what: `${String(AliasName)} in ${region}`,
    remove: async (send) => {
      await must(send, { service: 'kms', operation: 'DeleteAlias', input: { AliasName }, in: region });
    },
  }),
  'kms:CreateGrant': ({ KeyId = '' }, { GrantId = '' }, region) => ({
    what: `grant ${String(GrantId)} of ${String(KeyId)} in ${region}`,
    remove: async (send) => {
      await must(send, { service: 'kms', operation: 'RevokeGrant', input: { KeyId, GrantId }, in: region });
    },
  }),
  'iam:CreateRole': ({ RoleName = '' }) => ({
    what: `role ${String(RoleName)}`,
    remove: (send) => removeRole(send, String(RoleName)),
  }),
  'iam:CreatePolicy': (_, answer) => {
    const PolicyArn = String(valueAt(answer, 'Policy.Arn'));
    return { what: `policy ${PolicyArn}`, remove: (send) => removePolicy(send, PolicyArn), late: true };
  },
  'iam:CreateOpenIDConnectProvider': (_, { OpenIDConnectProviderArn = '' }) => ({
    what: `provider ${String(OpenIDConnectProviderArn)}`,
    remove: async (send) => {
      const input = { OpenIDConnectProviderArn };
      await must(send, { service: 'iam', operation: 'DeleteOpenIDConnectProvider', input });
    },
  }),
};

function keyMade(keyId: string, region: string) {
  return {
    what: `key ${keyId} in ${region}`,
    key: { region, keyId },
    remove: async (send: Send) => {
      const input = { KeyId: keyId, PendingWindowInDays: 7 };
      // A key that waits for its deletion refuses to be scheduled again, and so does one that is Updating: only the first is done.
      if (await waitsForDeletion(send, keyId, region)) return;
      await must(send, { service: 'kms', operation: 'ScheduleKeyDeletion', input, in: region });
    },
  };
}

async function removeRole(send: Send, RoleName: string): Promise<void> {
  const { PolicyNames = [] } = await must(send, { service: 'iam', operation: 'ListRolePolicies', input: { RoleName } });
  for (const PolicyName of [PolicyNames].flat()) {
    await must(send, { service: 'iam', operation: 'DeleteRolePolicy', input: { RoleName, PolicyName } });
  }
  const listed = { service: 'iam', operation: 'ListAttachedRolePolicies', input: { RoleName } } as const;
  for (const PolicyArn of membersOf(await must(send, listed), 'AttachedPolicies', 'PolicyArn')) {
    await must(send, { service: 'iam', operation: 'DetachRolePolicy', input: { RoleName, PolicyArn } });
  }
  await must(send, { service: 'iam', operation: 'DeleteRole', input: { RoleName } });
}

/** A policy goes only without attachments, and its default version only with it. */
async function removePolicy(send: Send, PolicyArn: string): Promise<void> {
  const listed = { service: 'iam', operation: 'ListPolicyVersions', input: { PolicyArn } } as const;
  for (const VersionId of membersOf(await must(send, listed), 'Versions', 'VersionId', 'IsDefaultVersion')) {
    await must(send, { service: 'iam', operation: 'DeletePolicyVersion', input: { PolicyArn, VersionId } });
  }
  await must(send, { service: 'iam', operation: 'DeletePolicy', input: { PolicyArn } });
}

/** A member of each item of a list, without the items of which `not` is true. */
function membersOf(answer: JsonObject, list: string, member: string, not = ''): readonly string[] {
  const items = (answer[list] ?? []) as readonly JsonObject[];
  return items.filter((item) => item[not] !== true).map((item) => String(item[member]));
}
