import { expect, it } from 'vitest';
import type { Sandbox } from '../../../src/lib/sandbox/sandbox.js';
import { call, keyOf, openSandbox } from './support.js';

/** What a sandbox is told at its start, and no fact of AWS's. */
async function events(sandbox: Sandbox): Promise<number> {
  const { text } = await call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'cloudtrail' }, 'LookupEvents');
  return (JSON.parse(text) as { Events: unknown[] }).Events.length;
}

async function createKeys(sandbox: Sandbox, times: number): Promise<readonly (string | null)[]> {
  const codes: (string | null)[] = [];
  for (let time = 0; time < times; time++) {
    codes.push((await call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'kms' }, 'CreateKey')).code);
  }
  return codes;
}

it('events appear as late as the sandbox is told', async () => {
  const { sandbox } = openSandbox({ trailDelaySeconds: 300 });
  await createKeys(sandbox, 1);
  sandbox.advance(299);
  expect(await events(sandbox)).toBe(0);
  sandbox.advance(1);
  expect(await events(sandbox)).toBe(1);
});

it('events appear at once where it is told nothing', async () => {
  const { sandbox } = openSandbox();
  await createKeys(sandbox, 1);
  expect(await events(sandbox)).toBe(1);
});

it('nothing is throttled unless it is asked for', async () => {
  expect(await createKeys(openSandbox().sandbox, 6)).toEqual([null, null, null, null, null, null]);
  expect(await createKeys(openSandbox({ quotas: true }).sandbox, 6)).toContain('ThrottlingException');
});
