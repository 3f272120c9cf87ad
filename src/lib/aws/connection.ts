import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { STSClient } from '@aws-sdk/client-sts';
import { CustodyError } from '../base/errors.js';
import { configOf } from '../guard/config.js';
import type { GuardSink } from '../guard/sink.js';
import type { AwsCall } from '../key/key.js';
import type { Purpose, Warrant } from '../key/warrant.js';
import type { LedgerPlan } from '../plan/plan.js';
import { type CredentialSource, type Credentials, credentialSource, SILENT } from './credentials.js';
import { assertEndpoints, type EndpointKind, kmsHost } from './endpoint.js';
import { assertAllowable, attachGuard, type GuardSource, guardOver, underWarrant } from './guard.js';
import { createLink, type Link, type LinkContext, type Loaded } from './link.js';
import { createPace, DEFAULT_RETRY, type RetryPolicy, type Timer } from './pace.js';
import { assertRegion, type Flags, resolveSettings, type Settings } from './settings.js';
import { type Environment, readSharedConfig } from './shared-config.js';
import { guard, type RequestHandler, type RequestHandlerInput, socketOptions } from './transport.js';

export type KmsSdk = typeof import('@aws-sdk/client-kms');
export type KmsLink = Link<KmsSdk, KMSClient>;
export type StsLink = Link<typeof import('@aws-sdk/client-sts'), STSClient>;
export type CloudTrailLink = Link<typeof import('@aws-sdk/client-cloudtrail'), CloudTrailClient>;
export type S3Purpose = Extract<Purpose, 'ledger.append' | 'ledger.read' | 'ledger.provision' | 'trail.read'>;
export type S3Link = Link<typeof import('@aws-sdk/client-s3'), S3Client>;
export type IamLink = Link<typeof import('@aws-sdk/client-iam'), IAMClient>;

export interface AwsOptions extends Flags {
  /** The plan's `environment`. */
  readonly environmentKind: EndpointKind;
  /** The plan's account, 12 digits. */
  readonly account: string;
  readonly environment: Environment;
  /** The plan's ledger, for the guard; absent before there is a plan: then no bucket is the ledger's. */
  readonly ledger?: LedgerPlan | undefined;
  /** Where the guard's decisions go. */
  readonly guardSink?: GuardSink | null;
  /** How long one request may take. */
  readonly timeoutMillis: number;
  readonly retry?: RetryPolicy;
  readonly timer?: Timer;
  /** Told of what takes longer than it should. */
  readonly onProgress?: (text: string) => void;
  /** Takes the place of sockets; what it is given was checked as if it were sent. */
  readonly requestHandler?: RequestHandlerInput;
}

/** The ways to AWS with one set of credentials. */
export interface AwsConnection {
  readonly endpointKind: EndpointKind;
  readonly account: string;
  /** The host that KMS calls go to, for screens. */
  readonly host: string;
  readonly profile: string;
  /** The Region of flag, environment or profile. */
  readonly region: string | null;
  readonly timer: Timer;
  kms(region: string): KmsLink;
  /** In `region`. @throws CustodyError INPUT_MISSING where no Region is known */
  sts(): StsLink;
  iam(): IamLink;
  cloudTrail(region: string): CloudTrailLink;
  /** @param purpose what for: the guard judges each call by it */
  s3(region: string, purpose: S3Purpose): S3Link;
  /** Asks the guard about calls to KMS that are not made yet. @throws CustodyError REFUSED, GUARD_BROKEN */
  assertAllowable(calls: readonly AwsCall[], warrant: Warrant): Promise<void>;
  /** The same ways with a session's credentials. */
  withCredentials(credentials: Credentials): AwsConnection;
  /** Closes idle sockets. */
  close(): void;
}

/** Nobody else looks at a sandbox's history, and it has a quota only where one was asked for; then it says so. */
const ALONE = { LookupEvents: 100 };

const REAL_TIMER: Timer = {
  millis: () => performance.now(),
  sleep: async (milliseconds) => {
    await sleep(milliseconds);
  },
  random: Math.random,
};

/**
 * Opens the way to AWS, or to the sandbox when the plan says so. Nothing is sent yet.
 * @throws CustodyError ENDPOINT_REFUSED (T60), USAGE, STORAGE
 */
export async function openAws(options: AwsOptions): Promise<AwsConnection> {
  const { environmentKind, account, environment } = options;
  const config = await readSharedConfig(environment);
  const settings = resolveSettings(options, environment, config);
  assertEndpoints(environmentKind, account, settings, environment);
  const handler = await guardedHandler(options);
  const credentials = credentialSource({ kind: environmentKind, settings, environment, config, handler });
  const timer = options.timer ?? REAL_TIMER;
  const { retry = DEFAULT_RETRY, onProgress: tell = () => undefined } = options;
  const guardSource = guardOver(configOf(options.ledger), options.guardSink ?? null);
  const pace = createPace(timer, 0.5, environmentKind === 'sandbox' ? ALONE : {});
  const context = { credentials, timer, pace, retry, tell };
  return connect({ kind: environmentKind, account, settings, handler, guard: guardSource }, context);
}

async function guardedHandler({ environmentKind, requestHandler, timeoutMillis }: AwsOptions): Promise<RequestHandler> {
  const { KMSClient } = await import('@aws-sdk/client-kms');
  // A client makes the SDK's handler from options; taken from one, no package of the SDK's own insides is imported.
  const inner = new KMSClient({
    region: 'us-east-1',
    requestHandler: requestHandler ?? socketOptions(environmentKind),
  }).config.requestHandler;
  return guard(inner, environmentKind, timeoutMillis);
}

