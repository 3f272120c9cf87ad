import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { WriterJob } from './append-process.js';
import { PACKAGE_ROOT } from './built.js';

export interface Ack {
  readonly writer: string;
  readonly number: number;
  readonly sequence: number;
}

/** Writers of a ledger, each a process of its own. */
export interface Writers {
  /** The script that a process runs. */
  readonly program: string;
  run(
    job: WriterJob,
    onAck?: (ack: Ack, child: ChildProcess) => void,
  ): Promise<{ acks: readonly Ack[]; code: number | null }>;
  close(): void;
}

export async function buildWriters(): Promise<Writers> {
  const dir = mkdtempSync(join(tmpdir(), 'custody-writer-'));
  const outfile = join(dir, 'append.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('append-process.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.17',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  // The guard reads its policies from the package.
  mkdirSync(join(dir, 'policies'));
  cpSync(join(PACKAGE_ROOT, 'policies/custody.wasm'), join(dir, 'policies/custody.wasm'));
  return {
    program: outfile,
    run: (job, onAck = () => undefined) => runWriter(outfile, job, onAck),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function runWriter(
  program: string,
  job: WriterJob,
  onAck: (ack: Ack, child: ChildProcess) => void,
): Promise<{ acks: readonly Ack[]; code: number | null }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true' };
    const child = spawn(process.execPath, [program, JSON.stringify(job)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const acks: Ack[] = [];
    let rest = '';
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [writer = '', number, sequence] = line.split(' ');
        const ack = { writer, number: Number(number), sequence: Number(sequence) };
        acks.push(ack);
        onAck(ack, child);
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code !== 0 && signal === null) reject(new Error(`a writer ended with ${code}: ${said}`));
      else resolve({ acks, code });
    });
  });
}
