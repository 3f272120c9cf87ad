import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { guard, socketOptions } from '../../../src/lib/aws/transport.js';
import { anyWriter } from '../../support/any-writer.js';
import { cannedHandler, caught, openCanned, REGION, scratch, writeText } from './support.js';

const { key, cert } = JSON.parse(readFileSync(new URL('./self-signed.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;
const folder = scratch();
const open: { close(): unknown }[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of open.splice(0)) server.close();
});

function listen<T extends Server | ReturnType<typeof createTcpServer>>(server: T): Promise<number> {
  open.push(server);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

/** Runs `script` in a Node of its own, beside the adapter's files without their types. */
async function runBeside(folder: string, script: string, env: Record<string, string>): Promise<string> {
  for (const part of ['aws', 'base']) {
    const source = fileURLToPath(new URL(`../../../src/lib/${part}/`, import.meta.url));
    mkdirSync(join(folder, part), { recursive: true });
    for (const name of readdirSync(source)) {
      const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), { compilerOptions: options });
      writeText(join(folder, part), name.replace(/\.ts$/, '.js'), outputText);
    }
  }
  writeText(folder, 'package.json', '{"type":"module"}');
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [writeText(folder, `script-${process.hrtime.bigint()}.js`, script)], {
    env: { ...process.env, ...env },
  });
  return stdout.trim();
}

function get(port: number, kind: 'aws' | 'sandbox'): Promise<number> {
  const { httpsAgent } = socketOptions(kind) as { httpsAgent: NonNullable<Parameters<typeof request>[0]> & object };
  return new Promise((resolve, reject) => {
    const options = { agent: httpsAgent, host: '127.0.0.1', port, servername: 'kms.eu-central-1.amazonaws.com' };
    request(options as never, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('T60 the guard', () => {
  it('looks at every request, whoever made it, before it is sent', async () => {
    const { sent, requestHandler } = cannedHandler({});
    const guarded = (kind: 'aws' | 'sandbox') => guard(requestHandler as never, kind, 1000);
    const to = (hostname: string) => ({ protocol: 'https:', hostname, headers: {} });
    await expect(guarded('aws').handle(to('kms.evil.example'))).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
    await expect(guarded('aws').handle(to('127.0.0.1'))).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
    const real = guarded('sandbox').handle(to('kms.eu-central-1.amazonaws.com'));
    await expect(real).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
    expect(sent).toEqual([]);
    await guarded('aws').handle(to('kms.eu-central-1.amazonaws.com'));
    expect(sent).toHaveLength(1);
  });
});

describe('T60 TLS', () => {
  it('a certificate authority slipped in when Node starts is not trusted', async () => {
    const port = await listen(createServer({ key, cert }, (_, response) => response.end('{}')));
    const ca = writeText(folder, 'ca.pem', cert ?? '');
    const get = (agent: string) =>
      "import { request } from 'node:https';" +
      "import { guard, socketOptions } from './aws/transport.js';" +
      `request({ agent: ${agent}, host: '127.0.0.1', port: ${port}, servername: 'kms.eu-central-1.amazonaws.com' }, () => {` +
      " console.log('trusted'); process.exit(); }).on('error', (error) => { console.log(error.code); process.exit(); }).end();";
    const asPlain = await runBeside(folder, get('undefined'), { NODE_EXTRA_CA_CERTS: ca });
    const asAws = await runBeside(folder, get("socketOptions('aws').httpsAgent"), { NODE_EXTRA_CA_CERTS: ca });
    expect([asPlain, asAws]).toEqual(['trusted', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
  });

  it('trusts public authorities only, whatever the environment says while it runs', async () => {
    const port = await listen(createServer({ key, cert }, (_, response) => response.end('{}')));
    await expect(get(port, 'aws')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    // The same switch does work where nothing forbids it: the server above can be reached.
    expect(await get(port, 'sandbox')).toBe(200);
    await expect(get(port, 'aws')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

describe('sockets', () => {
  it('a server that never answers is TIMEOUT', async () => {
    const port = await listen(createTcpServer(() => undefined));
    const { aws } = await openCanned([], {
      requestHandler: socketOptions('sandbox'),
      endpointUrl: `http://127.0.0.1:${port}`,
      timeoutMillis: 50,
      retry: { maxAttempts: 2, baseMillis: 1, capMillis: 1, untilMillis: 60_000 },
    });
    expect(await caught(createKeyReader(aws).keyIds(REGION))).toMatchObject({ code: 'TIMEOUT', exit: 5 });
    aws.close();
  });

  it('a server that stops in the middle of its answer leaves it open whether the change happened', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 100\r\n\r\n{"Key';
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.write(head));
      }),
    );
    const { aws } = await openCanned([], {
      requestHandler: socketOptions('sandbox'),
      endpointUrl: `http://127.0.0.1:${port}`,
      timeoutMillis: 100,
    });
    const call = {
      service: 'kms',
      region: REGION,
      operation: 'RotateKeyOnDemand',
      parameters: { KeyId: 'k' },
    } as const;
    expect(await caught(anyWriter(aws).call(call))).toMatchObject({ exit: 5, details: { maybeDone: true } });
    aws.close();
  });

  it('nobody listening is UNAVAILABLE, and nothing happened', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { aws } = await openCanned([], {
      requestHandler: socketOptions('sandbox'),
      endpointUrl: `http://127.0.0.1:${port}`,
    });
    const call = {
      service: 'kms',
      region: REGION,
      operation: 'RotateKeyOnDemand',
      parameters: { KeyId: 'k' },
    } as const;
    const error = await caught(anyWriter(aws).call(call));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { maybeDone: false } });
  });
});
