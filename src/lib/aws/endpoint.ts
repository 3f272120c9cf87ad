import { CustodyError } from '../base/errors.js';
import type { Settings } from './settings.js';
import type { Environment } from './shared-config.js';

/** What the plan says the account is: AWS itself, or a sandbox on this machine. */
export type EndpointKind = 'aws' | 'sandbox';

/** The sandbox's account; no account of AWS's has this id. */
const RESERVED_ACCOUNT = '000000000000';
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const REGION = '[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\\d{1,2}';
const DOMAINS = '(?:amazonaws\\.com|amazonaws\\.com\\.cn|api\\.aws|api\\.amazonwebservices\\.com\\.cn)';
/** A bucket in front of the service's host, as the SDK writes it; the plan's grammar of buckets leaves no other characters. */
const BUCKET = '(?:[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\\.)?';
/** Hosts of KMS, STS, IAM, CloudTrail, S3 and of the sign-in services that credentials come from. Exact: no other one fits but another's bucket, and only the S3 client names buckets. */
const AWS_HOSTS: readonly RegExp[] = [
  new RegExp(`^(?:kms|sts|cloudtrail)(?:-fips)?\\.${REGION}\\.${DOMAINS}$`),
  new RegExp(`^${BUCKET}s3(?:-fips)?(?:\\.dualstack)?\\.${REGION}\\.amazonaws\\.com(?:\\.cn)?$`),
  /^sts\.amazonaws\.com$/,
  new RegExp(`^iam(?:-fips)?(?:\\.(?:${REGION}|us-gov|global))?\\.${DOMAINS}$`),
  new RegExp(`^(?:portal\\.sso|oidc)(?:-fips)?\\.${REGION}\\.${DOMAINS}$`),
  new RegExp(`^(?:${REGION}\\.)?signin(?:-fips)?\\.(?:aws\\.amazon\\.com|amazonaws\\.cn|amazonaws-us-gov\\.com)$`),
];

/** Variables that let someone other than AWS answer in AWS's name. */
const TRUST_VARIABLES: readonly { readonly name: string; readonly harmful: (value: string) => boolean }[] = [
  { name: 'NODE_EXTRA_CA_CERTS', harmful: (value) => value !== '' },
  { name: 'AWS_CA_BUNDLE', harmful: (value) => value !== '' },
  { name: 'NODE_TLS_REJECT_UNAUTHORIZED', harmful: (value) => value === '0' },
];

/**
 * T60: unless the plan says sandbox, only AWS's own hosts with the public certificate authorities answer; a sandbox is
 * only on this machine. Looks at everything that could say otherwise and names it.
 * @throws CustodyError ENDPOINT_REFUSED
 */
export function assertEndpoints(
  kind: EndpointKind,
  account: string,
  settings: Settings,
  environment: Environment,
): void {
  if (kind === 'sandbox') assertSandbox(settings);
  else assertAws(account, settings, environment);
}

function assertAws(account: string, settings: Settings, environment: Environment): void {
  if (account === RESERVED_ACCOUNT) {
    throw refusal(`account ${RESERVED_ACCOUNT} is the sandbox's: a plan for aws needs an account of AWS's`, 'the plan');
  }
  const [override] = Object.values(settings.endpoints);
  if (override) throw refusal('the plan is for AWS itself, another endpoint is not used', override.source);
  for (const { name, harmful } of TRUST_VARIABLES) {
    if (harmful(environment[name] ?? ''))
      throw refusal('the plan is for AWS itself, with its public certificates only', name);
  }
  if (settings.caBundle !== null) {
    throw refusal(
      'the plan is for AWS itself, with its public certificates only',
      `ca_bundle of profile ${settings.profile}`,
    );
  }
}

function assertSandbox({ endpoints }: Settings): void {
  for (const service of ['kms', 'sts', 'iam'] as const) {
    if (endpoints[service] !== undefined) continue;
    throw new CustodyError('ENDPOINT_REFUSED', `the plan is for a sandbox, but no endpoint is set for ${service}`, {
      suggestions: ['Start it with `custody sandbox start` and use the AWS_CONFIG_FILE and profiles that it prints.'],
    });
  }
  for (const { url, source } of Object.values(endpoints)) {
    if (!isLoopbackUrl(url)) throw refusal('the plan is for a sandbox, which is only on this machine', source, url);
  }
}

function isLoopbackUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return plain && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && LOOPBACK.has(url.hostname);
}

/** Where a request is about to go, as the SDK's own request says it. */
export interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
}

/** The last look, at each request, whoever made it. @throws CustodyError ENDPOINT_REFUSED */
export function assertTarget(kind: EndpointKind, { protocol, hostname, port }: Target): void {
  const host = hostname === '::1' ? '[::1]' : hostname;
  const passes =
    kind === 'sandbox'
      ? LOOPBACK.has(host)
      : protocol === 'https:' &&
        (port === undefined || port === 443) &&
        AWS_HOSTS.some((pattern) => pattern.test(host));
  if (passes) return;
  const why = kind === 'sandbox' ? 'a sandbox is only on this machine' : "not one of AWS's own hosts";
  throw refusal(why, `${protocol}//${host.slice(0, 100)}${port === undefined ? '' : `:${port}`}`);
}

function refusal(why: string, source: string, found?: string): CustodyError {
  return new CustodyError('ENDPOINT_REFUSED', `${source}: ${why}`, {
    details: found === undefined ? { source } : { source, found: found.slice(0, 200) },
    suggestions: [`Remove it and run the command again: ${source}`],
  });
}

/** The host that KMS calls go to, for screens. */
export function kmsHost(settings: Settings, region: string | null): string {
  const override = settings.endpoints.kms;
  if (override) return new URL(override.url).host;
  if (region === null) return 'amazonaws.com';
  const china = region.startsWith('cn-');
  const plain = china ? 'amazonaws.com.cn' : 'amazonaws.com';
  const dual = china ? 'api.amazonwebservices.com.cn' : 'api.aws';
  return `kms${settings.fips ? '-fips' : ''}.${region}.${settings.dualStack ? dual : plain}`;
}
