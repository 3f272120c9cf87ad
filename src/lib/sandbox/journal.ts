import { closeSync, fdatasyncSync, ftruncateSync, writeSync } from 'node:fs';

/** What the journal needs of a disk. */
export interface Disk {
  /** @returns how many bytes were written, at least one */
  write(fd: number, bytes: Uint8Array, from: number): number;
  sync(fd: number): void;
  truncate(fd: number, length: number): void;
}

export const DISK: Disk = { write: writeSync, sync: fdatasyncSync, truncate: ftruncateSync };

/** The open journal. A line that did not fit is taken back whole, so that the next one does not follow half of it. */
export class Journal {
  readonly #fd: number;
  readonly #disk: Disk;
  #length: number;
  #torn: unknown;

  constructor(fd: number, length: number, disk: Disk) {
    this.#fd = fd;
    this.#length = length;
    this.#disk = disk;
  }

  append(line: string): void {
    if (this.#torn !== undefined) throw this.#torn;
    const bytes = Buffer.from(line, 'utf8');
    try {
      writeDurably(this.#disk, this.#fd, bytes);
      this.#length += bytes.length;
    } catch (cause) {
      this.#takeBack(cause);
      throw cause;
    }
  }

  #takeBack(cause: unknown): void {
    try {
      this.#disk.truncate(this.#fd, this.#length);
    } catch {
      // Half a line is there to stay: whatever came after it would be unreadable.
      this.#torn = cause;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** All of `bytes`, and on the disk itself. */
export function writeDurably(disk: Disk, fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += disk.write(fd, bytes, at);
  disk.sync(fd);
}
