import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { createKms } from '../../../src/lib/sandbox/kms/service.js';
import type { OrganizationPolicies } from '../../../src/lib/sandbox/organization.js';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/lib/sandbox/sandbox.js';
import { DEFAULT_SEED, type SeedRoles } from '../../../src/lib/sandbox/seed.js';
import { type RunningServer, startServer } from '../../../src/lib/sandbox/server.js';
import type { Authorization, Service } from '../../../src/lib/sandbox/service.js';
import { createMemoryStore } from '../../../src/lib/sandbox/state.js';
import type { TokenWish } from '../../../src/lib/sandbox/sts/federation.js';
import { ACCOUNT, START } from '../../lib/sandbox/kms/harness.js';
import { keyOf } from '../../lib/sandbox/support.js';
import { practiceRsa } from '../rsa-pool.js';
import { type HttpClient, openHttp } from './http.js';
import { type Transport, WireStage } from './wire-stage.js';

/** The roles of the interlock are custody's, and no facts are about them. */
const { interlock: _interlock, drill: _drill, installer: _installer, ...bare } = DEFAULT_SEED;
export const BARE_SEED: SeedRoles = bare;

/** A sandbox of the account that the facts are about, on a clock that only `wait` moves; it tells what its KMS asks. */
export function factSandbox(options: Partial<SandboxOptions> = {}) {
  const wall = { millis: START };
  const asked: Authorization[] = [];
  const bugs: unknown[] = [];
  const sandbox = createSandbox({
    store: createMemoryStore(),
    wallMillis: () => wall.millis,
    account: ACCOUNT,
    seed: { ...BARE_SEED, seats: [], admin: 'admin' },
    services: [(host) => recorded(createKms({ ...host, rsaPair: practiceRsa }), asked)],
    onBug: (cause) => bugs.push(cause),
    ...options,
  });
  return { sandbox, asked, bugs, wall };
}

function recorded(service: Service, asked: Authorization[]): Service {
  const operations = Object.entries(service.operations).map(([name, run]): [string, typeof run] => [
    name,
    (input, call) =>
      run(input, {
        ...call,
        authorize: (question) => {
          asked.push(question);
          call.authorize(question);
        },
      }),
  ]);
  return { ...service, operations: Object.fromEntries(operations) };
}

/** The sandbox in process, by its own wire but without a socket. */
export function directTransport(sandbox: Sandbox): Transport {
  return async (_, { headers, body }) => {
    const request = { method: 'POST', target: '/', headers, body, sourceIp: '127.0.0.1' };
    const { status, headers: back, body: bytes } = await sandbox.handle(request);
    return { status, headers: back, text: bytes.toString('utf8') };
  };
}

export interface Served {
  readonly server: RunningServer;
  readonly sandbox: Sandbox;
  readonly stage: WireStage;
  readonly bugs: readonly unknown[];
  /** A fresh account. */
  reset(): void;
  stop(): Promise<void>;
}

/** One server for many facts. */
export async function serveFacts(options: Partial<SandboxOptions> = {}): Promise<Served> {
  const made = factSandbox(options);
  const { sandbox, bugs } = made;
  const server = await startServer({ sandbox, token: 'unused' });
  const http = openHttp(() => server.endpoint);
  const stage = sandboxStage(made, http.transport, `127.0.0.1:${server.port}`);
  return {
    server,
    sandbox,
    stage,
    bugs,
    reset: () => startAfresh(made, stage),
    stop: () => stop(server, http, sandbox),
  };
}

async function stop(server: RunningServer, http: HttpClient, sandbox: Sandbox): Promise<void> {
  http.close();
  await server.stop();
  sandbox.close();
}

type Made = ReturnType<typeof factSandbox>;

export function sandboxStage({ sandbox, asked, wall }: Made, transport: Transport, host = '127.0.0.1') {
  return new WireStage({
    transport,
    account: ACCOUNT,
    hostOf: () => host,
    admin: async () => keyOf(sandbox, 'admin'),
    adminArn: `arn:aws:iam::${ACCOUNT}:role/admin`,
    nowMillis: () => sandbox.nowMillis(),
    wait: async (seconds) => {
      // What is due happens when whole seconds pass; only quotas know smaller parts.
      if (Number.isInteger(seconds)) sandbox.advance(seconds);
      else wall.millis += seconds * 1000;
    },
    control: (operation, input) => controlled(sandbox, operation, input),
    asked,
    forget: () => {
      asked.length = 0;
    },
  });
}

function controlled(sandbox: Sandbox, operation: string, input: JsonObject): JsonObject {
  const wish: unknown = input;
  if (operation === 'token') return { token: sandbox.issueToken(wish as TokenWish) };
  if (operation !== 'organization') throw new Error(`no control ${operation}`);
  sandbox.organization.set(wish as OrganizationPolicies);
  return {};
}

export function startAfresh({ sandbox, wall }: Made, stage: WireStage): void {
  wall.millis = START;
  sandbox.reset();
  stage.clear();
  stage.forget();
}
