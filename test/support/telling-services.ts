import type { Operation, Service } from '../../src/lib/sandbox/service.js';
import { kmsService, type ServiceFactory } from '../../src/lib/sandbox/services.js';
import { rsaPool } from './rsa-pool.js';

/** The sandbox's KMS, telling which operations had their effect, whoever heard of it. */
export function tellingKms(done: (operation: string) => void): ServiceFactory {
  const make = kmsService({ rsaPair: rsaPool() });
  return (host) => telling(make(host), done);
}

function telling(service: Service, done: (operation: string) => void): Service {
  const told = Object.entries(service.operations).map(([name, run]): [string, Operation] => [
    name,
    (input, call) => {
      const answer = run(input, call);
      done(name);
      return answer;
    },
  ]);
  return { ...service, operations: Object.fromEntries(told) };
}
