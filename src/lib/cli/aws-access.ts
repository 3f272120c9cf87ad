import { createKeyAuthority } from '../aws/authority.js';
import { type AwsConnection, openAws } from '../aws/connection.js';
import { assertEndpoints, kmsHost } from '../aws/endpoint.js';
import { createAccountReader } from '../aws/iam-account.js';
import { createKeyReader } from '../aws/kms-reader.js';
import { createSlotKeeper } from '../aws/role-slots.js';
import { resolveSettings, type Settings } from '../aws/settings.js';
import { readSharedConfig } from '../aws/shared-config.js';
import { createTrailReader } from '../aws/trail-reader.js';
import type { GuardSink } from '../guard/sink.js';
import type { AccountReader } from '../key/account.js';
import type { Plan } from '../plan/plan.js';
import { SANDBOX_ACCOUNT } from '../plan/rules.js';
import type { Aws } from '../request/ports.js';
import type { KeyLine } from '../status/keys.js';
import type { TrailReader } from '../trail/reader.js';

/** What of a plan says which AWS this is about. */
export type Account = Pick<Plan, 'environment' | 'account' | 'regions'> & Partial<Pick<Plan, 'ledger'>>;

export interface AwsFlags {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

const TIMEOUT_MILLIS = 30_000;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** The one connection to AWS of a command, opened when first needed. */
export class AwsAccess {
  #connection: Promise<AwsConnection> | undefined;
  /** Where the guard's decisions go, from the connection on; set before it is opened. */
  sink: GuardSink | null = null;

  constructor(
    private readonly flags: AwsFlags,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly tell: (text: string) => void,
  ) {}

  connection(account: Account): Promise<AwsConnection> {
    this.#connection ??= this.#connect(account);
    return this.#connection;
  }

  /** Before there is a plan: the sandbox where the settings name a loopback endpoint, else AWS itself. */
  async bareConnection(): Promise<AwsConnection> {
    const settings = await this.#settings();
    const url = settings.endpoints.kms?.url;
    const sandbox = url !== undefined && LOOPBACK.includes(new URL(url).hostname);
    return this.connection({
      environment: sandbox ? 'sandbox' : 'aws',
      account: sandbox ? SANDBOX_ACCOUNT : '',
      regions: { primary: settings.region ?? '', replicas: [] },
    });
  }

  /** Where KMS calls go, from the settings alone: without loading the SDK. @throws CustodyError ENDPOINT_REFUSED */
  async host({ environment, account, regions }: Account): Promise<string> {
    const settings = await this.#settings();
    assertEndpoints(environment, account, settings, this.environment);
    return kmsHost(settings, settings.region ?? regions.primary);
  }

  async #settings(): Promise<Settings> {
    return resolveSettings(this.flags, this.environment, await readSharedConfig(this.environment));
  }

  async bareAws(): Promise<Aws> {
    return awsOver(await this.bareConnection());
  }

  async aws(account: Account): Promise<Aws> {
    return awsOver(await this.connection(account));
  }

  /** Who is in the account. */
  async account(account: Account): Promise<AccountReader> {
    return createAccountReader(await this.connection(account));
  }

  /** Everything that says how the keys stand. */
  async line(account: Account): Promise<KeyLine> {
    return { ...(await this.aws(account)), account: await this.account(account) };
  }

  /** The account's own record of calls. */
  async trail(account: Account): Promise<TrailReader> {
    return createTrailReader(await this.connection(account));
  }

  async #connect({ environment, account, regions, ledger }: Account): Promise<AwsConnection> {
    const { profile, region, endpointUrl } = this.flags;
    const timeoutMillis = TIMEOUT_MILLIS;
    const options = {
      profile,
      endpointUrl,
      environmentKind: environment,
      account,
      environment: this.environment,
      timeoutMillis,
      onProgress: this.tell,
      ledger,
      guardSink: this.sink,
    };
    const connection = await openAws({ ...options, region });
    const planned = connection.region === null && regions.primary !== '';
    return planned ? openAws({ ...options, region: regions.primary }) : connection;
  }

  async close(): Promise<void> {
    if (this.#connection) (await this.#connection.catch(() => null))?.close();
  }
}

function awsOver(connection: AwsConnection): Aws {
  const authority = createKeyAuthority(connection);
  const [reader, slots] = [createKeyReader(connection), createSlotKeeper(connection)];
  return { reader, authority, slots, whoAmI: () => authority.whoAmI(), host: connection.host };
}
