import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyAuthority } from '../../src/lib/aws/authority.js';
import { callDirectly, type DirectOperation } from '../../src/lib/aws/direct.js';
import { createKeyReader } from '../../src/lib/aws/kms-reader.js';
import { createSlotKeeper } from '../../src/lib/aws/role-slots.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { type Instant, instantFromMillis } from '../../src/lib/base/time.js';
import type { KeyWriter } from '../../src/lib/key/key.js';
import { createProposal } from '../../src/lib/request/estate.js';
import type { Aws } from '../../src/lib/request/ports.js';
import type { Sandbox } from '../../src/lib/sandbox/sandbox.js';
import { DEFAULT_SEED } from '../../src/lib/sandbox/seed.js';
import { type AwsConnection, openWorld } from '../lib/aws/support.js';
import { anyWriter } from './any-writer.js';
import type { Intercept, TestClock } from './fake-aws.js';
import { type Account, type Office, openOffice } from './office.js';
import { createTeam, PRIMARY, type Team } from './people.js';

/** The repository's account as the sandbox models it: policies, states and time are AWS's, not a test's. */
export interface SandboxAccount extends Account {
  readonly sandbox: Sandbox;
  /** One mutating call past the tool, by a profile of the sandbox. */
  past(profile: string, operation: string, parameters: JsonObject, region?: string): Promise<JsonObject>;
  /** One use of a key, as an application makes it. */
  use(profile: string, operation: DirectOperation, parameters: JsonObject): Promise<unknown>;
  /** A line to AWS with the credentials of a profile. */
  line(profile: string): AwsConnection;
}

export type SandboxOffice = Office<SandboxAccount>;

const SEATS = ['architect', 'privacy', 'deputy'] as const;
const PROFILES = [...SEATS, 'executor', 'service', 'admin', 'outsider', 'drill'] as const;

/**
 * An office over the embedded AWS, in process, with no key yet; `createKey` makes those of the plan. Ask for it in a test,
 * and call `close` at its end.
 * @param options `automation`: the account has a role for the automation identity, with a profile
 */
export async function createSandboxOffice(
  options: { readonly team?: Team; readonly automation?: boolean } = {},
): Promise<SandboxOffice & { close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'custody-office-'));
  const team = options.team ?? createTeam({ environment: 'sandbox' });
  const automation = options.automation ? (['ci'] as const) : [];
  const { sandbox, as } = openWorld(folder, {
    seed: {
      // Automation enters the executor as a seat does; what makes a seat of one is the roster alone.
      seats: [...SEATS, ...automation].map((id) => ({ profile: id, roleName: id, sourceIdentity: id })),
      executor: 'custody-executor',
      service: 'app',
      admin: 'Admin',
      outsider: 'outsider',
      drill: 'custody-drill',
      installer: 'custody-installer',
      ...(DEFAULT_SEED.interlock ? { interlock: DEFAULT_SEED.interlock } : {}),
    },
  });
  const connections = new Map(
    await Promise.all(
      [...PROFILES, ...automation].map(
        async (profile): Promise<[string, AwsConnection]> => [profile, await as(profile)],
      ),
    ),
  );
  const connectionOf = (profile: string) => {
    const found = connections.get(profile);
    if (!found) throw new Error(`the sandbox has no profile ${profile}`);
    return found;
  };
  const account: SandboxAccount = {
    sandbox,
    line: connectionOf,
    as: (intercept, who) => {
      const aws = connectionOf(who === 'ci' && !options.automation ? 'executor' : who);
      const authority = createKeyAuthority(aws);
      const [reader, slots] = [createKeyReader(aws), createSlotKeeper(aws)];
      const plainly: Aws = { reader, authority, slots, whoAmI: authority.whoAmI, host: '127.0.0.1' };
      return intercept ? intercepted(plainly, intercept) : plainly;
    },
    past: async (profile, operation, parameters, region = PRIMARY) => {
      const writer = anyWriter(connectionOf(profile));
      return (await writer.call({ service: 'kms', region, operation, parameters })).answer;
    },
    use: (profile, operation, parameters) => callDirectly(connectionOf(profile), PRIMARY, operation, parameters),
  };
  const office = await openOffice(team, clockOf(sandbox), account);
  return { ...office, close: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Makes a key of the plan through the quorum. */
export async function createKey(
  office: SandboxOffice,
  name: string,
): Promise<{ readonly arn: string; readonly keyId: string }> {
  const { plan, roster } = office.team;
  const id = await office.approved(createProposal(plan.plan, roster, name, 'the plan has it', null));
  const { key } = (await office.execute('deputy', id)).receipt;
  if (!key?.arn || !key.keyId) throw new Error(`${name} was not made`);
  return { arn: key.arn, keyId: key.keyId };
}

function clockOf(sandbox: Sandbox): TestClock {
  const now = () => instantFromMillis(sandbox.nowMillis());
  // The sandbox's clock runs by itself and moves by whole seconds.
  const advance = (seconds: number) => sandbox.advance(Math.max(1, Math.ceil(seconds)));
  return {
    now,
    sleep: async (milliseconds) => advance(milliseconds / 1000),
    set: (instant: Instant) => advance((Date.parse(instant) - sandbox.nowMillis()) / 1000),
    advance,
  };
}

type Asynchronous = (...args: never[]) => Promise<unknown>;

/** Every method of a port as a step of its own, named after it. */
function steps<Port extends object>(port: Port, prefix: string, intercept: Intercept): Port {
  const wrapped = Object.entries(port).map(([name, act]) => {
    const call = act as Asynchronous;
    return [name, (...args: never[]) => intercept(`${prefix} ${name}`, () => call(...args))];
  });
  return Object.fromEntries(wrapped) as Port;
}

function intercepted(aws: Aws, intercept: Intercept): Aws {
  const writer = ({ call }: KeyWriter): KeyWriter => ({
    call: (signed) => intercept(`kms ${signed.operation}`, () => call(signed)),
  });
  const { authority } = aws;
  const whoAmI = () => intercept('sts whoAmI', authority.whoAmI);
  return {
    ...aws,
    whoAmI,
    reader: steps(aws.reader, 'kms', intercept),
    slots: steps(aws.slots, 'iam', intercept),
    authority: {
      whoAmI,
      roleId: authority.roleId,
      assertAllowable: authority.assertAllowable,
      assumeExecutor: async (session, warrant) =>
        writer(await intercept('sts assumeExecutor', () => authority.assumeExecutor(session, warrant))),
      own: (warrant) => writer(authority.own(warrant)),
    },
  };
}
