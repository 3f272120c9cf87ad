import { describe, expect } from 'vitest';
import { REPLACES_TAG } from '../../src/lib/record/action-succeed.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { planProposal } from '../../src/lib/request/open.js';
import { lookAtReplacement, replaceProposal } from '../../src/lib/request/replace.js';
import { itSurvives, type Story } from '../support/crash-table.js';
import { CASE_DATA_KEY, caseDataKey, createTeam, PRIMARY, REPLICA } from '../support/people.js';

const team = createTeam();

const STORIES: Readonly<Record<string, Story>> = {
  'key.rotate': {
    proposal: () => ({}),
    check: ({ aws }) => {
      expect(aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
      expect(aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    },
  },
  'key.rotate that takes its time': {
    proposal: () => ({}),
    rotationSeconds: 100,
    check: ({ aws }) => {
      expect(aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
      expect(aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    },
  },
  'key.rotation': {
    proposal: () => ({ action: 'key.rotation', parameters: { periodDays: 180 } }),
    check: ({ aws }) => expect(aws.key(CASE_DATA_KEY)).toMatchObject({ enabled: true, periodDays: 180 }),
  },
  'key.create': {
    proposal: (office) => createProposal(office.team.plan.plan, office.team.roster, 'root', 'the plan has it', null),
    check: ({ aws }) => {
      const made = aws.done.map(({ operation }) => operation).filter((operation) => operation !== 'EnableKeyRotation');
      expect(made).toEqual(['CreateKey', 'CreateAlias', 'ReplicateKey', 'CreateAlias']);
      const keyId = aws.aliases[PRIMARY]?.['alias/cmk/root'] ?? '';
      expect(aws.keys.filter((key) => key.keyId === keyId).map(({ region }) => region)).toEqual([PRIMARY, REPLICA]);
    },
  },
  'key.succeed': {
    proposal: async (office) => {
      const { ports, aws } = office.desk('architect');
      const state = await lookUp(ports, 'remote');
      const found = await lookAtReplacement({ ports, aws, state, plan: state.plan.plan }, 'case-data', null);
      return replaceProposal(found, null, { reason: 'it is compromised', executor: null });
    },
    check: ({ aws }) => {
      const made = aws.done.map(({ operation }) => operation).filter((operation) => operation !== 'EnableKeyRotation');
      expect(made).toEqual(['CreateKey']);
      expect(aws.keys.map(({ tags }) => tags[REPLACES_TAG])).toEqual([undefined, CASE_DATA_KEY]);
      expect(aws.aliases[PRIMARY]?.[caseDataKey(team).alias]).toBe(CASE_DATA_KEY);
    },
  },
  'plan.update': {
    proposal: ({ team: { plan } }) =>
      planProposal(plan, { ...plan.plan, recovery: { ...plan.plan.recovery, rtoSeconds: 60 } }, 'faster', null),
    check: ({ remote }) => expect(remote.files().has('plan/2.json')).toBe(true),
  },
};

describe.each(Object.entries(STORIES))('T51 %s', (_, story) => itSurvives(team, story));
