import type { JsonObject } from '../../base/canonical-json.js';
import type { StateStore } from '../service.js';

/** The rows of one kind: read from the store once, every change written through before it is seen. */
export class Table<Row extends JsonObject> {
  private readonly rows = new Map<string, Row>();

  constructor(
    private readonly store: StateStore,
    private readonly name: string,
  ) {
    for (const [id, row] of store.rows(name)) {
      // The store holds only what this class wrote.
      const stored: unknown = row;
      this.rows.set(id, stored as Row);
    }
  }

  get(id: string): Row | undefined {
    return this.rows.get(id);
  }

  put(id: string, row: Row): Row {
    this.store.put(this.name, id, row);
    this.rows.set(id, row);
    return row;
  }

  remove(id: string): void {
    this.store.remove(this.name, id);
    this.rows.delete(id);
  }

  /** In order of creation; a copy, so that rows may change while it is read. */
  entries(): readonly (readonly [id: string, row: Row])[] {
    return [...this.rows];
  }

  values(): readonly Row[] {
    return [...this.rows.values()];
  }
}
