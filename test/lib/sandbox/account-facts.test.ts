import { describe, it } from 'vitest';
import { checkAccountFact, readAccountFacts } from './account-facts.js';

describe.each(['cloudtrail', 'iam', 'sts', 'quotas'])('what AWS says of %s', (name) => {
  it.each(readAccountFacts(name).map((fact) => [fact.fact, fact] as const))('%s', (_name, fact) =>
    checkAccountFact(fact),
  );
});
