import { describe, expect } from 'vitest';
import { plannedKeyPolicy } from '../../src/lib/policy/planned.js';
import type { ActionName } from '../../src/lib/record/action-names.js';
import type { Proposal } from '../../src/lib/request/open.js';
import { itSurvives, type Story } from '../support/crash-table.js';
import type { Office } from '../support/office.js';
import { CASE_DATA_KEY, caseDataKey, createTeam, PRIMARY } from '../support/people.js';

const team = createTeam();
const { account } = team.plan.plan;
const OTHER_KEY = '00000000-0000-0000-0000-00000000000b';
const OTHER_ARN = `arn:aws:kms:${PRIMARY}:${account}:key/${OTHER_KEY}`;
const PLANNED = caseDataKey(team).alias;
const EXTRA = 'alias/cmk/extra';
const GRANT = 'a'.repeat(64);
const APP = `arn:aws:iam::${account}:role/app`;
const policy = plannedKeyPolicy(team.plan.plan, team.roster, 'case-data', PRIMARY);

const asks =
  (action: ActionName, parameters: Proposal['parameters']): Story['proposal'] =>
  () => ({ action, parameters });
/** However it was cut off, AWS carried out just these calls: none of them twice, but for what says the same again. */
const once = ({ aws }: Office, operation: string) =>
  expect(aws.done.map((call) => call.operation)).toEqual([operation]);
const key = ({ aws }: Office) => aws.key(CASE_DATA_KEY);
const names = ({ aws }: Office) => aws.aliases[PRIMARY] ?? {};
const withGrant = (office: Office) => {
  key(office).grants.push({
    id: GRANT,
    name: null,
    grantee: APP,
    retiring: null,
    operations: ['Decrypt'],
    encryptionContextEquals: null,
    encryptionContextSubset: null,
    sourceArn: null,
    createdAt: office.clock.now(),
  });
};

const STORIES: Readonly<Record<string, Story>> = {
  'key.policy': {
    proposal: asks('key.policy', { policy }),
    check: (office) => expect(key(office).policy).toBe(policy),
  },
  'key.alias-create': {
    proposal: asks('key.alias-create', { alias: EXTRA }),
    check: (office) => {
      once(office, 'CreateAlias');
      expect(names(office)[EXTRA]).toBe(CASE_DATA_KEY);
    },
  },
  'key.alias-move': {
    before: ({ aws, team: { roster } }) => {
      aws.seed('other', 'alias/other', roster.repository, OTHER_KEY);
    },
    proposal: asks('key.alias-move', { alias: PLANNED, to: OTHER_ARN }),
    check: (office) => expect(names(office)[PLANNED]).toBe(OTHER_KEY),
  },
  'key.alias-delete': {
    before: (office) => {
      names(office)[EXTRA] = CASE_DATA_KEY;
    },
    proposal: asks('key.alias-delete', { alias: EXTRA }),
    check: (office) => {
      once(office, 'DeleteAlias');
      expect(names(office)[EXTRA]).toBeUndefined();
    },
  },
  'key.tag': {
    proposal: asks('key.tag', { tags: [{ TagKey: 'team', TagValue: 'cases' }] }),
    check: (office) => expect(key(office).tags).toMatchObject({ team: 'cases' }),
  },
  'key.untag': {
    before: (office) => {
      key(office).tags.team = 'cases';
    },
    proposal: asks('key.untag', { tagKeys: ['team'] }),
    check: (office) => expect(key(office).tags).not.toHaveProperty('team'),
  },
  'key.describe': {
    proposal: asks('key.describe', { description: 'other words' }),
    check: (office) => expect(key(office).description).toBe('other words'),
  },
  'key.grant': {
    proposal: asks('key.grant', {
      grantee: APP,
      operations: ['Decrypt'],
      constraint: { type: 'EncryptionContextEquals', pairs: { 'custody:purpose': 'case-data' } },
      retiring: null,
    }),
    check: (office) => {
      expect(key(office).grants).toHaveLength(1);
      expect(key(office).grants[0]).toMatchObject({ grantee: APP, operations: ['Decrypt'] });
    },
  },
  'key.revoke': {
    before: withGrant,
    proposal: asks('key.revoke', { grantId: GRANT }),
    check: (office) => {
      once(office, 'RevokeGrant');
      expect(key(office).grants).toEqual([]);
    },
  },
  'key.retire': {
    before: withGrant,
    proposal: asks('key.retire', { grantId: GRANT }),
    check: (office) => {
      once(office, 'RetireGrant');
      expect(key(office).grants).toEqual([]);
    },
  },
};

/** The call itself and the two records around it; the rest is the same for every action (execute.test.ts). */
const CALL = /^(?:kms [A-Z]|store publish)/;
const CALL_AND_READS = /^(?:kms |store publish)/;

describe.each(Object.entries(STORIES))('T51 %s', (name, story) =>
  itSurvives(team, { ...story, only: name === 'key.grant' ? CALL_AND_READS : CALL }),
);

describe.each(['key.alias-create', 'key.revoke', 'key.policy'] as const)(
  'T51 %s that does not show at once',
  (name) => {
    const story = STORIES[name];
    if (story) itSurvives(team, { ...story, only: CALL, visibleAfterSeconds: 5 });
  },
);
