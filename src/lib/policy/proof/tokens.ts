import type { Context } from '../keys.js';

/** A token that must not get in: what it says, and what it does not say. */
export interface ForeignToken {
  /** Continues "… can enter", for people. */
  readonly although: string;
  readonly fixed: Context;
  readonly absent: readonly string[];
}

/** The values that a trust policy compares a claim of the token with. */
export type Named = (claim: string) => readonly string[];

/** What a CI provider's tokens say, and which of it AWS compares. */
export interface TokenForm {
  readonly words: string;
  /** The claims that AWS has condition keys for; one that a policy names besides is never in a request. */
  readonly claims: readonly string[];
  /** Tokens that any one person who may edit a workflow, or make a repository, can have issued. */
  readonly foreign: (named: Named) => readonly Claims[];
}

/** Claims of a foreign token; null: it does not have the claim. */
interface Claims {
  readonly although: string;
  readonly says: Readonly<Record<string, string | null>>;
}

/** Stand for whatever a wildcard lets in. */
const ANYTHING = ['anything', 'ref:refs/heads/some-branch', 'pull_request', 'environment:some-environment'];
const NOTHING_NAMED: readonly (string | null)[] = [null];

/** A value without its wildcards: each of them filled in in several ways. */
function filled(value: string): readonly string[] {
  return /[*?]/.test(value) ? ANYTHING.map((text) => value.replaceAll('*', text).replaceAll('?', 'a')) : [value];
}

/** The subjects that the policy names, each changed; null where it names none: then it may be any. */
function subjects(named: Named, change: (sub: string) => string): readonly (string | null)[] {
  const values = named('sub').flatMap(filled);
  return values.length === 0 ? NOTHING_NAMED : [...new Set(values.map(change))];
}

function each(
  although: string,
  subs: readonly (string | null)[],
  rest: Readonly<Record<string, string | null>>,
): readonly Claims[] {
  return subs.map((sub) => ({ although, says: sub === null ? rest : { sub, ...rest } }));
}

const OTHER_WORKFLOW = 'some-owner/some-repository/.github/workflows/some.yml@refs/heads/some-branch';

/** The named workflow as it stands on another branch: whoever may push there wrote it. */
function elsewhere(named: Named): readonly Claims[] {
  const references = named('job_workflow_ref').map((reference) => reference.replace(/@.*$|$/, OTHER_BRANCH));
  const changed = subjects(named, (sub) => sub.replace(/(workflow_ref:[^:@]*)@[^:]*/, `$1${OTHER_BRANCH}`));
  const although = ' with that workflow as it is on another branch';
  // A policy that names the workflow nowhere lets in every other one already.
  if (references.length > 0) return references.flatMap((one) => each(although, changed, { job_workflow_ref: one }));
  return named('sub').some((sub) => sub.includes('workflow_ref:')) ? each(although, changed, {}) : [];
}

const OTHER_BRANCH = '@refs/heads/some-branch';

const inSubject = (pattern: RegExp, text: string) => (sub: string) => sub.replace(pattern, text);

/**
 * GitHub Actions (docs.github.com, "OpenID Connect reference": `repo:OWNER/REPO:environment:NAME`, and claims that a
 * customized subject adds as `name:value`). The keys are those of "Available keys for AWS OIDC federation" (IAM User Guide; AWS
 * has them since January 2026, "AWS STS now supports validation of select identity provider specific claims").
 */
function gitHub(claims: readonly string[]): TokenForm {
  const branch = inSubject(/environment:[^:]*/, 'ref:refs/heads/some-branch');
  const foreign = (named: Named) => [
    ...each(' without a protected environment', subjects(named, branch), { environment: null }),
    ...each(
      ' in another environment',
      subjects(named, inSubject(/environment:[^:]*/, 'environment:some-environment')),
      { environment: 'some-environment' },
    ),
    ...each(
      ' with another workflow',
      subjects(named, inSubject(/workflow_ref:[^:]*/, `workflow_ref:${OTHER_WORKFLOW}`)),
      { job_workflow_ref: OTHER_WORKFLOW },
    ),
    ...each(' with no workflow that is named', subjects(named, inSubject(/:(?:job_)?workflow_ref:[^:]*/, '')), {
      job_workflow_ref: null,
    }),
    ...elsewhere(named),
    ...each(
      ' from another repository',
      subjects(named, inSubject(/^repo:([^/:]*)\/[^:]*/, 'repo:$1/some-repository')),
      { repository: 'some-owner/some-repository', repository_id: '1' },
    ),
  ];
  return { words: 'GitHub', claims, foreign };
}

const GITHUB_CLAIMS = [
  'actor',
  'actor_id',
  'enterprise_id',
  'environment',
  'job_workflow_ref',
  'ref',
  'repository',
  'repository_id',
  'workflow',
];

/**
 * GitLab (docs.gitlab.com, "OpenID Connect (OIDC) Authentication Using ID Tokens": `project_path:…:ref_type:…:ref:…`; "Projects
 * API", `ci_id_token_sub_claim_components`, adds `environment_protected`). A project's workflow is its file at that reference.
 * AWS has no keys for GitLab's other claims.
 */
const GITLAB: TokenForm = {
  words: 'GitLab',
  claims: [],
  foreign: (named) => [
    ...each(
      ' without a protected environment',
      subjects(named, inSubject(/environment_protected:true/, 'environment_protected:false')),
      {},
    ),
    ...each(' with the workflow of another branch', subjects(named, inSubject(/:ref:[^:]*/, ':ref:some-branch')), {}),
    ...each(
      ' from another project',
      subjects(named, inSubject(/^project_path:([^/:]*)\/[^:]*/, 'project_path:$1/some-project')),
      {},
    ),
  ],
};

/** Which form the tokens of an issuer have, by its host and the subjects that are named; null for one that is not known here. */
export function formOf(issuer: string, named: Named): TokenForm | null {
  if (/^token\.actions\.githubusercontent\.com(?:\/|$)/.test(issuer)) return gitHub(GITHUB_CLAIMS);
  // GitHub Enterprise, with data residency or a server of one's own: AWS has the standard keys only.
  if (/^token\.actions\.[a-z0-9-]+\.ghe\.com(?:\/|$)|\/_services\/token$/.test(issuer)) return gitHub([]);
  const isGitLab = issuer === 'gitlab.com' || named('sub').some((sub) => sub.startsWith('project_path:'));
  return isGitLab ? GITLAB : null;
}

/** Every token that must not get in, as condition keys of the issuer. */
export function foreignTokens(issuer: string, form: TokenForm, named: Named, others: readonly string[]) {
  const key = (claim: string) => `${issuer}:${claim}`;
  const known = ['sub', 'aud', ...form.claims];
  const never = others.filter((name) => !known.includes(name)).map(key);
  const audiences: readonly Claims[] = [
    { although: ' with a token for another audience', says: { aud: 'some-other-audience' } },
    { although: ' with a token for no audience', says: { aud: null } },
  ];
  return [...audiences, ...form.foreign(named)].map(({ although, says }): ForeignToken => {
    const pairs = Object.entries(says).filter(([claim]) => known.includes(claim));
    return {
      although,
      fixed: Object.fromEntries(pairs.flatMap(([claim, value]) => (value === null ? [] : [[key(claim), value]]))),
      absent: [...pairs.flatMap(([claim, value]) => (value === null ? [key(claim)] : [])), ...never],
    };
  });
}
