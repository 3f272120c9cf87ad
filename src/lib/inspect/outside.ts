import { counted } from '../base/counted.js';
import { CustodyError, nullIfDenied } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { parsePolicy } from '../policy/document.js';
import { type LintFinding, lintLiveKeyPolicy } from '../policy/lint.js';
import { findingText, type ProofFinding } from '../policy/proof/docket.js';
import type { ProofSubject } from '../policy/proof/subject.js';
import { prove } from '../policy/prove.js';
import { SIGNER_TAG } from '../policy/role-policies.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { Check } from './check.js';

/** A key of the plan's account that is none of the plan's, as it was found. */
export interface OutsideFound {
  readonly keyId: string;
  readonly arn: string;
  readonly region: string;
  readonly alias: string | null;
  /** `signer`: a custodian's own; `ours`: with this repository's tag, and yet not in the plan. */
  readonly kind: 'signer' | 'ours' | 'other';
  /** JSON text; null where it could not be read. */
  readonly policy: string | null;
}

/** The same with what was found out about its policy, which says nothing about the plan's keys. */
export interface OutsideKey extends Omit<OutsideFound, 'policy'> {
  readonly read: boolean;
  readonly lint: readonly LintFinding[];
  /** Who alone can change it, and whether anyone can: the claims about anyone's key. */
  readonly findings: readonly ProofFinding[];
}

/** Every key of the plan's Regions that is not known, or why they could not be listed. */
export interface OutsideSeen {
  readonly keys: readonly OutsideFound[];
  readonly unread: readonly string[];
}

export const NOTHING_OUTSIDE: OutsideSeen = { keys: [], unread: [] };

/**
 * Looks at the keys that the plan does not name; AWS's own are left out, since nobody changes their policies.
 * @param known ids by Region
 * @throws CustodyError what reading throws beside DENIED
 */
export async function readOutside(
  reader: KeyReader,
  plan: Plan,
  repository: string,
  known: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<OutsideSeen> {
  const keys: OutsideFound[] = [];
  const unread: string[] = [];
  for (const region of [plan.regions.primary, ...plan.regions.replicas]) {
    const listed = await Promise.all([reader.keyIds(region), reader.aliases(region)]).catch(nullIfDenied);
    if (listed === null) {
      unread.push(`keys of ${region} outside of the plan: not listed for these credentials`);
      continue;
    }
    const [ids, aliases] = listed;
    const names = new Map(aliases.map(({ name, keyId }) => [keyId ?? '', name]));
    const own = ids.filter((id) => !known.get(region)?.has(id) && !names.get(id)?.startsWith('alias/aws/'));
    for (const keyId of own) {
      const tags = await reader.tags(region, keyId).catch(nullIfDenied);
      const arn = `arn:${plan.partition}:kms:${region}:${plan.account}:key/${keyId}`;
      keys.push({
        keyId,
        arn,
        region,
        alias: names.get(keyId) ?? null,
        kind: kindOf(tags ?? {}, repository),
        policy: await reader.policy(region, keyId).catch(nullIfDenied),
      });
    }
  }
  return { keys, unread };
}

function kindOf(tags: Readonly<Record<string, string>>, repository: string): OutsideFound['kind'] {
  if (tags[REPOSITORY_TAG] === repository) return 'ours';
  return Object.hasOwn(tags, SIGNER_TAG) ? 'signer' : 'other';
}

type Around = Omit<ProofSubject, 'keys' | 'interlock'>;

/** What lint and the proof of anyone's key say of each. Pure. */
export function judgeOutside({ keys }: OutsideSeen, around: Around): readonly OutsideKey[] {
  return keys.map(({ policy, ...key }): OutsideKey => {
    if (policy === null) return { ...key, read: false, lint: [], findings: [] };
    const where = `the policy of ${key.arn}`;
    try {
      return { ...key, read: true, lint: lintLiveKeyPolicy(policy, where), findings: provenAlone(key, policy, around) };
    } catch (cause) {
      if (!(cause instanceof CustodyError) || cause.code !== 'POLICY_MALFORMED') throw cause;
      return { ...key, read: false, lint: [], findings: [] };
    }
  });
}

function provenAlone(
  { keyId, arn, region }: Omit<OutsideFound, 'policy'>,
  policy: string,
  around: Around,
): readonly ProofFinding[] {
  const document = parsePolicy(policy, `the policy of ${arn}`);
  const key = { name: keyId, arn, keyId, region, policy: document, primaryRegion: null, users: null };
  const { claims } = prove({
    ...around,
    keys: [{ ...key, grants: 'not-asked', classes: [] }],
    interlock: null,
  });
  return claims.flatMap(({ findings }) => findings.map((one) => ({ ...one, sentence: findingText(one) })));
}

/**
 * They decide nothing about the keys of the plan, so they are listed and not counted; but a key that says it is this
 * repository's has to be in the plan (T61).
 */
export function outsideChecks(seen: OutsideSeen, keys: readonly OutsideKey[]): readonly Check[] {
  const ours = keys.filter(({ kind }) => kind === 'ours');
  return [
    ...seen.unread.map((detail): Check => ({ id: 'outside', status: 'skip', detail })),
    ...ours.map(
      ({ arn }): Check => ({
        id: 'outside',
        status: 'fail',
        detail: `${arn} has this repository's tag, and is not in the plan`,
      }),
    ),
    ...(keys.length > 0 && ours.length === 0
      ? [
          {
            id: 'outside',
            status: 'pass',
            detail: `${counted(keys.length, 'key')} outside of the plan: listed, not counted`,
          } as const,
        ]
      : []),
  ];
}
