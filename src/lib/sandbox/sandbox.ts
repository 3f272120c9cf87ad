import { randomBytes } from 'node:crypto';
import { type Instant, instantFromMillis } from '../base/time.js';
import { callAs } from './as-role.js';
import { asCloudTrail } from './as-service.js';
import { type Authority, createAuthority } from './authority.js';
import { createClock, type SandboxClock } from './clock.js';
import { createCloudTrail } from './cloudtrail/service.js';
import { openTrail, type Trail } from './cloudtrail/trail.js';
import { type Dispatch, dispatch } from './dispatch.js';
import { createFaults, type Faults } from './faults.js';
import { createIam } from './iam/service.js';
import { type Organization, openOrganization } from './organization.js';
import { openPrincipals, type Principals } from './principals.js';
import { createQuotas, NO_QUOTAS } from './quotas.js';
import { DEFAULT_SEED, type SeedRoles, seed } from './seed.js';
import { type Service, ServiceError } from './service.js';
import { type Propagation, SERVICES, type ServiceFactory, type ServiceHost } from './services.js';
import type { DurableStore } from './state.js';
import type { TokenWish } from './sts/federation.js';
import { createSts } from './sts/service.js';
import type { RoleTagEffect, Session } from './sts/session.js';
import type { HttpRequest, HttpResponse } from './wire/message.js';
import { newRequestId } from './wire/request-id.js';

/** No account of AWS's has this id; records made here can never pass for records of a real one. */
export const SANDBOX_ACCOUNT = '000000000000';
export const DEFAULT_REGIONS: readonly string[] = ['eu-central-1', 'eu-west-1', 'us-east-1'];

export interface SandboxOptions {
  readonly store: DurableStore;
  /** Wall clock, milliseconds since 1970. */
  readonly wallMillis?: () => number;
  readonly random?: (bytes: number) => Buffer;
  readonly account?: string;
  readonly regions?: readonly string[];
  readonly seed?: SeedRoles;
  readonly services?: readonly ServiceFactory[];
  /** When edits of role tags reach running sessions; default `live`. */
  readonly roleTags?: RoleTagEffect;
  /** Request quotas as AWS has them, with ThrottlingException; default off. */
  readonly quotas?: boolean;
  /** Default `documented`. */
  readonly propagation?: Propagation;
  /** How old an event is when LookupEvents first shows it, in seconds; AWS says up to 15 minutes. Default 0. */
  readonly trailDelaySeconds?: number;
  /** Told when a `kill-…` fault strikes. */
  readonly onKill?: (point: 'before' | 'after', operation: string) => void;
  /** Told of failures of the sandbox itself. */
  readonly onBug?: (cause: unknown) => void;
}

/** A profile's static credentials: practice secrets, worth nothing outside of this sandbox. */
export interface ProfileKey {
  readonly name: string;
  readonly roleArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SandboxStatus {
  readonly account: string;
  readonly now: Instant;
  readonly offsetSeconds: number;
  readonly regions: readonly { readonly name: string; readonly up: boolean }[];
  readonly profiles: readonly { readonly name: string; readonly roleArn: string }[];
}

/** The whole model in one process: AWS requests through `handle`, everything else is for whoever runs the rehearsal. */
export interface Sandbox {
  readonly account: string;
  readonly regions: readonly string[];
  readonly faults: Faults;
  readonly organization: Organization;
  /** Answers one AWS request; never throws. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  nowMillis(): number;
  status(): SandboxStatus;
  profiles(): readonly ProfileKey[];
  /** Moves sandbox time forward; what is due happens. @throws ServiceError ValidationException */
  advance(seconds: number): void;
  /** @throws ServiceError ValidationException for a Region that the sandbox does not have. */
  setRegion(region: string, up: boolean): void;
  /** A token of the identity provider that the sandbox plays, for AssumeRoleWithWebIdentity. @throws ServiceError ValidationError */
  issueToken(wish: TokenWish): string;
  /** Records of the newest S3 data events, JSON text each, oldest first. */
  dataEvents(): readonly string[];
  /** A fresh account in wall time; profiles keep their keys. */
  reset(): void;
  close(): void;
}

const TABLE = 'sandbox';
const SEEDED = 'seeded';
const DOWN = 'sandbox.down';

/** @throws CustodyError STORAGE when the state cannot be written. */
export function createSandbox(options: SandboxOptions): Sandbox {
  return new EmbeddedSandbox(options);
}

class EmbeddedSandbox implements Sandbox {
  readonly account: string;
  readonly regions: readonly string[];
  readonly faults: Faults;
  readonly organization: Organization;
  readonly #options: SandboxOptions;
  readonly #random: (bytes: number) => Buffer;
  readonly #clock: SandboxClock;
  readonly #principals: Principals;
  #model: Dispatch;

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.account = options.account ?? SANDBOX_ACCOUNT;
    this.regions = options.regions ?? DEFAULT_REGIONS;
    this.#random = options.random ?? randomBytes;
    this.faults = createFaults(this.#random);
    this.#clock = createClock(options.store, options.wallMillis ?? Date.now);
    this.#principals = openPrincipals(options.store, this.account);
    this.organization = openOrganization(options.store);
    if (options.store.get(TABLE, SEEDED) === undefined) this.#plant([]);
    this.#model = this.#build();
  }

