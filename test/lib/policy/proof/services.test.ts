import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { FULL_ACCESS } from '../../../../src/lib/policy/evaluate.js';
import { resourceControlPolicy } from '../../../../src/lib/policy/organization.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import { expectedClaims, prove } from '../../../../src/lib/policy/prove.js';
import { documentOf } from '../cases.js';
import { EXECUTOR, subjectOf, texts } from './world.js';

const ORGANIZATION = 'o-a1b2c3d4e5';
const RENDERED = JSON.parse(
  resourceControlPolicy(
    {
      account: '111122223333',
      partition: 'aws',
      repository: '0123456789abcdef',
      seats: [],
      automation: [],
      executor: EXECUTOR,
      cold: EXECUTOR,
      auditor: EXECUTOR,
      drill: EXECUTOR,
      installer: EXECUTOR,
    },
    ORGANIZATION,
  ),
) as { readonly Statement: readonly JsonObject[] };

const denying = (Condition: JsonObject) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'Other', Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*', Condition }],
});

function claimUnder(rcp: JsonObject | null) {
  const subject = { ...subjectOf(texts()), keys: [] };
  const resourceControlPolicies = rcp && [[FULL_ACCESS, documentOf(rcp)]];
  const given = { ...subject, resourceControlPolicies };
  const claim = prove(given).claims.find(({ id }) => id === 'services-let-in');
  return { status: claim?.status, says: claim?.findings.map(findingText), expected: expectedClaims(given) };
}

describe('services that a key lets in', () => {
  it('are let in by the rendered policy of the organization', () => {
    expect(claimUnder(RENDERED as JsonObject).status).toBe('held');
  });

  it('are shut out without the condition that spares them', () => {
    const Statement = RENDERED.Statement.map((one) =>
      one.Sid === 'OrganizationOnly'
        ? { ...one, Condition: { StringNotEqualsIfExists: { 'aws:PrincipalOrgID': ORGANIZATION } } }
        : one,
    );
    const { status, says } = claimUnder({ ...RENDERED, Statement });
    expect(status).toBe('broken');
    expect(says).toEqual([
      'cloudtrail.amazonaws.com cannot kms:Decrypt and kms:GenerateDataKey with a key that lets it in, because of the organization’s policies',
    ]);
  });

  it('may be held to work for the organization alone', () => {
    const guard = {
      StringNotEqualsIfExists: { 'aws:SourceOrgID': ORGANIZATION },
      Null: { 'aws:SourceAccount': 'false' },
      Bool: { 'aws:PrincipalIsAWSService': 'true' },
    };
    expect(claimUnder(denying(guard)).status).toBe('held');
  });

  it('are shut out by one that is for them', () => {
    expect(claimUnder(denying({ Bool: { 'aws:PrincipalIsAWSService': 'true' } })).status).toBe('broken');
  });

  it('are not asked about where the policies of the organization are not known', () => {
    const { status, expected } = claimUnder(null);
    expect(status).toBeUndefined();
    expect(expected).not.toContain('services-let-in');
  });
});
