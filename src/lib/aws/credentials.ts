import { CustodyError } from '../base/errors.js';
import type { EndpointKind } from './endpoint.js';
import { codeOfCause } from './errors.js';
import type { Settings } from './settings.js';
import type { Environment, SharedConfig } from './shared-config.js';
import type { RequestHandler } from './transport.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialSource = () => Promise<Credentials>;

export interface CredentialContext {
  readonly kind: EndpointKind;
  readonly settings: Settings;
  readonly environment: Environment;
  readonly config: SharedConfig;
  readonly handler: RequestHandler;
}

const REFRESH_MILLIS = 5 * 60 * 1000;
export const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}

/**
 * Credentials as every AWS tool finds them: keys in the environment, the profile (keys, role, SSO, process), then for
 * AWS itself a web identity token, container and instance metadata. They are kept until 5 minutes before they expire.
 * @throws CustodyError CREDENTIALS_MISSING, and what the guarded requests for them throw
 */
export function credentialSource(context: CredentialContext): CredentialSource {
  let kept: Promise<Credentials> | undefined;
  let expires = Number.POSITIVE_INFINITY;
  return async () => {
    if (kept !== undefined && expires - Date.now() > REFRESH_MILLIS) return kept;
    expires = Number.POSITIVE_INFINITY;
    const asked = find(context);
    kept = asked;
    try {
      const found = await asked;
      expires = found.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      return found;
    } catch (cause) {
      if (kept === asked) kept = undefined;
      throw cause;
    }
  };
}

async function find(context: CredentialContext): Promise<Credentials> {
  const { settings, environment } = context;
  const accessKeyId = environment.AWS_ACCESS_KEY_ID;
  const secretAccessKey = environment.AWS_SECRET_ACCESS_KEY;
  const sessionToken = environment.AWS_SESSION_TOKEN;
  if (!settings.profileChosen && accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  }
  try {
    return await findInChain(context);
  } catch (cause) {
    throw ownError(cause) ?? missing(cause, settings.profile);
  }
}

/** The SDK's words may quote what a credential process printed, so only the kind of failure is kept (T46). */
function missing(cause: unknown, profile: string): CustodyError {
  const found = codeOfCause(cause);
  const passing = found === 'UNAVAILABLE' || found === 'TIMEOUT' || found === 'THROTTLED';
  const code = passing || found === 'DENIED' ? found : 'CREDENTIALS_MISSING';
  return new CustodyError(code, `no valid AWS credentials from profile ${profile}`, {
    details: { profile },
    suggestions: ['Choose a profile with --profile or AWS_PROFILE, or log in again (`aws sso login`).'],
  });
}

async function findInChain({ kind, settings, environment, config, handler }: CredentialContext): Promise<Credentials> {
  const providers = await import('@aws-sdk/credential-providers');
  const shared = {
    profile: settings.profile,
    filepath: config.credentialsFile,
    configFilepath: config.configFile,
    ignoreCache: true,
    logger: SILENT,
    clientConfig: nestedConfig(settings, handler),
    ...(settings.region === null ? {} : { parentClientConfig: { region: settings.region } }),
    ...(environment.AWS_WEB_IDENTITY_TOKEN_FILE
      ? { webIdentityTokenFile: environment.AWS_WEB_IDENTITY_TOKEN_FILE }
      : {}),
    ...(environment.AWS_ROLE_ARN ? { roleArn: environment.AWS_ROLE_ARN } : {}),
    ...(environment.AWS_ROLE_SESSION_NAME ? { roleSessionName: environment.AWS_ROLE_SESSION_NAME } : {}),
  };
  // A sandbox has no metadata service: asking the machine's own would put real credentials into a rehearsal.
  if (kind === 'sandbox') return providers.fromIni(shared)();
  return providers.fromNodeProviderChain(shared)();
}

/** For the SDK's own clients that fetch a profile's credentials: the same guard, the same endpoints, one try. */
function nestedConfig(settings: Settings, handler: RequestHandler) {
  const override = settings.endpoints.sts;
  return {
    requestHandler: handler,
    maxAttempts: 3,
    // Without this they would look for endpoints by themselves, and in another profile than the one chosen.
    ...(override ? { endpoint: override.url } : { ignoreConfiguredEndpointUrls: true }),
  };
}

/** Providers wrap what a request threw; a refusal of ours inside is the real reason. */
function ownError(cause: unknown): CustodyError | null {
  for (let error = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if (error instanceof CustodyError) return error;
  }
  return null;
}
