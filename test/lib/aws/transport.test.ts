import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { createKeyWriter } from '../../../src/lib/aws/kms-writer.js';
import { socketOptions } from '../../../src/lib/aws/transport.js';
import { caught, openCanned, REGION } from './support.js';

const { key, cert } = JSON.parse(readFileSync(new URL('./self-signed.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;
const open: { close(): unknown }[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of open.splice(0)) server.close();
});

function listen<T extends Server | ReturnType<typeof createTcpServer>>(server: T): Promise<number> {
  open.push(server);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
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

describe('T60 TLS', () => {
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
      retry: { maxAttempts: 2, baseMillis: 1, capMillis: 1 },
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
    expect(await caught(createKeyWriter(aws).call(call))).toMatchObject({ exit: 5, details: { maybeDone: true } });
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
    const error = await caught(createKeyWriter(aws).call(call));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { maybeDone: false } });
  });
});
