import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { CLAIM_IDS } from '../../../../src/lib/policy/claims.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import { type Proof, prove } from '../../../../src/lib/policy/prove.js';
import { type Mutation, mutationsOf } from './mutations.js';
import { CLASSES, keyOf, subjectOf, texts } from './world.js';

const ALL = texts();

function broken({ claims }: Proof): readonly string[] {
  return claims.filter(({ status }) => status === 'broken').map(({ id }) => id);
}

const sidOf = (id: string) => id.replace(/-o/, 'O');

/** Only what a change of one text can touch is proven again: the classes of one statement, or the roles. */
function proveMutant({ name, sid, texts: changed }: Mutation): Proof {
  const noClass = { keys: [keyOf(changed['key-policy'], { classes: [] })] };
  if (name !== 'key-policy') return prove(subjectOf(changed, noClass));
  const classes = CLASSES.filter(({ id }) => new RegExp(`^${sidOf(id)}[A-Z]`).test(sid) || id === 'policy');
  const others = CLASSES.filter((one) => !classes.includes(one)).map(({ id }) => sidOf(id));
  const { Statement, ...rest } = changed['key-policy'];
  const near = (Statement as readonly JsonObject[]).filter(
    (one) => !others.some((other) => new RegExp(`^${other}[A-Z]`).test(String(one.Sid))),
  );
  const key = keyOf({ ...rest, Statement: near }, { classes });
  return prove(subjectOf(changed, { keys: [key], principals: null }));
}

describe('the interlock', () => {
  it('holds every claim but those about replicas, an auditor, drills and services, of which there is none, and about keys of a repository', () => {
    const { claims } = prove(subjectOf(ALL));
    expect(
      claims.filter(({ status }) => status !== 'held').flatMap(({ findings }) => findings.map(findingText)),
    ).toEqual([]);
    const notAsked = ['replicas-same-policy', 'own-keys-only', 'auditor-reads', 'drill-confined', 'services-let-in'];
    expect(claims.map(({ id }) => id)).toEqual(CLAIM_IDS.filter((id) => !notAsked.includes(id)));
  });

  it('loses a claim with each single condition', () => {
    const mutants = mutationsOf(ALL);
    expect(mutants.length).toBeGreaterThan(110);
    const unnoticed = mutants.filter((mutant) => broken(proveMutant(mutant)).length === 0);
    expect(unnoticed.map(({ name, sid, dropped }) => `${name} ${sid} ${dropped}`)).toEqual([]);
  }, 120_000);
});
