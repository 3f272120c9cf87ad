import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import type { KeyReader } from '../key/key.js';
import type { BlobId } from '../record/store.js';
import { type ExportedKey, exportKey, type KeyToExport } from './export-key.js';
import { FileTable } from './file-table.js';
import { orGap, sortGaps } from './gap.js';
import type { Gap, RegionInventory } from './manifest.js';
import { KEY_FILES, keyFilePath, principalsPath } from './paths.js';
import { forEachOf } from './pool.js';
import { type Found, findKeys, type Scope } from './scope.js';
import { formatPart, formatPrincipals, type Principal } from './snapshot.js';

/** What an export needs of the outside. */
export interface ExportPorts {
  readonly reader: KeyReader;
  readonly roleId: (arn: string) => Promise<string | null>;
  readonly clock: Clock;
  readonly progress: (text: string) => void;
  /** Takes each file once, as soon as it is there; nothing is kept here but digests. Null: it is not staged. */
  readonly put: (path: string, bytes: Uint8Array) => Promise<BlobId | null>;
}

/** What was exported, and what was not. */
export interface Exported {
  readonly files: FileTable;
  readonly inventory: readonly RegionInventory[];
  readonly unreadable: readonly Gap[];
  readonly uncovered: readonly string[];
}

/** In flight at once in one Region; how fast calls go is for the pace of each operation (aws/pace). */
const WIDTH = 32;
const ROLES_WIDTH = 4;
/** No path may have more (git/tree). */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads the keys in scope and hands over their files. A failure of one read leaves a gap; what stands on nothing fails.
 * @throws CustodyError CREDENTIALS_MISSING, ENDPOINT_REFUSED · UNAVAILABLE, DENIED when not one key could be read (T23)
 */
export async function exportKeys(ports: ExportPorts, scope: Scope): Promise<Exported> {
  const gaps: Gap[] = [];
  const found = await findKeys(ports.reader, scope, gaps);
  const run = new ExportRun(ports, scope, gaps, found);
  await Promise.all(found.map((one) => run.region(one)));
  assertSomething(found, run);
  await run.principals();
  return {
    files: run.files,
    inventory: found.map(({ region, inventory }) => ({ ...inventory, exported: run.exported.get(region) ?? 0 })),
    unreadable: sortGaps(gaps),
    uncovered: uncovered(scope, run.seenRegions),
  };
}

function assertSomething(found: readonly Found[], { exported, gaps }: ExportRun): void {
  const [first] = gaps;
  if ([...exported.values()].some((count) => count > 0) || first === undefined) return;
  const denied = gaps.some(({ code }) => code.startsWith('AccessDenied') || code === 'DENIED');
  throw new CustodyError(denied ? 'DENIED' : 'UNAVAILABLE', 'not one key could be read: nothing is backed up', {
    details: { regions: found.map(({ region }) => region), unreadable: gaps.slice(0, 20) },
  });
}

function uncovered({ plan, regions }: Scope, seen: ReadonlySet<string>): readonly string[] {
  const known = new Set([plan.regions.primary, ...plan.regions.replicas, ...seen]);
  return [...known].filter((region) => !regions.includes(region)).sort();
}

class ExportRun {
  readonly files: FileTable;
  readonly exported = new Map<string, number>();
  /** Regions that multi-Region keys tell of. */
  readonly seenRegions = new Set<string>();
  readonly #roles = new Set<string>();
  readonly #startedAt: number;
  readonly #total: number;
  #done = 0;
  #toldAt: number;

  constructor(
    private readonly ports: ExportPorts,
    private readonly scope: Scope,
    readonly gaps: Gap[],
    found: readonly Found[],
  ) {
    this.files = new FileTable(scope.plan.account, found);
    this.#total = found.reduce((sum, { keyIds }) => sum + keyIds.length, 0);
    this.#startedAt = millisOf(ports.clock.now());
    this.#toldAt = this.#startedAt;
  }

  async region({ region, keyIds, aliases }: Found): Promise<void> {
    await forEachOf(keyIds, WIDTH, async (keyId) => {
      await this.#key({ region, keyId, aliases: aliases.get(keyId) ?? [] });
    });
  }

  async #key(key: KeyToExport): Promise<void> {
    const { reader } = this.ports;
    const found = await exportKey(reader, this.scope.plan, key, this.gaps);
    await this.#keep(key, found);
    this.#count();
  }

  async #keep({ region, keyId }: KeyToExport, { description, snapshot, roles }: ExportedKey): Promise<void> {
    if (description === null) return;
    const { account } = this.scope.plan;
    for (const name of KEY_FILES) {
      const part = snapshot[name];
      if (part === undefined || part === null) continue;
      await this.#put(keyFilePath({ account, region, keyId }, name), formatPart(part), {
        region,
        subject: keyId,
        part: name,
      });
    }
    for (const role of roles) this.#roles.add(role);
    const { multiRegion } = description;
    for (const one of multiRegion ? [multiRegion.primaryRegion, ...multiRegion.replicaRegions] : [])
      this.seenRegions.add(one);
    this.exported.set(region, (this.exported.get(region) ?? 0) + 1);
  }

  async #put(path: string, bytes: Uint8Array, where: Pick<Gap, 'region' | 'subject' | 'part'>): Promise<void> {
    if (bytes.length > MAX_FILE_BYTES) {
      this.gaps.push({ ...where, code: 'LIMIT_EXCEEDED' });
      return;
    }
    this.files.set(path, digestOf(bytes), await this.ports.put(path, bytes));
  }

  async principals(): Promise<void> {
    const found: Principal[] = [];
    const roles = [...this.#roles].sort();
    await forEachOf(roles, ROLES_WIDTH, async (arn) => {
      const where = { region: null, subject: arn, part: 'principal' };
      const uniqueId = await orGap(this.gaps, where, () => this.ports.roleId(arn));
      if (uniqueId !== undefined) found.push({ arn, uniqueId });
    });
    const path = principalsPath(this.scope.plan.account);
    await this.#put(path, formatPrincipals(found), { region: null, subject: null, part: 'principals' });
  }

  #count(): void {
    this.#done += 1;
    const now = millisOf(this.ports.clock.now());
    if (now - this.#toldAt < 1000) return;
    this.#toldAt = now;
    const rate = Math.round((this.#done * 1000) / (now - this.#startedAt));
    this.ports.progress(`${this.#done} of ${this.#total} keys read, ${rate} a second`);
  }
}
