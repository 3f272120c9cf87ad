/** What the sentence of a claim quantifies over. */
export type ClaimScope = 'key' | 'replicas' | 'account';

interface ClaimRow {
  /** What holds when the claim is held, for someone who decides whether that is enough. */
  readonly sentence: string;
  /** Everything that was tried: a claim says no more than this. */
  readonly over: string;
  readonly scope: ClaimScope;
}

/** THE table of claims (docs/proof.md). The rows follow the rules of the approval interlock (docs/enforcement.md). */
export const CLAIMS = {
  'no-direct-change': {
    sentence: 'Nobody changes the key directly.',
    over: 'each change × each principal that a policy names, each role and user of the account, an administrator, the root user, a stranger',
    scope: 'key',
  },
  'no-power-around': {
    sentence: 'Nobody moves power around the policy with a grant.',
    over: 'each kind of unsafe CreateGrant × each principal',
    scope: 'key',
  },
  'no-bypass': {
    sentence: 'The lock-out check is never bypassed.',
    over: 'PutKeyPolicy and ReplicateKey with the bypass flag × each principal, and the executor with every approval',
    scope: 'key',
  },
  'no-third-party-reencrypt': {
    sentence: 'Nobody re-encrypts to another key who may not decrypt anyway.',
    over: 'ReEncryptFrom to another key × each principal, and the executor with every approval',
    scope: 'key',
  },
  'no-lockout': {
    sentence: 'Someone can still put another key policy.',
    over: 'PutKeyPolicy × each principal, and the executor with a quorum',
    scope: 'key',
  },
  'grants-to-users-only': {
    sentence: 'Grants on the key let only its users use it, and hand on nothing.',
    over: 'each grant on the key',
    scope: 'key',
  },
  'no-other-use': {
    sentence: 'Only the users of the key encrypt, decrypt or sign with it.',
    over: 'each use × each principal that is no user, the executor and the seats too',
    scope: 'key',
  },
  'uses-as-planned': {
    sentence: 'Each user of the key may do what the plan says, under its encryption context only.',
    over: 'each planned use × its context, without it, with another value',
    scope: 'key',
  },
  'below-threshold-denied': {
    sentence: 'Fewer custodians than the threshold let nothing through.',
    over: 'each change × each set of custodians below the threshold with any tags of their own, the others with none or with an approval of something else × each executor',
    scope: 'key',
  },
  'at-threshold-allowed': {
    sentence: 'Each set of custodians at the threshold lets the approved action through.',
    over: 'each class × each set of custodians of the threshold × each executor',
    scope: 'key',
  },
  'one-class-only': {
    sentence: 'An approval of one class lets no other action through.',
    over: 'each class × each change that is not of it, all custodians having approved',
    scope: 'key',
  },
  'this-key-and-region-only': {
    sentence: 'An approval for another key or Region lets nothing through.',
    over: 'each class × tags for another key, another Region × all custodians',
    scope: 'key',
  },
  'this-executor-only': {
    sentence: 'An approval that names one executor serves no other.',
    over: 'each class × tags for someone else, a session without SourceIdentity × all custodians',
    scope: 'key',
  },
  'identical-digest-only': {
    sentence: 'Approvals of different requests do not add up.',
    over: 'each class × digests that differ, that are cut short, that are too long × all custodians',
    scope: 'key',
  },
  'pinned-parameters': {
    sentence: 'A quorum cannot step over the limits of a class.',
    over: 'each limit of each class × values beyond it × all custodians',
    scope: 'key',
  },
  'veto-with-one': {
    sentence: 'Any custodian alone can cancel a deletion.',
    over: 'each custodian',
    scope: 'key',
  },
  'reads-with-one': {
    sentence: 'Any custodian alone can read policy, grants and state.',
    over: 'each custodian × each reading operation',
    scope: 'key',
  },
  'replicas-same-policy': {
    sentence: 'Each replica has the policy of its primary, for its own Region.',
    over: 'each replica of each key',
    scope: 'replicas',
  },
  'own-slots-only': {
    sentence: 'A custodian tags the executor with own approvals only, and changes nothing else of it.',
    over: 'each custodian × own tag keys, those of each other, both, none, other spellings × each executor; each change of a role of the interlock',
    scope: 'account',
  },
  'executor-approves-nothing': {
    sentence: 'The executor clears approvals, and gives none.',
    over: 'each executor × tagging itself and each other, each change of a role of the interlock',
    scope: 'account',
  },
  'executor-trust': {
    sentence: 'Each custodian enters the executor under the own name only, without session tags, and nobody else does.',
    over: 'each way into the executor × each principal × each SourceIdentity',
    scope: 'account',
  },
  'one-subject-one-seat': {
    sentence: 'Each seat is one subject of the identity provider, under one name.',
    over: 'each trust policy of a seat × its own subject and name, others, chaining, session tags',
    scope: 'account',
  },
  'automation-pinned': {
    sentence: 'Each automation identity is one workflow at one reference, in a protected environment.',
    over: 'each way into the role of an automation identity × each principal × tokens of another workflow, reference, environment, repository, audience',
    scope: 'account',
  },
  'roles-frozen': {
    sentence: 'Nobody else tags or changes the roles of the interlock.',
    over: 'each change of a role of the interlock × each principal of the account, under the organization’s policies',
    scope: 'account',
  },
  'own-keys-only': {
    sentence: 'Custodians make keys to sign with, executors keys of this repository, and no others.',
    over: 'each custodian × other uses, other tags; each executor × no tag of the repository, another one’s',
    scope: 'account',
  },
  'auditor-reads': {
    sentence: 'The auditor is one subject, and changes nothing of the interlock.',
    over: 'each way into the auditor × each principal × other subjects, other audiences, session tags; changes of the executors and its own role',
    scope: 'account',
  },
  'drill-confined': {
    sentence: 'The drill is one subject, opens canaries and its own keys only, and can be rid of those.',
    over: 'each drill role × each use and change of a key without the context of canaries, keys with other tags, changes of the executors and its own role; each way into it × each principal × other subjects, other audiences, session tags',
    scope: 'account',
  },
  'services-let-in': {
    sentence: 'Services of AWS that a key policy lets in are not shut out by the organization.',
    over: 'Decrypt and GenerateDataKey × a service that acts as itself, on a key that lets it, under the resource control policies',
    scope: 'account',
  },
} as const satisfies Readonly<Record<string, ClaimRow>>;

export type ClaimId = keyof typeof CLAIMS;
export const CLAIM_IDS: readonly ClaimId[] = Object.keys(CLAIMS) as ClaimId[];
