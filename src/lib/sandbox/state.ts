import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { DISK, type Disk, Journal, writeDurably } from './journal.js';
import { takeLock } from './lock.js';
import type { StateStore } from './service.js';

/** A StateStore with what the host of the services needs beyond it. */
export interface DurableStore extends StateStore {
  get(table: string, id: string): JsonObject | undefined;
  /** Forgets every row. */
  clear(): void;
  /**
   * Makes all changes since the last flush durable, as one unit.
   * @throws CustodyError STORAGE; the changes are kept, and the next flush writes them when the disk takes them again
   */
  flush(): void;
  /** Releases the lock; the store is unusable then. */
  close(): void;
}

type Change = ['put', string, string, JsonObject] | ['remove', string, string] | ['clear'];

const JOURNAL = 'journal.jsonl';
const HEADER = '{"custodySandbox":1}';

class Tables {
  readonly #tables = new Map<string, Map<string, JsonObject>>();

  get(table: string, id: string): JsonObject | undefined {
    return this.#tables.get(table)?.get(id);
  }

  *rows(table: string): IterableIterator<readonly [string, JsonObject]> {
    yield* this.#tables.get(table) ?? [];
  }

  apply(change: Change): void {
    if (change[0] === 'clear') this.#tables.clear();
    else if (change[0] === 'remove') this.#tables.get(change[1])?.delete(change[2]);
    else {
      const rows = this.#tables.get(change[1]) ?? new Map<string, JsonObject>();
      this.#tables.set(change[1], rows.set(change[2], change[3]));
    }
  }

  *changes(): IterableIterator<Change> {
    for (const [table, rows] of this.#tables) for (const [id, row] of rows) yield ['put', table, id, row];
  }
}

/** A store that lives as long as the process: for tests and rehearsals in process. */
export function createMemoryStore(): DurableStore {
  const tables = new Tables();
  return {
    get: (table, id) => tables.get(table, id),
    rows: (table) => tables.rows(table),
    put: (table, id, row) => tables.apply(['put', table, id, row]),
    remove: (table, id) => tables.apply(['remove', table, id]),
    clear: () => tables.apply(['clear']),
    flush: () => undefined,
    close: () => undefined,
  };
}

/**
 * A store in `dir` (made with mode 0700): an append-only journal of JSON lines, one line a flush, compacted at start.
 * @throws CustodyError LOCKED when another process has it open, STORAGE when the journal is damaged or not writable.
 */
export function openFileStore(dir: string, disk: Disk = DISK): DurableStore {
  makePrivateDir(dir);
  const release = takeLock(join(dir, 'lock'));
  try {
    const tables = readJournal(join(dir, JOURNAL));
    compact(dir, tables, disk);
    const fd = openSync(join(dir, JOURNAL), 'a', 0o600);
    return journalStore(tables, new Journal(fd, fstatSync(fd).size, disk), release);
  } catch (cause) {
    release();
    throw storageError(cause, `the sandbox state in ${dir} cannot be opened`);
  }
}

/** Makes `dir` if need be; its owner alone can enter it. */
export function makePrivateDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
  } catch (cause) {
    throw storageError(cause, `the sandbox directory ${dir} cannot be used`);
  }
}

function journalStore(tables: Tables, journal: Journal, release: () => void): DurableStore {
  let pending: Change[] = [];
  let open = true;
  const change = (item: Change): void => {
    tables.apply(item);
    pending.push(item);
  };
  return {
    get: (table, id) => tables.get(table, id),
    rows: (table) => tables.rows(table),
    put: (table, id, row) => change(['put', table, id, row]),
    remove: (table, id) => change(['remove', table, id]),
    clear: () => change(['clear']),
    flush: () => {
      if (!open) throw storageError(undefined, 'the sandbox state is closed');
      if (pending.length === 0) return;
      try {
        journal.append(`${JSON.stringify(pending)}\n`);
        pending = [];
      } catch (cause) {
        // Memory is ahead of the disk until a flush succeeds, and nothing is answered before one does.
        throw storageError(cause, 'the sandbox state could not be written');
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      journal.close();
      release();
    },
  };
}

function readJournal(file: string): Tables {
  const tables = new Tables();
  if (!existsSync(file)) return tables;
  const lines = readFileSync(file, 'utf8').split('\n');
  // What follows the last newline is a line torn by a crash; its call was never answered.
  lines.pop();
  if (lines.length > 0 && lines[0] !== HEADER) throw damaged(1);
  for (const [at, line] of lines.entries()) {
    if (at > 0) for (const change of parseChanges(line, at + 1)) tables.apply(change);
  }
  return tables;
}

function parseChanges(line: string, number: number): Change[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw damaged(number);
  }
  if (!Array.isArray(value) || !value.every(isChange)) throw damaged(number);
  return value;
}

function isChange(value: unknown): value is Change {
  if (!Array.isArray(value)) return false;
  const [kind, table, id, row] = value as unknown[];
  if (kind === 'clear') return value.length === 1;
  if (typeof table !== 'string' || typeof id !== 'string') return false;
  return kind === 'remove' ? value.length === 3 : kind === 'put' && value.length === 4 && isObject(row);
}

function compact(dir: string, tables: Tables, disk: Disk): void {
  const fresh = join(dir, `${JOURNAL}.new`);
  const fd = openSync(fresh, 'w', 0o600);
  try {
    const lines = [HEADER, ...Array.from(tables.changes(), (change) => JSON.stringify([change]))];
    writeDurably(disk, fd, Buffer.from(`${lines.join('\n')}\n`, 'utf8'));
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, join(dir, JOURNAL));
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function damaged(line: number): CustodyError {
  return new CustodyError('STORAGE', `the sandbox journal is damaged at line ${line}`, {
    suggestions: ['Start the sandbox on another directory, or remove this one: its keys are practice keys only.'],
  });
}

function storageError(cause: unknown, message: string): CustodyError {
  return cause instanceof CustodyError ? cause : new CustodyError('STORAGE', message, { cause });
}
