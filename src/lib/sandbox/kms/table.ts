import type { JsonObject } from '../../base/canonical-json.js';
import type { StateStore } from '../service.js';

/** The rows of one kind: read from the store once, every change written through before it is seen, found by group too. */
export class Table<Row extends JsonObject> {
  private readonly rows = new Map<string, Row>();
  private readonly groups = new Map<string, Map<string, Row>>();
  private changed = 0;

  constructor(
    private readonly store: StateStore,
    private readonly name: string,
    private readonly groupOf: (row: Row) => string = () => '',
  ) {
    for (const [id, row] of store.rows(name)) {
      // The store holds only what this class wrote.
      const stored: unknown = row;
      this.place(id, stored as Row);
    }
  }

  /** How often rows were changed since the start. */
  get changes(): number {
    return this.changed;
  }

  /** The rows of one group, in order of creation. */
  group(name: string): readonly Row[] {
    return [...(this.groups.get(name)?.values() ?? [])];
  }

  get(id: string): Row | undefined {
    return this.rows.get(id);
  }

  put(id: string, row: Row): Row {
    this.store.put(this.name, id, row);
    this.place(id, row);
    return row;
  }

  remove(id: string): void {
    this.store.remove(this.name, id);
    this.leave(id, null);
    this.rows.delete(id);
    this.changed++;
  }

  private place(id: string, row: Row): void {
    const name = this.groupOf(row);
    this.leave(id, name);
    const group = this.groups.get(name) ?? new Map<string, Row>();
    this.groups.set(name, group.set(id, row));
    this.rows.set(id, row);
    this.changed++;
  }

  /** Takes the row out of its group, unless that is the one where it stays. */
  private leave(id: string, stays: string | null): void {
    const before = this.rows.get(id);
    const name = before && this.groupOf(before);
    if (name === undefined || name === stays) return;
    const group = this.groups.get(name);
    group?.delete(id);
    if (group?.size === 0) this.groups.delete(name);
  }

  /** In order of creation; a copy, so that rows may change while it is read. */
  entries(): readonly (readonly [id: string, row: Row])[] {
    return [...this.rows];
  }

  values(): readonly Row[] {
    return [...this.rows.values()];
  }
}
