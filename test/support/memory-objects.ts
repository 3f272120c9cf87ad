import { CustodyError } from '../../src/lib/base/errors.js';
import { type Instant, parseInstant } from '../../src/lib/base/time.js';
import { MAX_OBJECT_BYTES, OBJECT_NAME, type ObjectStore } from '../../src/lib/ledger/objects.js';

interface Kept {
  /** First to last; a marker is null. */
  readonly versions: (Uint8Array | null)[];
  createdAt: Instant | null;
  retainedUntil: Instant | null;
}

/** Write-once objects in memory, as S3 keeps them: versions and markers. A test can do to them what an attacker does. */
export interface MemoryObjects extends ObjectStore {
  readonly kept: Map<string, Kept>;
  /** What S3 allows whoever may delete: a marker, under which the name seems free. */
  mark(name: string): void;
  /** Other bytes in place of the first version's, which no lock allows. */
  replace(name: string, bytes: Uint8Array): void;
  /** The name is gone as if it had never been. */
  lose(name: string): void;
  names(prefix?: string): string[];
}

export interface MemoryObjectsOptions {
  readonly createdAt?: Instant;
  readonly retainedUntil?: Instant;
}

export function createMemoryObjects(options: MemoryObjectsOptions = {}): MemoryObjects {
  const kept = new Map<string, Kept>();
  const names = (prefix = '') => [...kept.keys()].filter((name) => name.startsWith(prefix)).sort();
  const versionsOf = (name: string) => kept.get(name)?.versions ?? [];
  return {
    kept,
    names,
    create: async (name, bytes) => {
      assertName(name);
      if (bytes.length > MAX_OBJECT_BYTES) throw new CustodyError('LIMIT_EXCEEDED', `${name} is too large`);
      if ((versionsOf(name).at(-1) ?? null) !== null) return 'exists';
      const { createdAt = parseInstant('2026-01-31T09:00:00.000Z'), retainedUntil = null } = options;
      const before = kept.get(name) ?? { versions: [], createdAt, retainedUntil };
      before.versions.push(Uint8Array.from(bytes));
      kept.set(name, before);
      return 'created';
    },
    read: async (name) => {
      assertName(name);
      return versionsOf(name).find((version) => version !== null) ?? null;
    },
    list: async function* (prefix, after = '') {
      for (const name of names(prefix)) if (name > after) yield name;
    },
    histories: async function* (prefix) {
      for (const name of names(prefix)) {
        const { versions, createdAt = null, retainedUntil = null } = kept.get(name) ?? { versions: [] };
        const deleteMarkers = versions.filter((version) => version === null).length;
        yield { name, versions: versions.length - deleteMarkers, deleteMarkers, createdAt, retainedUntil };
      }
    },
    mark: (name) => void kept.get(name)?.versions.push(null),
    replace: (name, bytes) => void kept.get(name)?.versions.splice(0, 1, bytes),
    lose: (name) => void kept.delete(name),
  };
}

function assertName(name: string): void {
  if (!OBJECT_NAME.test(name)) throw new CustodyError('REFUSED', `not the name of an object: ${name}`);
}
