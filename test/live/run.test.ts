import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../../src/lib/sandbox/sandbox.js';
import { DEFAULT_SEED } from '../../src/lib/sandbox/seed.js';
import { type RunningServer, startServer } from '../../src/lib/sandbox/server.js';
import { createMemoryStore } from '../../src/lib/sandbox/state.js';
import { START } from '../lib/sandbox/kms/harness.js';
import { keyOf } from '../lib/sandbox/support.js';
import { type Fact, filesOf, readOpenFacts, readStateFacts, readStories } from '../support/facts/fact.js';
import { type HttpClient, openHttp } from '../support/facts/http.js';
import type { WireResponse } from '../support/facts/wire-answer.js';
import { type Transport, WireStage } from '../support/facts/wire-stage.js';
import { type LiveOptions, runLive } from './run.js';

/** The runner itself, on a sandbox over HTTP as if that were AWS: another account than the facts', another caller. */
const ACCOUNT = '444455556666';

let sandbox: Sandbox;
let server: RunningServer;
let http: HttpClient;

beforeAll(async () => {
  const { interlock: _, drill: _drill, installer: _installer, ...bare } = DEFAULT_SEED;
  const seed = { ...bare, seats: [], admin: 'Ops-role' };
  sandbox = createSandbox({ store: createMemoryStore(), wallMillis: () => START, account: ACCOUNT, seed });
  server = await startServer({ sandbox, token: 'unused' });
  http = openHttp(() => server.endpoint);
});

/** Accounts that grow make every request slower. */
beforeEach(() => sandbox.reset());

afterAll(async () => {
  http.close();
  await server.stop();
  sandbox.close();
});

type Change = (service: string, operation: string, send: () => Promise<WireResponse>) => Promise<WireResponse>;

/** Runs with the facts given; `change` sees every answer before the runner does. */
async function live(more: Partial<LiveOptions> = {}, change: Change = (_, __, send) => send()) {
  const lines: string[] = [];
  const sent: string[] = [];
  const transport: Transport = async (at, request) => {
    const operation = operationIn(request);
    sent.push(operation);
    return change(at.service, operation, () => http.transport(at, request));
  };
  const report = runLive({
    settings: { account: ACCOUNT, only: 'all' },
    transport,
    hostOf: () => `127.0.0.1:${server.port}`,
    credentials: async () => keyOf(sandbox, 'admin'),
    nowMillis: () => sandbox.nowMillis(),
    wait: async (seconds) => {
      if (seconds >= 1) sandbox.advance(Math.ceil(seconds));
    },
    print: (line) => lines.push(line),
    ...more,
  });
  return { report: await report.catch((cause: Error) => cause), lines, sent };
}

function operationIn({ headers, body }: Parameters<Transport>[1]): string {
  const target = headers['x-amz-target'] ?? headers['X-Amz-Target'];
  return target?.split('.').at(-1) ?? new URLSearchParams(Buffer.from(body).toString('utf8')).get('Action') ?? '';
}

function done(report: Awaited<ReturnType<typeof runLive>> | Error) {
  if (report instanceof Error) throw report;
  return report;
}

/** What the account holds of a live run: roles, aliases, and keys that are not on their way out. */
async function remains(): Promise<readonly string[]> {
  const admin = async () => keyOf(sandbox, 'admin');
  const options = {
    account: ACCOUNT,
    adminArn: '',
    admin,
    wait: async () => undefined,
    nowMillis: () => sandbox.nowMillis(),
  };
  const stage = new WireStage({ ...options, transport: http.transport, hostOf: () => `127.0.0.1:${server.port}` });
  const found: string[] = [];
  const list = async (service: 'kms' | 'iam', operation: string, region = 'eu-central-1') => {
    const outcome = await stage.perform({ service, operation, input: {}, in: region });
    return 'answer' in outcome ? outcome.answer : {};
  };
  for (const operation of ['ListRoles', 'ListPolicies', 'ListOpenIDConnectProviders']) {
    found.push(...(JSON.stringify(await list('iam', operation)).match(/custody-live-[\w-]+/g) ?? []));
  }
  for (const region of sandbox.regions) {
    found.push(
      ...(JSON.stringify(await list('kms', 'ListAliases', region)).match(/alias\/custody-live-[\w-]+/g) ?? []),
    );
    const { Keys = [] } = await list('kms', 'ListKeys', region);
    for (const { KeyId } of Keys as { KeyId: string }[]) {
      const outcome = await stage.perform({ service: 'kms', operation: 'DescribeKey', input: { KeyId }, in: region });
      const state = /"KeyState":"(\w+)"/.exec(JSON.stringify(outcome))?.[1] ?? '';
      if (!/^Pending(?:Replica)?Deletion$/.test(state)) found.push(`${KeyId} is ${state}`);
    }
  }
  return found;
}

