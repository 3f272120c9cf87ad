import { CustodyError } from '../base/errors.js';
import type { Environment, SharedConfig } from './shared-config.js';

/** Services whose endpoints matter: the five that are called and those that credentials come from. */
export const SERVICES = ['kms', 'sts', 'iam', 'cloudtrail', 's3', 'sso', 'sso_oidc', 'signin'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** An endpoint that replaces AWS's own, and where it was set. */
export interface EndpointOverride {
  readonly url: string;
  readonly source: string;
}

export interface Settings {
  readonly profile: string;
  /** True when a flag or AWS_PROFILE names the profile: then keys in the environment do not count. */
  readonly profileChosen: boolean;
  readonly region: string | null;
  readonly fips: boolean;
  readonly dualStack: boolean;
  readonly endpoints: Readonly<Partial<Record<ServiceName, EndpointOverride>>>;
  /** A private certificate authority in the profile. */
  readonly caBundle: string | null;
}

export interface Flags {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

/** A Region's name. It becomes part of a host name, so nothing else may pass: `x.evil.example/` is a host of its own. */
const REGION = /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

/** @throws CustodyError USAGE */
export function assertRegion(region: string): string {
  if (REGION.test(region)) return region;
  throw new CustodyError('USAGE', `not the name of an AWS Region: ${region.slice(0, 64)}`);
}

/**
 * What flags, environment and shared files say together, in the order that every AWS tool follows: flag, variable,
 * profile. The SDK itself looks for endpoints only in the profile of AWS_PROFILE, so it is not asked.
 * @throws CustodyError USAGE for a Region that is not one
 */
export function resolveSettings(flags: Flags, environment: Environment, config: SharedConfig): Settings {
  const chosen = flags.profile || environment.AWS_PROFILE || environment.AWS_DEFAULT_PROFILE;
  const profile = chosen || 'default';
  const setting = (variable: string, name: string) => environment[variable] || config.setting(profile, name);
  const region =
    flags.region || environment.AWS_REGION || environment.AWS_DEFAULT_REGION || config.setting(profile, 'region');
  const pairs = SERVICES.map((service) => [service, endpointOf(service, profile, flags, environment, config)] as const);
  return {
    profile,
    profileChosen: Boolean(chosen),
    region: region ? assertRegion(region) : null,
    fips: isTrue(setting('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint')),
    dualStack: isTrue(setting('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint')),
    endpoints: Object.fromEntries(pairs.filter(([, override]) => override !== undefined)),
    caBundle: config.setting(profile, 'ca_bundle') ?? null,
  };
}

/** "Service-specific endpoints", AWS SDKs and tools guide. */
function endpointOf(
  service: ServiceName,
  profile: string,
  flags: Flags,
  environment: Environment,
  config: SharedConfig,
): EndpointOverride | undefined {
  if (flags.endpointUrl) return { url: flags.endpointUrl, source: '--endpoint-url' };
  const ignore =
    environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS || config.setting(profile, 'ignore_configured_endpoint_urls');
  if (isTrue(ignore)) return undefined;
  for (const variable of [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'AWS_ENDPOINT_URL']) {
    const url = environment[variable];
    if (url) return { url, source: variable };
  }
  const section = config.setting(profile, 'services');
  const special = section === undefined ? undefined : config.service(section, service, 'endpoint_url');
  if (special)
    return { url: special, source: `endpoint_url of ${service} in [services ${section}] of ${config.configFile}` };
  const general = config.setting(profile, 'endpoint_url');
  return general ? { url: general, source: `endpoint_url of profile ${profile}` } : undefined;
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
