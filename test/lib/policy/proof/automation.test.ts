import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { type ClaimResult, findingText } from '../../../../src/lib/policy/proof/docket.js';
import { prove } from '../../../../src/lib/policy/prove.js';
import { ACCOUNT } from '../cases.js';
import { arnOf, CI, federated, GITHUB, pinned, roleOf, subjectOf, texts } from './world.js';

const whole = subjectOf(texts(), { keys: [] });
const AUD = { [`${GITHUB}:aud`]: 'sts.amazonaws.com' };
const SUB = { [`${GITHUB}:sub`]: 'repo:acme/keys:environment:custody' };
const FILE = 'acme/keys/.github/workflows/custody.yml';
const WORKFLOW = { [`${GITHUB}:job_workflow_ref`]: `${FILE}@refs/heads/main` };
const PARTS = { ...AUD, ...SUB, ...WORKFLOW };

/** What the claim comes to where the automation's role is entered by this trust policy; null: by one that was not read. */
function proven(trust: JsonObject | null): ClaimResult {
  const others = (whole.principals ?? []).filter(({ arn }) => arn !== CI);
  const { claims } = prove({ ...whole, principals: [...others, roleOf(CI, trust, null)] });
  const found = claims.find(({ id }) => id === 'automation-pinned');
  if (!found) throw new Error('the claim was not asked');
  return found;
}

const said = (trust: JsonObject) => proven(trust).findings.map(findingText).join('\n');

/** The statement of `pinned` with other conditions. */
function under(condition: JsonObject): JsonObject {
  const { Statement, ...rest } = pinned();
  return { ...rest, Statement: { ...(Statement as JsonObject), Condition: condition } };
}

const like = (values: JsonObject, equals: JsonObject) => under({ StringLike: values, StringEquals: equals });
const GITLAB = 'project_path:acme/keys:ref_type:branch:ref:main:environment_protected:true';
const gitLab = (sub: string, issuer = 'gitlab.com') =>
  pinned({ [`${issuer}:aud`]: 'https://gitlab.com', [`${issuer}:sub`]: sub }, issuer);

describe('T63 the workflow that one person edits', () => {
  it.each<[string, JsonObject]>([
    ['environment in the subject, workflow in its key', pinned()],
    [
      'everything in a customized subject',
      pinned({
        ...AUD,
        [`${GITHUB}:sub`]: `repo:acme/keys:environment:custody:job_workflow_ref:${FILE}@refs/heads/main`,
      }),
    ],
    [
      'each in its own key',
      pinned({
        ...AUD,
        ...WORKFLOW,
        [`${GITHUB}:repository_id`]: '456789',
        [`${GITHUB}:environment`]: 'custody',
      }),
    ],
    [
      'a subject with the ids of owner and repository',
      pinned({ ...PARTS, [`${GITHUB}:sub`]: 'repo:acme@1/keys@2:environment:custody' }),
    ],
    ['GitLab, with a protected environment', gitLab(GITLAB)],
    ['GitLab on a server of its own', gitLab(GITLAB, 'git.acme.example')],
  ])('is held out by %s', (_, trust) => {
    expect(proven(trust)).toMatchObject({ status: 'held', findings: [] });
  });

  it.each<[string, JsonObject, string]>([
    ['no audience', pinned({ ...SUB, ...WORKFLOW }), 'with a token for another audience'],
    ['no workflow', pinned({ ...AUD, ...SUB }), 'with another workflow'],
    [
      'no environment',
      pinned({ ...PARTS, [`${GITHUB}:sub`]: 'repo:acme/keys:ref:refs/heads/main' }),
      'without a protected environment',
    ],
    ['no subject', pinned({ ...AUD, ...WORKFLOW }), 'from another repository'],
    ['no repository', pinned({ ...AUD, ...WORKFLOW, [`${GITHUB}:environment`]: 'custody' }), 'from another repository'],
    [
      'any branch of the workflow',
      like({ [`${GITHUB}:job_workflow_ref`]: `${FILE}@*` }, { ...AUD, ...SUB }),
      'on another branch',
    ],
    [
      'any subject of the repository',
      like({ [`${GITHUB}:sub`]: 'repo:acme/keys:*' }, { ...AUD, ...WORKFLOW }),
      'without a protected environment',
    ],
    [
      'any environment',
      like({ [`${GITHUB}:sub`]: 'repo:acme/keys:environment:*' }, { ...AUD, ...WORKFLOW }),
      'in another environment',
    ],
    [
      'any repository of the owner',
      like({ [`${GITHUB}:sub`]: 'repo:acme/*:environment:custody' }, { ...AUD, ...WORKFLOW }),
      'from another repository',
    ],
    ['any audience', like({ [`${GITHUB}:aud`]: '*' }, { ...SUB, ...WORKFLOW }), 'with a token for another audience'],
    [
      'a workflow that a token need not name',
      under({
        StringEquals: { ...AUD, ...SUB },
        StringEqualsIfExists: WORKFLOW,
        StringLike: { [`${GITHUB}:sub`]: '*' },
      }),
      'with no workflow that is named',
    ],
    [
      'any branch in a customized subject',
      like({ [`${GITHUB}:sub`]: `repo:acme/keys:environment:custody:job_workflow_ref:${FILE}@*` }, AUD),
      'on another branch',
    ],
    [
      'GitLab without its environment',
      gitLab('project_path:acme/keys:ref_type:branch:ref:main'),
      'without a protected environment',
    ],
    [
      'GitLab with an environment that is not protected',
      gitLab(GITLAB.replace('true', 'false')),
      'without a protected environment',
    ],
  ])('gets in by %s, and it is shown how', (_, trust, way) => {
    expect(proven(trust).status).toBe('broken');
    expect(said(trust)).toContain(way);
  });

  it('gets in by a role in place of a provider, whatever that runs', () => {
    const by = { AWS: arnOf('Admin') };
    const trust = { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: by, Action: 'sts:AssumeRole' } };
    expect(proven(trust).status).toBe('broken');
    expect(said(trust)).toContain('role/Admin can sts:AssumeRole into');
  });

  it('is not told of a provider whose tokens are not known here, or of a trust policy that was not read', () => {
    expect(proven(federated('ci'))).toMatchObject({ status: 'unproven' });
    expect(said(federated('ci'))).toContain('custody knows the tokens of GitHub and GitLab only');
    expect(proven(null)).toMatchObject({ status: 'unproven' });
  });

  it('is broken, too, where no workflow gets in at all', () => {
    const nobody = under({
      StringEquals: { ...PARTS, 'aws:PrincipalOrgID': 'o-1' },
      Null: { [`${GITHUB}:aud`]: 'true' },
    });
    expect(proven(nobody).status).toBe('broken');
    expect(said(nobody)).toContain('no workflow can sts:AssumeRoleWithWebIdentity');
  });

  it('names provider and statement', () => {
    const [first] = proven(pinned({ ...AUD, ...SUB })).findings;
    expect(first).toMatchObject({
      principal: `arn:aws:iam::${ACCOUNT}:oidc-provider/${GITHUB}`,
      statements: [{ policy: expect.stringContaining('trust policy of role/'), statement: 1 }],
    });
  });
});