const open = readOpenFacts();
const NONE = { open: [], stories: [], states: [] };
/** A part of the facts, spread over all files: the rest is the same runner. Of records each, since they are looked up late. */
const some = {
  open,
  stories: filesOf('story')
    .flatMap(readStories)
    .filter(({ expect: { record } }, at) => at % 8 === 0 || record !== undefined),
  states: filesOf('state')
    .flatMap(readStateFacts)
    .filter((_, at) => at % 24 === 0),
};

function story(fact: string, requests: Fact['requests'], wanted: Fact['expect'], given?: Fact['given']): Fact {
  return { fact, source: 'a test', service: 'kms', requests, expect: wanted, ...(given && { given }) };
}

describe('a live run', () => {
  it('confirms the facts, answers the open points and leaves nothing', async () => {
    const { report, lines } = await live({ facts: some });
    const { rows, leftovers } = done(report);
    expect(rows.filter(({ verdict }) => verdict === 'differs' || verdict === 'not answered')).toEqual([]);

    const answers = Object.fromEntries(
      rows.filter(({ verdict }) => verdict === 'answered').map((row) => [row.fact, row.live]),
    );
    const expected = open
      .filter(({ untestable }) => untestable === undefined)
      .map(({ fact, sandbox: answer }) => [fact, answer]);
    expect(answers).toEqual(Object.fromEntries(expected));
    expect(rows.length).toBeGreaterThan(60);
    expect(leftovers).toEqual([]);
    expect(await remains()).toEqual([]);
    expect(lines.join('\n')).toMatch(
      /Cost: .*Limits: .*in 10 seconds.*confirmed {5}.*answered {4}.*Nothing is left of custody-live-/s,
    );
  });

  it('looks records up once, late, and says where one is otherwise or does not come', async () => {
    const waited: number[] = [];
    const wait = async (seconds: number) => void waited.push(seconds);
    const request: Fact['requests'] = [['ListKeys', { Limit: 1 }]];
    const stories = [
      story('right', request, {
        record: { eventName: 'ListKeys', requestParameters: { limit: 1 }, eventTime: { after: 0, form: 'iso' } },
      }),
      story('another', [['ListKeys', { Limit: 2 }]], { record: { requestParameters: { limit: 2 } } }),
      story('wrong', request, { record: { readOnly: false } }),
      story('in the wrong place', request, { record: {}, recordIn: 'eu-west-1' }),
      story('not at all', request, { record: {}, recordOf: 'CreateKey' }),
    ];
    const { report, sent } = await live({ facts: { ...NONE, stories }, wait });
    const { rows } = done(report);
    expect(rows.map(({ fact, verdict }) => [fact, verdict])).toEqual([
      ['right', 'confirmed'],
      ['another', 'confirmed'],
      ['wrong', 'differs'],
      ['in the wrong place', 'differs'],
      ['not at all', 'differs'],
    ]);
    expect(rows[2]?.live).toContain('record.readOnly');
    expect(rows[4]?.live).toBe('CloudTrail shows no CreateKey of this story in eu-central-1');
    expect(waited).toEqual([10, 900]);
    expect(sent.filter((operation) => operation === 'ListKeys' || operation === 'LookupEvents')).toEqual([
      ...stories.map(() => 'ListKeys'),
      ...stories.map(() => 'LookupEvents'),
    ]);
  });

  it('takes policies and providers away again, attached or not', async () => {
    const Arn = 'arn:aws:iam::111122223333:policy/p';
    const PolicyDocument = {
      document: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] },
    };
    const provider = { Url: 'https://token.example.com/x', ClientIDList: ['a'], ThumbprintList: ['0'.repeat(40)] };
    const made = story(
      'made',
      [
        ['iam:CreateRole', ROLE],
        ['iam:CreatePolicy', { PolicyName: 'p', PolicyDocument }],
        ['iam:CreatePolicyVersion', { PolicyArn: Arn, PolicyDocument, SetAsDefault: true }],
        ['iam:AttachRolePolicy', { RoleName: 'a', PolicyArn: Arn }],
        ['iam:PutRolePermissionsBoundary', { RoleName: 'a', PermissionsBoundary: Arn }],
        ['iam:CreateOpenIDConnectProvider', provider],
      ],
      { answer: {} },
    );
    const { report } = await live({ facts: { ...NONE, stories: [made] } });
    expect(done(report)).toMatchObject({ rows: [{ verdict: 'confirmed' }], leftovers: [] });
    expect(await remains()).toEqual([]);
  });

  it('says what AWS answered instead, and cleans up after it', async () => {
    const grant = { KeyId: '$key', GranteePrincipal: 'arn:aws:iam::111122223333:role/seat', Operations: ['Decrypt'] };
    const wrong = story(
      'a key is never enabled',
      [
        ['CreateAlias', { AliasName: 'alias/a', TargetKeyId: '$key' }],
        ['CreateGrant', grant],
        ['DescribeKey', { KeyId: 'alias/a' }],
      ],
      { answer: { KeyMetadata: { KeyState: 'Disabled' } } },
      { key: {} },
    );
    const broken = story(
      'it breaks off',
      [
        ['ScheduleKeyDeletion', { KeyId: '$key' }],
        ['EnableKey', { KeyId: '$key' }],
        ['ListKeys', {}],
      ],
      {},
      { key: {} },
    );
    const { report, lines } = await live({ facts: { ...NONE, stories: [wrong, broken] } });
    const { rows, leftovers } = done(report);
    expect(rows.map(({ verdict }) => verdict)).toEqual(['differs', 'differs']);
    expect(rows[0]?.live).toContain('Enabled');
    expect(rows[1]?.live).toContain('EnableKey: KMSInvalidStateException');
    expect(lines.join('\n')).toMatch(/0 confirmed, 2 differ.*differs {7}a key is never enabled → /s);
    expect(leftovers).toEqual([]);
    expect(await remains()).toEqual([]);
  });

  it('says what it could not take away', async () => {
    const refuse: Change = (service, operation, send) =>
      /^(?:DeleteRole|ScheduleKeyDeletion)$/.test(operation) ? refusal(service) : send();
    const needsRole = story(
      'a role',
      [
        ['iam:CreateRole', ROLE],
        ['CreateKey', {}],
      ],
      { answer: {} },
    );
    const { report, lines } = await live({ facts: { ...NONE, stories: [needsRole] } }, refuse);
    const { leftovers } = done(report);
    expect(leftovers.map((line) => line.replace(/custody-live-\w{6}-|[0-9a-f-]{36}/g, '*'))).toEqual([
      'key * in eu-central-1',
      'role *0-a',
      'key * in eu-central-1 stands',
    ]);
    expect(lines.join('\n')).toContain('LEFT BEHIND');
  });
});

