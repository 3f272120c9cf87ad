import { expect, it } from 'vitest';
import { createCourt, type World } from '../../../../src/lib/policy/proof/court.js';
import { peopleOf } from '../../../../src/lib/policy/proof/people.js';
import { ACCOUNT, documentOf } from '../cases.js';
import { mutantsOf } from '../mutants.js';
import { KEY_ID, keyOf, SEATS, texts } from './world.js';

/** What is told before the whole logic was asked is what the whole logic says. */

const ACTIONS = ['kms:RotateKeyOnDemand', 'kms:DisableKey', 'kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:Encrypt'];
const slot = (id: string) => `aws:PrincipalTag/custody:${id}:root`;
const value = (name: string, executor: string) => `${name}/us-east-1/${KEY_ID}/${'a'.repeat(64)}/${executor}`;
const tags = (text: string, ids = SEATS.map(({ id }) => id)) => Object.fromEntries(ids.map((id) => [slot(id), text]));

const WORLDS: readonly World[] = [
  { fixed: {}, absent: [] },
  { fixed: { 'aws:SourceIdentity': 'ci' }, absent: [] },
  ...['ci', 'other'].flatMap((executor) => [
    { fixed: { 'aws:SourceIdentity': 'ci', ...tags(value('rotate', executor)) }, absent: [] },
    {
      fixed: { 'aws:SourceIdentity': 'ci', ...tags(value('disable', executor), ['architect']) },
      absent: [slot('privacy')],
    },
    { fixed: tags(value('rotate', executor)), absent: ['aws:SourceIdentity'] },
  ]),
  // The same keys under two names: nothing that was made for one may answer for the other.
  ...['ci', 'other'].map((executor) => ({
    fixed: { 'aws:SourceIdentity': executor, ...tags(value('rotate', executor), ['architect']) },
    absent: [slot('deputy')],
  })),
  { fixed: { 'aws:SourceIdentity': 'ci' }, absent: [slot('privacy'), slot('deputy')] },
  { fixed: { 'aws:SourceIdentity': 'c*', ...tags(value('rotate', 'c*')) }, absent: [] },
  { fixed: { 'kms:GrantOperations': ['Decrypt'], 'kms:GrantIsForAWSResource': 'false' }, absent: [] },
];

it('never says no to what could be let through', () => {
  const policy = JSON.stringify(texts()['key-policy']);
  const mutants = mutantsOf(policy);
  const some = mutants.filter((_, at) => at % 9 === 0);
  let [no, perhaps] = [0, 0];
  const wrong: string[] = [];
  for (const { what, policy: text } of [{ what: 'whole', policy }, ...some]) {
    const document = documentOf(JSON.parse(text));
    const { arn: resource } = keyOf(JSON.parse(text));
    const above = { serviceControlPolicies: [], resourceControlPolicies: [] };
    const court = createCourt({ resource, account: ACCOUNT, resourcePolicy: document, ...above });
    for (const person of peopleOf([document], ACCOUNT, { principals: null })) {
      for (const [at, world] of WORLDS.entries()) {
        for (const action of ACTIONS) {
          const may = court.ask(person, action, world).may;
          const told = court.perhaps(person, [action], world);
          if (!told && may !== 'no') wrong.push(`${what}: ${person.words} ${action} ${at}`);
          if (told) perhaps++;
          else no++;
        }
      }
    }
  }
  expect(wrong).toEqual([]);
  expect([no, perhaps].every((count) => count > 1000)).toBe(true);
});
