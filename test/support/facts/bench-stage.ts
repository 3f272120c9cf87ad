import { ServiceError } from '../../../src/lib/sandbox/service.js';
import { Bench, HOME, ROOT, ROOT_USER, roleArn, SECOND, session } from '../../lib/sandbox/kms/harness.js';
import { assertAnswer, assertError } from './modelled.js';
import type { Stage } from './stage.js';

/** `admin` and the account root are allowed everything, unless a policy names only others; the rest live by grants. */
export function factBench(): Bench {
  const bench = new Bench();
  bench.principals = new Set(['admin', 'seat', 'other'].map(roleArn));
  bench.judge = ({ resourcePolicy = ROOT }, caller) =>
    (caller.principalArn === roleArn('admin') && resourcePolicy.includes(ROOT)) || caller.kind === 'root';
  return bench;
}

/** The state machine of KMS alone, in process. */
export function benchStage(bench = factBench()): Stage {
  return {
    root: ROOT,
    roleArn,
    alias: (name) => `alias/${name}`,
    perform: async ({ service, operation, input, as = 'admin', in: region = HOME }) => {
      const caller = as === 'root' ? ROOT_USER : session(as);
      const answer = bench.as(caller, () => bench.in(region, () => bench.try(operation, input)));
      if (answer instanceof ServiceError) {
        assertError(service, operation, answer.code);
        return { refused: { code: answer.code, message: answer.message, status: answer.status } };
      }
      assertAnswer(service, operation, answer);
      return { answer };
    },
    wait: async (seconds) => bench.wait(seconds * SECOND),
    nowMillis: () => bench.now,
    toleranceSeconds: 0,
    asked: () => bench.asked,
    forget: () => {
      bench.asked.length = 0;
    },
  };
}