  handle(request: HttpRequest): Promise<HttpResponse> {
    return dispatch(this.#model, request, newRequestId(this.#random));
  }

  nowMillis(): number {
    return this.#clock.nowMillis();
  }

  profiles(): readonly ProfileKey[] {
    return this.#principals.sessions.list().flatMap(({ profile, roleName, accessKeyId, secretAccessKey }) => {
      const roleArn = `arn:aws:iam::${this.account}:role/${roleName}`;
      return profile === null ? [] : [{ name: profile, roleArn, accessKeyId, secretAccessKey }];
    });
  }

  status(): SandboxStatus {
    return {
      account: this.account,
      now: instantFromMillis(this.#clock.nowMillis()),
      offsetSeconds: this.#clock.offsetSeconds(),
      regions: this.regions.map((name) => ({ name, up: !this.#isDown(name) })),
      profiles: this.profiles().map(({ name, roleArn }) => ({ name, roleArn })),
    };
  }

  advance(seconds: number): void {
    this.#clock.advance(seconds);
    for (const service of this.#model.services) service.settle(this.#clock.nowMillis(), null);
    this.#options.store.flush();
  }

  setRegion(region: string, up: boolean): void {
    const { store } = this.#options;
    if (!this.regions.includes(region)) {
      throw new ServiceError('ValidationException', `no such Region: ${region.slice(0, 64)}`);
    }
    if (up) store.remove(DOWN, region);
    else store.put(DOWN, region, { down: true });
    store.flush();
  }

  issueToken(wish: TokenWish): string {
    const token = this.#principals.federation.issue(wish, this.nowMillis());
    this.#options.store.flush();
    return token;
  }

  reset(): void {
    const keep = this.#principals.sessions.list();
    this.faults.clear();
    this.#options.store.clear();
    this.#plant(keep);
    // Services may hold what they read at their start.
    this.#model = this.#build();
  }

  readonly close = (): void => this.#options.store.close();
  readonly dataEvents = () => this.#model.trail.dataEvents();

  #isDown(region: string): boolean {
    return this.#options.store.get(DOWN, region) !== undefined;
  }

  #plant(keep: readonly Session[]): void {
    const { store, seed: names = DEFAULT_SEED } = this.#options;
    seed(this.#principals, {
      account: this.account,
      names,
      nowMillis: this.#clock.nowMillis(),
      random: this.#random,
      keep,
    });
    store.put(TABLE, SEEDED, { account: this.account });
    store.flush();
  }

  #build(): Dispatch {
    const { store, roleTags = 'live', onKill = () => undefined, onBug = () => undefined } = this.#options;
    const { account, regions, faults, organization } = this;
    const { roles, policies } = this.#principals;
    const trail = openTrail({ store, account, random: this.#random });
    const authority = createAuthority({ roles, policies, organization });
    return {
      store,
      clock: this.#clock,
      principals: this.#principals,
      authority,
      services: this.#services(trail, authority),
      faults,
      trail,
      quotas: this.#options.quotas ? createQuotas() : NO_QUOTAS,
      account,
      regions,
      roleTags,
      isDown: (region) => this.#isDown(region),
      onKill,
      onBug,
    };
  }

  #services(trail: Trail, authority: Authority): readonly Service[] {
    const { store, services = SERVICES, propagation = 'documented', trailDelaySeconds = 0 } = this.#options;
    const { account, regions } = this;
    const random = this.#random;
    const { roles, sessions, policies, providers, exists: principalExists } = this.#principals;
    const inRole = { account, principals: this.#principals, authority, services: () => all };
    const host: ServiceHost = {
      store,
      account,
      regions,
      random,
      principalExists,
      propagation,
      announce: trail.announce.bind(trail),
      callAs: callAs.bind(null, inRole),
    };
    const all: readonly Service[] = [
      createIam({ account, roles, policies, providers, random }),
      createSts({ roles, policies, sessions, random }),
      ...services.map((make) => make(host)),
      // Last: what the others did by themselves because time has come is delivered, too.
      createCloudTrail({ ...host, history: trail, delaySeconds: trailDelaySeconds, ask: asCloudTrail(inRole) }),
    ];
    return all;
  }
}
