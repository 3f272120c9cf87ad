import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { CustodyError } from '../base/errors.js';
import type { BlobId, Stage } from '../record/store.js';
import { plumbingEnvironment } from './environment.js';
import { isBlobId } from './objects.js';
import type { GitProcess } from './spawn.js';
import { MAX_BLOB_BYTES } from './tree.js';

/** The id that git gives to a file's bytes. */
export function blobIdOf(bytes: Uint8Array): BlobId {
  const id = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  if (isBlobId(id)) return id;
  throw new CustodyError('BUG', 'SHA-1 gave no 40 hex characters');
}

/**
 * Writes blobs as they come, through one `git fast-import` that is started with the first one that is new. What a run that
 * was cut off has left lies in no commit; git clears it away some day.
 */
export function openStage(git: GitProcess, known: ReadonlySet<string>): Stage {
  let writer: BlobWriter | null = null;
  return {
    put: async (bytes) => {
      if (bytes.length > MAX_BLOB_BYTES)
        throw new CustodyError(
          'TREE_MALFORMED',
          `a file has ${bytes.length} bytes; at most ${MAX_BLOB_BYTES} are kept`,
        );
      const id = blobIdOf(bytes);
      // What is new and comes twice, Git itself keeps once: to remember each id here would take more than the ids.
      if (known.has(id)) return id;
      writer ??= startWriter(git);
      await writer.write(bytes);
      return id;
    },
    end: async () => writer?.end(),
  };
}

interface BlobWriter {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

function startWriter(git: GitProcess): BlobWriter {
  const child = spawn('git', ['fast-import', '--done', '--quiet', '--force'], {
    env: plumbingEnvironment(git.environment, git.gitDir),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  // Why the pipe broke, the exit status says.
  child.stdin.on('error', () => undefined);
  // One listener for all who wait: a run has some dozens of them at a time.
  let waiting: (() => void)[] = [];
  let isOver = false;
  const release = (): void => {
    const released = waiting;
    waiting = [];
    for (const goOn of released) goOn();
  };
  child.stdin.on('drain', release);
  void ended.then(() => {
    isOver = true;
    release();
  });
  return {
    write: async (bytes) => {
      child.stdin.write(`blob\ndata ${bytes.length}\n`);
      child.stdin.write(bytes);
      if (child.stdin.write('\n') || isOver) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
    end: async () => {
      child.stdin.end('done\n');
      const code = await ended;
      if (code !== 0) throw new CustodyError('STORAGE', `git fast-import ended with ${code ?? 'a failure'}`);
    },
  };
}
