import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callAdmin, readSandboxTime } from '../../../src/lib/sandbox/client.js';
import type { Sandbox } from '../../../src/lib/sandbox/sandbox.js';
import { type RunningServer, startServer } from '../../../src/lib/sandbox/server.js';
import { keyOf, openSandbox, requestOf, START, sign } from './support.js';

const TOKEN = 'f'.repeat(64);
let sandbox: Sandbox;
let bugs: unknown[];
let server: RunningServer;
let stops = 0;

beforeEach(async () => {
  stops = 0;
  ({ sandbox, bugs } = openSandbox());
  server = await startServer({ sandbox, token: TOKEN, onStop: () => stops++ });
});

afterEach(async () => {
  await server.stop(0);
  expect(bugs).toEqual([]);
});

/** Bytes as they are, to the end of the connection. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
  });
}

function post(headers: Record<string, string>, body = '', line = 'POST / HTTP/1.1'): string {
  const all = { host: 'x', connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers };
  return `${[line, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n${body}`;
}

/** Through node:http, which sends the signed Host as it is. */
function send(headers: Readonly<Record<string, string>>, body: Uint8Array) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, method: 'POST', headers: { ...headers }, agent: false };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.on('error', (cause) => reject(new Error('connection lost', { cause })));
    outgoing.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

describe('requests over raw HTTP', () => {
  it.each([
    ['no target', post(JSON_TYPE, '{}'), 404, '"__type":"UnknownOperationException"'],
    ['no content type', post({}, '{}'), 404, 'UnknownOperationException'],
    [
      'an unknown service',
      post({ ...JSON_TYPE, 'x-amz-target': 'DynamoDB_20120810.ListTables' }, '{}'),
      404,
      'UnknownOperationException',
    ],
    [
      'an unsigned call',
      post({ ...JSON_TYPE, 'x-amz-target': 'TrentService.ListKeys' }, '{}'),
      400,
      'MissingAuthenticationTokenException',
    ],
    ['another method', post(JSON_TYPE, '', 'GET / HTTP/1.1'), 404, 'UnknownOperationException'],
    ['another path', post(JSON_TYPE, '', 'POST /a HTTP/1.1'), 404, 'UnknownOperationException'],
    ['an empty form', post(FORM_TYPE), 400, '<Code>MissingAction</Code>'],
    [
      'an unknown action',
      post(FORM_TYPE, 'Action=X&Version=2011-06-15'),
      403,
      '<Code>MissingAuthenticationToken</Code>',
    ],
    ['an unknown version', post(FORM_TYPE, 'Action=X&Version=1999-01-01'), 400, '<Code>InvalidAction</Code>'],
    ['a form that is none', post(FORM_TYPE, 'Action=X&%'), 400, '<Code>MalformedInput</Code>'],
    ['no HTTP', 'hello\r\n\r\n', 400, ''],
    ['a body of two lengths', post({ 'Content-Length ': '5' }, '{}'), 400, ''],
    ['headers beyond the limit', post({ ...JSON_TYPE, 'x-big': 'a'.repeat(20_000) }), 431, ''],
  ])('%s', async (_name, text, status, part) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(part);
  });

  it('answer with the request id and sandbox time', async () => {
    const answer = await raw(post(JSON_TYPE, '{}'));
    expect(answer).toMatch(/\r\nx-amzn-requestid: [0-9a-f-]{36}\r\n/);
    expect(answer).toContain('\r\ndate: Sat, 31 Jan 2026 09:00:00 GMT\r\n');
    expect(answer).toContain('\r\nx-amzn-errortype: UnknownOperationException\r\n');
  });

  it.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['text', '"x"'],
    ['not UTF-8', '\xff'],
    ['nested deeply', `${'['.repeat(5000)}`],
  ])('signed, with a body that is %s: SerializationException', async (_name, text) => {
    const body = Buffer.from(text, 'latin1');
    const signed = await sign(
      { ...requestOf('kms', 'CreateKey'), body },
      { key: keyOf(sandbox, 'admin'), service: 'kms' },
    );
    const { status, text: answer } = await send(signed.headers, body);
    expect([status, JSON.parse(answer).__type]).toEqual([400, 'SerializationException']);
  });

  it('signed, for an operation that is none: UnknownOperationException, InvalidAction', async () => {
    for (const [service, operation, code] of [
      ['kms', 'Nothing', 'UnknownOperationException'],
      ['kms', 'constructor', 'UnknownOperationException'],
      ['sts', 'Nothing', 'InvalidAction'],
      ['iam', '__proto__', 'InvalidAction'],
    ] as const) {
      const signed = await sign(requestOf(service, operation), { key: keyOf(sandbox, 'admin'), service });
      expect((await send(signed.headers, signed.body)).text).toContain(code);
    }
  });

  it('with a body beyond the limit are refused, and one without end is cut off', async () => {
    const big = Buffer.alloc(1024 * 1024 + 1, 0x20);
    const { status, text } = await send({ ...JSON_TYPE, 'x-amz-target': 'TrentService.ListKeys' }, big);
    expect([status, JSON.parse(text).__type]).toEqual([413, 'RequestEntityTooLargeException']);
    await expect(send(JSON_TYPE, Buffer.alloc(9 * 1024 * 1024))).rejects.toThrow();
  });

  it('whose answer a fault takes away lose their connection', async () => {
    sandbox.faults.add({ kind: 'after', operation: 'ListRoles' });
    const signed = await sign(requestOf('iam', 'ListRoles'), { key: keyOf(sandbox, 'admin'), service: 'iam' });
    await expect(send(signed.headers, signed.body)).rejects.toThrow('connection lost');
    expect((await send(signed.headers, signed.body)).status).toBe(200);
  });
});

