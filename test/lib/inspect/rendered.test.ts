import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { type ProofEvidence, proveEvidence } from '../../../src/lib/inspect/proof.js';
import { drillRoleArnOf } from '../../../src/lib/plan/canaries.js';
import { regionsOf } from '../../../src/lib/plan/plan.js';
import { accountRolesOf } from '../../../src/lib/policy/account-roles.js';
import { type PolicyDocument, parsePolicy } from '../../../src/lib/policy/document.js';
import { FULL_ACCESS } from '../../../src/lib/policy/evaluate.js';
import type { AccountPrincipal } from '../../../src/lib/policy/proof/subject.js';
import { type RenderedPolicy, renderAccount, renderKey } from '../../../src/lib/policy/render.js';
import type { Entrance } from '../../../src/lib/policy/trust-policies.js';
import { createTeam } from '../../support/people.js';

const team = createTeam();
const { plan } = team.plan;
const { roster } = team;
const caseData = plan.keys['case-data'] ?? { replicas: [] };
const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
const PROVIDER = `arn:aws:iam::${plan.account}:oidc-provider/idp.example.com`;

function door(subject: string): Entrance {
  return { type: 'oidc', providerArn: PROVIDER, audience: 'custody', subject };
}

const WORKFLOWS: Entrance = {
  type: 'oidc',
  providerArn: `arn:aws:iam::${plan.account}:oidc-provider/token.actions.githubusercontent.com`,
  audience: 'sts.amazonaws.com',
  subject: 'repo:acme/keys:environment:custody',
  workflow: 'acme/keys/.github/workflows/custody.yml@refs/heads/main',
};

const ids = [...roster.custodians, ...roster.automation].map(({ id }) => id);
const rendered: readonly RenderedPolicy[] = renderAccount(plan, roster, {
  entrances: {
    ...Object.fromEntries([...ids, 'auditor', 'drill'].map((id) => [id, door(`subject-${id}`)])),
    ci: WORKFLOWS,
  },
  organizationId: null,
  breakGlassRoleArns: [],
});

function documentAt(name: string, change: (text: JsonObject) => JsonObject = (text) => text): PolicyDocument {
  const found = rendered.find((one) => one.name === name);
  if (!found) throw new Error(`${name} was not rendered`);
  return parsePolicy(JSON.stringify(change(JSON.parse(found.policy) as JsonObject)), name);
}

const ALL = parsePolicy(
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
  'all',
);

/** What a live account would show after everything was installed as rendered, with an administrator in it. */
function installed(): readonly AccountPrincipal[] {
  const { seats, automation, executor, cold, auditor, installer } = accountRolesOf(roster);
  const named = [...seats, ...automation].map(({ id, roleArn }) => [id, roleArn] as const);
  const drill = drillRoleArnOf(plan) ?? '';
  const roles = { executor, cold, auditor, drill };
  const own = [...named, ...Object.entries(roles)];
  const admin = (arn: string) => ({ arn, trust: null, identity: [{ name: 'all', document: ALL }], boundary: null });
  return [
    ...own.map(([id, arn]) => ({
      arn,
      trust: documentAt(`trust-${id}`),
      identity: [{ name: `role-${id}`, document: documentAt(`role-${id}`) }],
      boundary: null,
    })),
    admin(installer),
    admin(`arn:aws:iam::${plan.account}:role/Admin`),
  ];
}

function proofOf(change: Partial<ProofEvidence> = {}, scp: PolicyDocument | null = documentAt('organization-scp')) {
  const keys = regionsOf(plan, caseData).map((region) => {
    const { policy, keyId } = renderKey(plan, roster, 'case-data', region, { keyId: KEY_ID });
    return { name: 'case-data', region, keyId, policy: parsePolicy(policy, region), grants: [] };
  });
  const organization = { serviceControlPolicies: scp && [[FULL_ACCESS, scp]], resourceControlPolicies: null };
  const question = { plan, roster, names: ['case-data'], organization };
  return proveEvidence(question, { keys, texts: new Map(), unread: [], principals: installed(), ...change });
}

describe('what custody renders', () => {
  it('is verified, once it stands as rendered', () => {
    const { verdict, findings } = proofOf();
    expect(findings.map(({ claim, sentence }) => `${claim}: ${sentence}`)).toEqual([]);
    expect(verdict).toBe('verified');
  });

  it('is unproven without the organization, without the account, with a policy that could not be read', () => {
    expect(proofOf({}, null).verdict).toBe('unproven');
    expect(proofOf({ principals: null }).verdict).toBe('unproven');
    expect(proofOf({ unread: ['root in eu-west-1: not readable'] }).verdict).toBe('unproven');
  });

  it('T23 is never verified where nothing was found', () => {
    expect(proofOf({ keys: [] }).verdict).not.toBe('verified');
  });
});
