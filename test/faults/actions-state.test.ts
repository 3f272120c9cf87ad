import { describe, expect } from 'vitest';
import type { ActionName } from '../../src/lib/record/action-names.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { certificateProposal } from '../../src/lib/request/state-change.js';
import { itSurvives, type Story } from '../support/crash-table.js';
import type { Office } from '../support/office.js';
import { CASE_DATA_KEY, createTeam, later } from '../support/people.js';

/** Without its cool-off, so that the deletion can be executed at once: that it holds is tested elsewhere. */
const team = createTeam({
  plan: (plan) => ({
    ...plan,
    quorum: { ...plan.quorum, classes: { ...plan.quorum.classes, delete: { distinctRoles: 2 } } },
  }),
});

const key = ({ aws }: Office) => aws.key(CASE_DATA_KEY);
const asks = (action: ActionName, parameters = {}) => ({ proposal: () => ({ action, parameters }) });
/** These calls are refused by AWS when they are made twice: one of them, whatever happened. */
const once = ({ aws }: Office, operation: string) =>
  expect(aws.done.map((call) => call.operation)).toEqual([operation]);

/** What is resumed as key.rotation is, which is cut off at every step, is cut off here at its own call only. */
const only = /^kms (DisableKey|EnableKey|DisableKeyRotation)$/;

const STORIES: Readonly<Record<string, Story>> = {
  'key.rotation-off': {
    before: (office) => Object.assign(key(office), { enabled: true, periodDays: 365 }),
    ...asks('key.rotation-off'),
    only,
    check: (office) => expect(key(office).enabled).toBe(false),
  },
  'key.enable': {
    before: (office) => Object.assign(key(office), { state: 'Disabled' }),
    ...asks('key.enable'),
    only,
    check: (office) => expect(key(office).state).toBe('Enabled'),
  },
  'key.disable': {
    ...asks('key.disable'),
    only,
    check: (office) => expect(key(office).state).toBe('Disabled'),
  },
  'key.delete': {
    ...asks('key.delete', { windowDays: 30 }),
    check: (office) => {
      once(office, 'ScheduleKeyDeletion');
      expect(key(office).state).toBe('PendingDeletion');
    },
  },
  'key.cancel-deletion': {
    before: (office) => Object.assign(key(office), { state: 'PendingDeletion', deletionAt: later(20 * 86_400) }),
    ...asks('key.cancel-deletion'),
    by: 'architect',
    check: (office) => {
      once(office, 'CancelKeyDeletion');
      expect(key(office).state).toBe('Disabled');
    },
  },
  'key.confirm-destroyed': {
    before: async (office) => {
      await office.execute('deputy', await office.approved({ action: 'key.delete', parameters: { windowDays: 30 } }));
      office.clock.advance(31 * 86_400);
    },
    proposal: async (office) => {
      const { ports, aws } = office.desk('architect');
      const state = await lookUp(ports, 'remote');
      const how = { reason: 'its window is over', executor: null };
      return certificateProposal({ ports, aws, state, plan: state.plan.plan }, 'case-data', undefined, how);
    },
    check: (office) => {
      // A certificate changes nothing: what AWS was asked for is the deletion that it is about.
      once(office, 'ScheduleKeyDeletion');
      expect(office.aws.keys).toEqual([]);
    },
  },
};

describe.each(Object.entries(STORIES))('T51 %s', (_, story) => itSurvives(team, story));