describe('the listener', () => {
  it.each(['0.0.0.0', '::', '::1', 'localhost', '127.0.0.2', '192.168.1.1', ''])(
    'T60 refuses the address %j',
    async (host) => {
      const refused = startServer({ sandbox, token: TOKEN, host });
      await expect(refused).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED', exit: 3 });
    },
  );

  it('says so when the port is taken', async () => {
    const second = startServer({ sandbox, token: TOKEN, port: server.port });
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT', exit: 6 });
  });
});

describe('the administrative operations', () => {
  const admin = (token?: string) => ({ port: server.port, ...(token === undefined ? {} : { token }) });

  it('tell the time to everyone and nothing else without the token', async () => {
    expect(await readSandboxTime(server.port)).toEqual({
      now: '2026-01-31T09:00:00.000Z',
      offsetSeconds: 0,
      account: '000000000000',
    });
    for (const token of [undefined, '', 'f'.repeat(63), 'F'.repeat(64)]) {
      for (const [method, name] of [
        ['GET', 'status'],
        ['POST', 'reset'],
        ['POST', 'stop'],
        ['GET', 'nothing'],
      ] as const) {
        await expect(callAdmin(admin(token), method, name)).rejects.toMatchObject({ code: 'DENIED' });
      }
    }
    expect(stops).toBe(0);
  });

  it('move the clock, switch Regions, arm faults, reset and stop', async () => {
    const moved = await callAdmin(admin(TOKEN), 'POST', 'advance', { seconds: 60 });
    expect(moved.sandbox).toMatchObject({ offsetSeconds: 60 });
    expect(sandbox.nowMillis()).toBe(START + 60_000);
    await callAdmin(admin(TOKEN), 'POST', 'region', { region: 'eu-west-1', up: false });
    await callAdmin(admin(TOKEN), 'POST', 'faults', { kind: 'throttle', operation: '*' });
    expect((await callAdmin(admin(TOKEN), 'GET', 'faults')).faults).toHaveLength(1);
    await callAdmin(admin(TOKEN), 'DELETE', 'faults');
    expect(sandbox.faults.list()).toEqual([]);
    const status = await callAdmin(admin(TOKEN), 'GET', 'status');
    expect(JSON.stringify(status)).toContain('{"name":"eu-west-1","up":false}');
    for (const { secretAccessKey } of sandbox.profiles()) expect(JSON.stringify(status)).not.toContain(secretAccessKey);
    await callAdmin(admin(TOKEN), 'POST', 'reset');
    expect(sandbox.nowMillis()).toBe(START);
    await callAdmin(admin(TOKEN), 'POST', 'stop');
    expect(stops).toBe(1);
  });

  it("hold the organization's policies and issue tokens of the identity provider", async () => {
    const set = await callAdmin(admin(TOKEN), 'POST', 'organization', { serviceControlPolicies: [['FullAWSAccess']] });
    expect(set).toEqual({ serviceControlPolicies: [['FullAWSAccess']], resourceControlPolicies: [] });
    expect(await callAdmin(admin(TOKEN), 'GET', 'organization')).toEqual(set);
    const { token } = await callAdmin(admin(TOKEN), 'POST', 'token', {
      subject: 'architect',
      sourceIdentity: 'architect',
    });
    const form = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: 'arn:aws:iam::000000000000:role/SecurityArchitect',
      RoleSessionName: 'anna',
      WebIdentityToken: String(token),
    });
    const { status, text } = await send(FORM_TYPE, Buffer.from(form.toString()));
    expect([status, text]).toEqual([200, expect.stringContaining('<SourceIdentity>architect</SourceIdentity>')]);
  });

  it.each([
    ['token', {}],
    ['token', { subject: 7 }],
    ['token', { subject: 'a', tags: 'x' }],
    ['token', { subject: 'a', seconds: 0 }],
    ['organization', { serviceControlPolicies: [['{']] }],
    ['advance', { seconds: -1 }],
    ['advance', {}],
    ['region', { region: 'mars', up: true }],
    ['region', { region: 'eu-west-1', up: 'yes' }],
    ['faults', { kind: 'none' }],
    ['nothing', {}],
  ])('refuse %s %j', async (name, input) => {
    await expect(callAdmin(admin(TOKEN), 'POST', name, input)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('are no sandbox where something else listens, or nothing', async () => {
    await expect(readSandboxTime(1, 500)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
