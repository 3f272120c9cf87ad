import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportLines } from '../../../src/lib/sandbox/config-files.js';
import { controlSandbox, findSandbox, startSandbox, stopSandbox } from '../../../src/lib/sandbox/process.js';
import { serve } from '../../../src/lib/sandbox/serve.js';

const source = new URL('../../../src/', import.meta.url).pathname;
let build: string;
let dir: string;

/** The sandbox as plain JavaScript with a script that serves it: what a background process runs. */
beforeAll(() => {
  build = mkdtempSync(join(tmpdir(), 'custody-build-'));
  for (const folder of ['lib/base', 'lib/policy', 'lib/sandbox']) transpile(folder);
  symlinkSync(new URL('../../../node_modules', import.meta.url).pathname, join(build, 'node_modules'));
  writeFileSync(join(build, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(build, 'entry.js'),
    `import { serve } from './lib/sandbox/serve.js';
     import { untilStopped } from './lib/sandbox/process.js';
     try { await untilStopped(await serve({ dir: process.argv[2] })); }
     catch (error) { console.error(error.message); process.exitCode = error.exit ?? 1; }`,
  );
});

function transpile(folder: string): void {
  for (const entry of readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const target = join(build, folder, entry.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    };
    writeFileSync(
      target,
      ts.transpileModule(readFileSync(join(source, folder, entry), 'utf8'), { compilerOptions }).outputText,
    );
  }
}

afterAll(() => rmSync(build, { recursive: true, force: true }));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'custody-process-'));
});

afterEach(async () => {
  await stopSandbox(dir);
  rmSync(dir, { recursive: true, force: true });
});

const start = (more = {}) =>
  startSandbox({ dir, entry: join(build, 'entry.js'), args: [dir], env: process.env, ...more });

