import { randomBytes } from 'node:crypto';
import { createCloudTrail } from '../../src/lib/sandbox/cloudtrail/service.js';
import { openTrail } from '../../src/lib/sandbox/cloudtrail/trail.js';
import { createIam } from '../../src/lib/sandbox/iam/service.js';
import { openPrincipals } from '../../src/lib/sandbox/principals.js';
import { SANDBOX_ACCOUNT } from '../../src/lib/sandbox/sandbox.js';
import { SERVICES } from '../../src/lib/sandbox/services.js';
import { createMemoryStore } from '../../src/lib/sandbox/state.js';
import { createSts } from '../../src/lib/sandbox/sts/service.js';

/** `service.Operation` of everything that the sandbox answers, sorted. */
export function offeredOperations(): readonly string[] {
  const store = createMemoryStore();
  const { roles, sessions, policies, providers, exists: principalExists } = openPrincipals(store, SANDBOX_ACCOUNT);
  const shared = { account: SANDBOX_ACCOUNT, random: randomBytes };
  const trail = openTrail({ store, ...shared });
  const host = {
    ...shared,
    store,
    regions: ['eu-central-1'],
    principalExists,
    propagation: 'documented',
    announce: () => undefined,
    callAs: () => null,
  } as const;
  const services = [
    createIam({ ...shared, roles, policies, providers }),
    createSts({ ...shared, roles, policies, sessions }),
    createCloudTrail({ ...host, history: trail, delaySeconds: 0, ask: () => undefined }),
    ...SERVICES.map((make) => make(host)),
  ];
  return services
    .flatMap(({ name, operations }) => Object.keys(operations).map((operation) => `${name}.${operation}`))
    .sort();
}
