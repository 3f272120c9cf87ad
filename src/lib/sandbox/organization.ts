import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { PolicyDocument } from '../policy/document.js';
import { FULL_ACCESS, type PolicyLevels } from '../policy/evaluate.js';
import { policyOf } from './iam/documents.js';
import { ServiceError } from './service.js';
import type { DurableStore } from './state.js';

/**
 * What hangs above the account: service and resource control policies, level by level from the root down. AWS's own
 * policies that allow everything are written as `FullAWSAccess`.
 */
export interface OrganizationPolicies {
  /** JSON texts; each level must allow what is to happen. */
  readonly serviceControlPolicies: readonly (readonly string[])[];
  readonly resourceControlPolicies: readonly (readonly string[])[];
}

interface Levels {
  readonly serviceControlPolicies?: PolicyLevels;
  readonly resourceControlPolicies?: PolicyLevels;
}

export interface Organization {
  get(): OrganizationPolicies;
  /** @throws ServiceError ValidationException for what is no policy. */
  set(policies: OrganizationPolicies): void;
  /** The levels that count for an action: RCPs limit KMS, STS and S3, not IAM or CloudTrail. */
  policiesFor(action: string): Levels;
}

const TABLE = 'organizations';
const ID = 'policies';
export const FULL_ACCESS_NAME = 'FullAWSAccess';
const NONE: OrganizationPolicies = { serviceControlPolicies: [], resourceControlPolicies: [] };
/** "Resource control policies": services that they support, as far as they exist here. */
const RCP_ACTIONS = /^(?:kms|s3|sts):/i;
const MAX_LEVELS = 7;

/** An account in no organization, until `set`. */
export function openOrganization(store: DurableStore): Organization {
  const get = (): OrganizationPolicies => {
    const row: unknown = store.get(TABLE, ID);
    return row === undefined ? NONE : (row as OrganizationPolicies);
  };
  return {
    get,
    set: (policies) => {
      const rows = {
        serviceControlPolicies: checked('serviceControlPolicies', policies.serviceControlPolicies),
        resourceControlPolicies: checked('resourceControlPolicies', policies.resourceControlPolicies),
      };
      store.put(TABLE, ID, rows satisfies JsonObject);
      store.flush();
    },
    policiesFor: (action) => {
      const { serviceControlPolicies: scps, resourceControlPolicies: rcps } = get();
      const limits = rcps.length > 0 && RCP_ACTIONS.test(action);
      return {
        ...(scps.length > 0 && { serviceControlPolicies: parsed(scps) }),
        ...(limits && { resourceControlPolicies: parsed(rcps) }),
      };
    },
  };
}

function parsed(levels: readonly (readonly string[])[]): PolicyLevels {
  return levels.map((level) => level.map(documentOf));
}

function documentOf(text: string): PolicyDocument {
  return text === FULL_ACCESS_NAME ? FULL_ACCESS : policyOf(text);
}

function checked(name: string, levels: unknown): readonly (readonly string[])[] {
  const sound =
    Array.isArray(levels) &&
    levels.length <= MAX_LEVELS &&
    levels.every((level) => Array.isArray(level) && level.every((text) => typeof text === 'string'));
  if (!sound)
    throw new ServiceError(
      'ValidationException',
      `${name}: a list of at most ${MAX_LEVELS} levels, each a list of policies`,
    );
  const texts: readonly (readonly string[])[] = levels;
  try {
    parsed(texts);
  } catch (cause) {
    if (cause instanceof CustodyError) throw new ServiceError('ValidationException', `${name}: ${cause.message}`);
    throw cause;
  }
  return texts;
}
