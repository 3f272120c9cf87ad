import { describe, it } from 'vitest';
import { ACCOUNT_FILES } from '../../support/facts/fact.js';
import { checkAccountFact, readAccountFacts, WAYS } from './account-facts.js';

describe.each(WAYS)('%s', (way) => {
  describe.each(ACCOUNT_FILES)('what AWS says of %s', (name) => {
    it.each(readAccountFacts(name).map((fact) => [fact.fact, fact] as const))('%s', (_name, fact) =>
      checkAccountFact(fact, way),
    );
  });
});