const TRUST = {
  document: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:role/admin' }, Action: 'sts:AssumeRole' },
    ],
  },
};
const ROLE = { RoleName: 'a', AssumeRolePolicyDocument: TRUST };

async function refusal(service: string): Promise<WireResponse> {
  const id = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const headers = {
    'content-type': service === 'kms' ? 'application/x-amz-json-1.1' : 'text/xml',
    'x-amzn-requestid': id,
  };
  const text =
    service === 'kms'
      ? '{"__type":"AccessDeniedException","message":"no"}'
      : `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`;
  return { status: service === 'kms' ? 400 : 403, headers, text };
}

describe('a live run does not start', () => {
  it('for another account than the stated one', async () => {
    const { report, sent, lines } = await live({ settings: { account: '999999999999', only: 'all' } });
    expect(String(report)).toContain(
      'the credentials are of account 444455556666, CUSTODY_LIVE_ACCOUNT says 999999999999',
    );
    expect(sent).toEqual(['GetCallerIdentity']);
    expect(lines).toEqual([]);
  });

  it('for the root user', async () => {
    const asRoot: Change = async (_, __, send) => {
      const response = await send();
      return { ...response, text: response.text.replace(/<Arn>[^<]*/, `<Arn>arn:aws:iam::${ACCOUNT}:root`) };
    };
    const { report, sent } = await live({}, asRoot);
    expect(String(report)).toContain(':root: a user or a role is needed');
    expect(sent).toEqual(['GetCallerIdentity']);
  });

  it('with credentials that AWS refuses', async () => {
    const { report } = await live({}, refusal);
    expect(String(report)).toContain('GetCallerIdentity: AccessDenied');
  });
});

it('waits when it is throttled, and tries again', async () => {
  const waited: number[] = [];
  let times = 3;
  const throttle: Change = async (service, operation, send) => {
    if (operation !== 'ListAliases' || times-- <= 0) return send();
    return { ...(await refusal(service)), text: '{"__type":"ThrottlingException","message":"Rate exceeded"}' };
  };
  const facts = { ...NONE, stories: [story('none', [['ListAliases', { Limit: 1 }]], { answer: {} })] };
  const { report } = await live({ facts, wait: async (seconds) => void waited.push(seconds) }, throttle);
  expect(done(report).rows).toMatchObject([{ verdict: 'confirmed' }]);
  expect(waited).toEqual([10, 0.5, 1, 2]);
});
