// `custody ledger verify` of a large audit ledger in a folder: against OpenSSL's SHA-256 of the same leaves and nodes (a
// C program built here), and against Go's sumdb packages over the same bundles.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createObjectDirectory } from '../build/lib/fs/object-directory.js';
import { EMPTY_HEAD, link } from '../build/lib/ledger/chain.js';
import { bundleName, parseSlot, slotName } from '../build/lib/ledger/slot.js';
import { createSlotLedger } from '../build/lib/ledger/slots.js';
import { inTurns, run, runOk } from './measure.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = Number(process.env.BENCH_LEDGER_ENTRIES ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_LEDGER_ROUNDS ?? 3);
const BATCH = 5000;
const MORE = 1000;

const FLOOR = `
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* Leaves and nodes of the tree over length-prefixed entries: nothing but SHA-256, one reused context, bytes in memory. */
int main(int argc, char **argv) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new(); EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
  unsigned char peaks[64][32], pair[65], leaf[65537]; int count = 0; long n = 0; double spent = 0;
  char path[4096];
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\\n")] = 0; FILE *f = fopen(path, "rb"); fseek(f, 0, SEEK_END); long size = ftell(f); rewind(f);
    unsigned char *data = malloc(size); if (fread(data, 1, size, f) != size) return 1; fclose(f);
    struct timespec a, b; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (long at = 0; at < size;) {
      long length = data[at] << 8 | data[at + 1]; unsigned char hash[32]; data[at + 1] = 0;
      EVP_DigestInit_ex2(ctx, md, NULL); EVP_DigestUpdate(ctx, data + at + 1, length + 1); EVP_DigestFinal_ex(ctx, hash, NULL);
      for (long rest = n; rest & 1; rest >>= 1) {
        pair[0] = 1; memcpy(pair + 1, peaks[--count], 32); memcpy(pair + 33, hash, 32);
        EVP_DigestInit_ex2(ctx, md, NULL); EVP_DigestUpdate(ctx, pair, 65); EVP_DigestFinal_ex(ctx, hash, NULL);
      }
      memcpy(peaks[count++], hash, 32); n++; at += 2 + length;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b); spent += (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6; free(data);
  }
  printf("{\\"millis\\":%.1f,\\"entries\\":%ld}\\n", spent, n);
}
`;

export async function benchLedger() {
  const dir = mkdtempSync(join(tmpdir(), 'custody-bench-ledger-'));
  try {
    const folder = join(dir, 'ledger');
    const bundles = await makeLedger(folder, ENTRIES);
    writeFileSync(join(folder, 'order'), bundles.join('\n'));
    writeFileSync(join(dir, 'floor.c'), FLOOR);
    execFileSync('gcc', ['-O2', '-w', '-o', join(dir, 'floor'), join(dir, 'floor.c'), '-lcrypto']);
    execFileSync('go', ['build', '-o', join(dir, 'tlog'), '.'], { cwd: join(ROOT, 'test/interop/peer/tlog') });
    const input = bundles.map((name) => join(folder, name)).join('\n');
    const env = { ...process.env, XDG_STATE_HOME: join(dir, 'state'), GOMAXPROCS: '1', UV_THREADPOOL_SIZE: '1' };
    await verify(folder, env, []);
    let times = 0;
    const firstTime = () => ({ ...env, XDG_STATE_HOME: join(dir, `state-of-a-first-time-${times++}`) });
    const cases = {
      floor: async () => JSON.parse((await runOk([join(dir, 'floor')], { input: `${input}\n` })).stdout),
      go: async () => JSON.parse((await runOk([join(dir, 'tlog'), 'bench', folder], { env })).stdout),
      again: () => verify(folder, env, []),
      first: () => verify(folder, firstTime(), []),
    };
    const millis = await inTurns(cases, ROUNDS);
    const sizes = await incremental(folder, env);
    return {
      name: `ledger verify: ${ENTRIES} entries, milliseconds of CPU (start of the tool and reading included, but for the floor); load ${loadavg().map((one) => one.toFixed(1))}`,
      floor: millis.floor,
      go: millis.go,
      again: millis.again,
      ratioToFloor: millis.again / millis.floor,
      ratioToGo: millis.again / millis.go,
      first: millis.first,
      firstToFloor: millis.first / millis.floor,
      firstToGo: millis.first / millis.go,
      peakMiB: await peakMiB(folder, firstTime()),
      peakAgainMiB: await peakMiB(folder, env),
      ...sizes,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** On one core; CPU of the whole process as its parent is told of it, so that measuring costs it nothing. */
async function verify(folder, env, words) {
  const { stderr, seconds } = await verifyOnce(folder, env, [], words);
  const [, user, system] = /CPU ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return { millis: (Number(user) + Number(system)) * 1000, seconds };
}

/** The peak of resident memory as the process itself has it. */
async function peakMiB(folder, env) {
  const report = "process.on('exit', () => process.stderr.write('PEAK ' + process.resourceUsage().maxRSS + '\\n'))";
  const { stderr } = await verifyOnce(
    folder,
    env,
    ['--import', `data:text/javascript,${encodeURIComponent(report)}`],
    [],
  );
  return Number(/PEAK (\d+)/.exec(stderr)?.[1] ?? Number.NaN) / 1024;
}

async function verifyOnce(folder, env, options, words) {
  const command = [process.execPath, ...options, join(ROOT, 'bin/run.js'), 'ledger', 'verify', '--directory', folder];
  const started = performance.now();
  const timed = 'TIMEFORMAT="CPU %U %S"; time "$@"';
  const { code, stdout, stderr } = await run(['taskset', '-c', '0', 'bash', '-c', timed, 'x', ...command, ...words], {
    env: { ...env, PWD: tmpdir() },
    cwd: tmpdir(),
  });
  if (code !== 0) throw new Error(stdout + stderr);
  return { stderr, seconds: (performance.now() - started) / 1000 };
}

async function incremental(folder, env) {
  const ledger = createSlotLedger(createObjectDirectory(folder));
  const head = await ledger.head();
  await ledger.append(link(events(MORE, head.size), head).entries, head);
  const { millis } = await verify(folder, env, ['--since-checkpoint']);
  const nothingNew = await verify(folder, env, ['--since-checkpoint']);
  return { sinceWith1000: millis, sinceWithNothing: nothingNew.millis };
}

async function makeLedger(folder, entries) {
  const objects = createObjectDirectory(folder);
  const ledger = createSlotLedger(objects);
  let head = EMPTY_HEAD;
  while (head.size < entries) {
    const count = Math.min(BATCH, entries - head.size);
    head = await ledger.append(link(events(count, head.size), head).entries, head);
  }
  const names = [];
  for (let number = 0; ; number++) {
    const bytes = await objects.read(slotName(number));
    if (bytes === null) return names;
    names.push(bundleName(parseSlot(bytes, slotName(number)).bundle));
  }
}

/** Some 500 bytes each, as a use of a key in CloudTrail leaves it. */
function events(count, from) {
  return Array.from({ length: count }, (_, n) => ({
    at: '2026-01-31T09:00:00.000Z',
    kind: 'usage',
    by: 'ci',
    requestId: null,
    record: null,
    facts: {
      event: `00000000-0000-4000-8000-${String(from + n).padStart(12, '0')}`,
      operation: 'Decrypt',
      key: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      principal: 'arn:aws:sts::111122223333:assumed-role/app/i-0123456789abcdef0',
      source: '198.51.100.7',
    },
  }));
}