interface Base {
  readonly kind: EndpointKind;
  readonly account: string;
  readonly settings: Settings;
  readonly handler: RequestHandler;
  readonly guard: GuardSource;
}

function connect(base: Base, context: LinkContext): AwsConnection {
  const { settings } = base;
  const links = new Map<string, KmsLink>();
  const home = () => {
    if (settings.region !== null) return settings.region;
    throw new CustodyError('INPUT_MISSING', 'no AWS Region is set', {
      suggestions: ['Give --region, AWS_REGION or a region in the profile.'],
    });
  };
  const kms = (region: string) => {
    const link = links.get(region) ?? kmsLink(assertRegion(region), base, context);
    links.set(region, link);
    return link;
  };
  return {
    endpointKind: base.kind,
    account: base.account,
    host: kmsHost(settings, settings.region),
    profile: settings.profile,
    region: settings.region,
    timer: context.timer,
    kms,
    sts: () => stsLink(home(), base, context),
    iam: () => iamLink(home(), base, context),
    cloudTrail: (region) => cloudTrailLink(assertRegion(region), base, context),
    s3: (region, purpose) => s3Link(assertRegion(region), purpose, base, context),
    assertAllowable: (calls, warrant) =>
      assertAllowable({ service: 'kms', endpoint: base.kind, guard: base.guard }, calls, warrant),
    withCredentials: (credentials) => connect(base, { ...context, credentials: async () => credentials }),
    close: () => base.handler.destroy?.(),
  };
}

function kmsLink(region: string, base: Base, context: LinkContext): KmsLink {
  const load = loadOnce(async () => {
    const sdk = await import('@aws-sdk/client-kms');
    const client = new sdk.KMSClient(clientConfig('kms', region, base, context.credentials));
    attachGuard(client, { service: 'kms', region, endpoint: base.kind, guard: base.guard });
    return { sdk, client };
  });
  return createLink('kms', region, load, context);
}

function stsLink(region: string, base: Base, context: LinkContext): StsLink {
  const load = loadOnce(async () => {
    const sdk = await import('@aws-sdk/client-sts');
    return { sdk, client: new sdk.STSClient(clientConfig('sts', region, base, context.credentials)) };
  });
  return createLink('sts', region, load, context);
}

function iamLink(region: string, base: Base, context: LinkContext): IamLink {
  const load = loadOnce(async () => {
    const sdk = await import('@aws-sdk/client-iam');
    return { sdk, client: new sdk.IAMClient(clientConfig('iam', region, base, context.credentials)) };
  });
  return createLink('iam', region, load, context);
}

function cloudTrailLink(region: string, base: Base, context: LinkContext): CloudTrailLink {
  const load = loadOnce(async () => {
    const sdk = await import('@aws-sdk/client-cloudtrail');
    return { sdk, client: new sdk.CloudTrailClient(clientConfig('cloudtrail', region, base, context.credentials)) };
  });
  return createLink('cloudtrail', region, load, context);
}

function s3Link(region: string, purpose: S3Purpose, base: Base, context: LinkContext): S3Link {
  const load = loadOnce(async () => {
    const sdk = await import('@aws-sdk/client-s3');
    const config = {
      ...clientConfig('s3', region, base, context.credentials),
      // A sandbox has one address and no names below it.
      forcePathStyle: base.kind === 'sandbox',
      // The digests of bodies are ours: said with each object, and looked at by whoever reads it.
      requestChecksumCalculation: 'WHEN_REQUIRED' as const,
      responseChecksumValidation: 'WHEN_REQUIRED' as const,
      followRegionRedirects: false,
      useArnRegion: false,
      disableMultiregionAccessPoints: true,
    };
    const client = new sdk.S3Client(config);
    attachGuard(client, { service: 's3', region, endpoint: base.kind, guard: base.guard });
    return { sdk, client };
  });
  const link: S3Link = createLink('s3', region, load, context);
  const warrant = { purpose };
  return {
    read: (operation, send) => underWarrant(warrant, () => link.read(operation, send)),
    once: (operation, send, expected) => underWarrant(warrant, () => link.once(operation, send, expected)),
  };
}

function loadOnce<Sdk, Client>(load: () => Promise<Loaded<Sdk, Client>>): () => Promise<Loaded<Sdk, Client>> {
  let loaded: Promise<Loaded<Sdk, Client>> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** Everything that the SDK would otherwise look up by itself is said, so that what was checked is what is used. */
function clientConfig(
  service: 'kms' | 'sts' | 'iam' | 'cloudtrail' | 's3',
  region: string,
  base: Base,
  credentials: CredentialSource,
) {
  const override = base.settings.endpoints[service];
  return {
    region,
    credentials,
    requestHandler: base.handler,
    // Retries are ours: the SDK would send a change a second time.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard' as const,
    userAgentAppId: 'custody',
    // Its warnings would get between the lines of `--json`.
    logger: SILENT,
    useFipsEndpoint: override === undefined && base.settings.fips,
    useDualstackEndpoint: override === undefined && base.settings.dualStack,
    ...(override ? { endpoint: override.url } : { ignoreConfiguredEndpointUrls: true }),
  };
}