describe('a sandbox in the background', () => {
  it('is up when start answers, is found, moved and stopped; then nothing is left but its state', async () => {
    const info = await start();
    expect(info).toMatchObject({ alreadyRunning: false, dir, endpoint: `http://127.0.0.1:${info.port}` });
    expect(info.pid).not.toBe(process.pid);
    expect((await findSandbox(dir))?.pid).toBe(info.pid);
    expect((await controlSandbox(dir, 'POST', 'advance', { seconds: 5 })).sandbox).toMatchObject({ offsetSeconds: 5 });
    expect(await stopSandbox(dir)).toBe(true);
    expect(await stopSandbox(dir)).toBe(false);
    expect(await findSandbox(dir)).toBeNull();
    await expect(controlSandbox(dir, 'GET', 'status')).rejects.toMatchObject({ code: 'UNAVAILABLE', exit: 5 });
    expect(readdirSync(dir).sort()).toEqual([
      'config',
      'credentials',
      'journal.jsonl',
      'sandbox.log',
      'settings.json',
      'token',
    ]);
  });

  it('is started once: a second start answers the same', async () => {
    const first = await start();
    const second = await start();
    expect(second).toEqual({ ...first, alreadyRunning: true });
  });

  it('is started once also by two starts at the same moment', async () => {
    const both = await Promise.all([start(), start()]);
    expect(both[0].pid).toBe(both[1].pid);
    await stopSandbox(dir);
    // The loser must not wake up on the directory that the winner has left.
    await setTimeout(1000);
    expect(readdirSync(dir).filter((name) => name.startsWith('lock') || name === 'endpoint.json')).toEqual([]);
  });

  it('T51 killed outright comes back with port, keys and state', async () => {
    const first = await start();
    await controlSandbox(dir, 'POST', 'advance', { seconds: 77 });
    const credentials = readFileSync(first.credentialsFile, 'utf8');
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => findSandbox(dir).catch(() => 'dying')).toBeNull();
    const second = await start();
    expect([second.alreadyRunning, second.port]).toEqual([false, first.port]);
    expect(readFileSync(second.credentialsFile, 'utf8')).toBe(credentials);
    expect((await controlSandbox(dir, 'GET', 'status')).sandbox).toMatchObject({ offsetSeconds: 77 });
  });

  it('ends on SIGTERM and leaves the directory free', async () => {
    const { pid } = await start();
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => findSandbox(dir).catch(() => 'dying')).toBeNull();
    const serving = await serve({ dir });
    await serving.stop();
  });

  it('says why it did not come up', async () => {
    const script = join(build, 'broken.js');
    writeFileSync(script, 'console.error("no such luck"); process.exit(1);');
    const failed = start({ entry: script });
    await expect(failed).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { log: expect.stringContaining('no such luck') },
    });
  });

  it('tells how long it waits, and not for ever', async () => {
    const script = join(build, 'slow.js');
    writeFileSync(script, 'console.log("pid", process.pid, ""); setTimeout(() => {}, 20_000);');
    const waits: number[] = [];
    const pending = start({ entry: script, timeoutMillis: 1200, onProgress: (millis: number) => waits.push(millis) });
    await expect(pending).rejects.toMatchObject({ code: 'TIMEOUT', exit: 5 });
    expect(waits).toEqual([500, 1000]);
    const pid = Number(/pid (\d+) /.exec(readFileSync(join(dir, 'sandbox.log'), 'utf8'))?.[1]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describe('a sandbox in the foreground', () => {
  it('writes private files that any AWS tool reads', async () => {
    const serving = await serve({ dir, regions: ['eu-west-1', 'eu-north-1'] });
    const { configFile, credentialsFile, endpoint, profiles } = serving.info;
    for (const file of [configFile, credentialsFile, join(dir, 'token'), join(dir, 'endpoint.json')]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(profiles.map(({ name }) => name).sort()).toEqual([
      'admin',
      'architect',
      'auditor',
      'cold-executor',
      'deputy',
      'drill',
      'executor',
      'installer',
      'outsider',
      'privacy',
      'service',
    ]);
    expect(readFileSync(configFile, 'utf8')).toContain(
      `[profile privacy]\n# arn:aws:iam::000000000000:role/PrivacyEngineer\nregion = eu-west-1\nendpoint_url = ${endpoint}\n`,
    );
    expect(readFileSync(credentialsFile, 'utf8')).toMatch(
      /\[privacy\]\naws_access_key_id = AKIA[A-Z0-9]{16}\naws_secret_access_key = \S{40}\n/,
    );
    expect(exportLines({ configFile: '/a b/c', credentialsFile: "/it's" })).toEqual([
      "export AWS_CONFIG_FILE='/a b/c'",
      `export AWS_SHARED_CREDENTIALS_FILE='/it'\\''s'`,
    ]);
    await serving.stop();
    const again = await serve({ dir });
    expect(again.sandbox.regions).toEqual(['eu-west-1', 'eu-north-1']);
    await again.stop();
  });

  it('is alone on its directory', async () => {
    const serving = await serve({ dir });
    await expect(serve({ dir })).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
    await serving.stop();
  });

  it('takes another port when that of the last run is gone, but not when it was asked for by name', async () => {
    const first = await serve({ dir });
    const { port } = first.info;
    await first.stop();
    const squatter = createServer().listen(port, '127.0.0.1');
    try {
      const second = await serve({ dir });
      expect(second.info.port).not.toBe(port);
      await second.stop();
      await expect(serve({ dir, port })).rejects.toMatchObject({ code: 'CONFLICT' });
      await (await serve({ dir })).stop();
    } finally {
      squatter.close();
    }
  });

  it.each([[[]], [['eu-west-1', 'eu-west-1']], [['../x']], [['EU-WEST-1']]])(
    'refuses the Regions %j',
    async (regions) => {
      await expect(serve({ dir, regions })).rejects.toMatchObject({ code: 'USAGE', exit: 2 });
    },
  );
});

describe('an endpoint file of somebody else', () => {
  it('whose process number belongs to a stranger is no running sandbox, and the stranger is left alone', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30000)']);
    const pid = stranger.pid ?? 0;
    const info = { endpoint: 'x', port: 1, pid, started: '1', configFile: 'c', credentialsFile: 'c', profiles: [] };
    writeFileSync(join(dir, 'endpoint.json'), JSON.stringify(info));
    expect(await findSandbox(dir)).toBeNull();
    expect(await stopSandbox(dir)).toBe(false);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  it.each(['', '[]', '{"pid":-1}', '{"pid":1,"port":"x"}'])('that is damaged (%j) is no sandbox', async (text) => {
    writeFileSync(join(dir, 'endpoint.json'), text);
    expect(await findSandbox(dir)).toBeNull();
  });
});
