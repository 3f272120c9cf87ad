import { describe, expect, it } from 'vitest';
import type { RoleTagEffect } from '../../../../src/lib/sandbox/sts/session.js';
import { type OpenFact, readOpenFacts } from '../../../support/facts/fact.js';
import { answerOf } from '../../../support/facts/open.js';
import { directTransport, factSandbox, sandboxStage } from '../../../support/facts/served.js';

const open = readOpenFacts();
const testable = open.filter(({ untestable }) => untestable === undefined);

async function answer(fact: OpenFact, roleTags: RoleTagEffect = 'live'): Promise<string> {
  const made = factSandbox({ roleTags });
  return answerOf(sandboxStage(made, directTransport(made.sandbox)), fact);
}

describe('open points', () => {
  it.each(open.map((fact) => [fact.fact, fact] as const))(
    '%s: two answers at least, and custody is ready for each',
    (_, fact) => {
      expect(Object.keys(fact.answers).length).toBeGreaterThanOrEqual(2);
      expect(Object.keys(fact.answers)).toContain(fact.sandbox);
      expect(Object.values(fact.answers).every(({ custody }) => custody.length > 20)).toBe(true);
      expect(fact.question).toMatch(/\?$/);
      expect(fact.requests.length > 0).toBe(fact.untestable === undefined);
    },
  );

  it.each(testable.map((fact) => [fact.fact, fact] as const))(
    '%s: the sandbox gives the answer that is written down',
    async (_, fact) => {
      expect(await answer(fact)).toBe(fact.sandbox);
    },
  );

  it.each(testable.flatMap((fact) => (fact.variant ? [[fact.fact, fact, fact.variant] as const] : [])))(
    '%s: the sandbox can be the other AWS',
    async (_, fact, variant) => {
      expect(variant.answer).not.toBe(fact.sandbox);
      expect(await answer(fact, variant.roleTags)).toBe(variant.answer);
    },
  );

  it('an answer that nobody thought of is told as it is', async () => {
    const [fact] = testable;
    if (fact === undefined) throw new Error('no open point');
    const none = { ...fact, answers: { other: { expect: { error: 'KMSInternalException' }, custody: '' } } };
    expect(await answer(none)).toMatch(/^none of the answers: MalformedPolicyDocumentException/);
  });
});
