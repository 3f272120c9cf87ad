import { describe, expect, it } from 'vitest';
import { compare, tested } from '../support/oracle/compare.js';
import { DIFFERENCES } from '../support/oracle/differences.js';

/** ORACLE_SEED and ORACLE_CASES put other cases; case n of a seed is case 0 of seed + n. */
const seed = Number(process.env.ORACLE_SEED ?? 20_000_000);
const cases = Number(process.env.ORACLE_CASES ?? 20_000);

/**
 * The evaluator beside @cloud-copilot/iam-simulate (AGPL-3.0, for tests only). Every case is put twice: as it is, and with
 * the known differences (test/support/oracle/differences.ts) out of the way; the second time the two must agree.
 */
describe(`authorization beside iam-simulate, ${cases} cases from seed ${seed}`, () => {
  it('differs only where it is known why', { timeout: 3_600_000 }, async () => {
    const { said, mismatches, explained, unexplained } = await compare(seed, cases);
    console.log(`seed ${seed}: ${cases} cases, ${JSON.stringify(said)}, ${mismatches} differ as they are`);
    console.log(
      Object.entries(explained)
        .map(([name, count]) => `${String(count).padStart(4)} ${name}`)
        .join('\n'),
    );
    expect(unexplained).toEqual([]);
    expect(said.allowed).toBeGreaterThan(cases / 10);
    // A difference that explains nothing any more is out of date.
    const idle = DIFFERENCES.map(({ name }) => name).filter((name) => explained[name] === 0);
    if (cases >= 20_000) expect(idle).toEqual([]);
  });

  it('puts every operator, plain, with IfExists and in sets, and every element and kind of policy', () => {
    const counts = tested(20_000_000, 20_000);
    expect(Object.entries(counts).filter(([, count]) => count < 3)).toEqual([]);
    const operators = Object.keys(counts).filter((name) =>
      /^(?:For\w+:)?(?:String|Numeric|Date|Bool|Binary|Not|Ip|Arn)/.test(name),
    );
    // 26 operators, plain and in two sets, each with and without IfExists.
    expect(operators.filter((name) => !/^Not(?:Action|Principal|Resource)$/.test(name))).toHaveLength(26 * 3 * 2);
    for (const name of ['NotAction', 'NotPrincipal', 'NotResource', 'scp', 'rcp', 'session', 'boundary', 'identity']) {
      expect([name, (counts[name] ?? 0) > 100]).toEqual([name, true]);
    }
  });
});
