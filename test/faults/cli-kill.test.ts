import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import {
  approve,
  askRotation,
  executeUntilDone,
  expectRotatedOnce,
  expectVerified,
  filesOf,
  onDemand,
  start,
  stateOf,
  struck,
} from '../support/ceremony.js';
import { Ceremony } from '../support/cli.js';

/** Real processes, really killed (kill -9): nothing is done twice, nothing is lost, the same command again goes on. */
describe('a killed command', { timeout: 120_000 }, () => {
  let ceremony: Ceremony;

  beforeAll(async () => {
    ceremony = await Ceremony.found();
  }, 120_000);
  afterEach(() => ceremony.serving.sandbox.faults.clear());
  afterAll(() => ceremony.end());

  it('execute, killed during the call at AWS, before it had an effect', async () => {
    const { id } = await askRotation(ceremony, 'architect', 'privacy');
    const before = await onDemand(ceremony);
    ceremony.serving.sandbox.faults.add({ kind: 'hang', operation: 'RotateKeyOnDemand', seconds: 30 });
    const run = start(ceremony, 'deputy', 'keys', 'execute', id);
    await struck(ceremony);
    expect(await run.kill()).toBe('SIGKILL');
    expect(await onDemand(ceremony)).toBe(before);
    expect(await filesOf(ceremony, id)).toContain('intent.json');
    await executeUntilDone(ceremony, 'deputy', id);
    await expectRotatedOnce(ceremony, before, id);
  });

  it('execute, killed during the call at AWS, after it had its effect', async () => {
    const { id } = await askRotation(ceremony, 'architect', 'privacy');
    const before = await onDemand(ceremony);
    const { faults } = ceremony.serving.sandbox;
    // The signature under the receipt hangs: no run is quick enough to write it before it is killed.
    faults.add({ kind: 'hang', operation: 'Sign', skip: 1, seconds: 30 });
    faults.add({ kind: 'after', operation: 'RotateKeyOnDemand' });
    const run = start(ceremony, 'deputy', 'keys', 'execute', id);
    await struck(ceremony);
    expect(await run.kill()).toBe('SIGKILL');
    expect(await filesOf(ceremony, id)).not.toContain('receipt.json');
    await executeUntilDone(ceremony, 'privacy', id);
    await expectRotatedOnce(ceremony, before, id);
  });

  it('execute, killed when AWS is done and the receipt is not written', async () => {
    const { id } = await askRotation(ceremony, 'architect', 'privacy');
    const before = await onDemand(ceremony);
    // The executor's signature under the intent goes through, the one under the receipt hangs.
    ceremony.serving.sandbox.faults.add({ kind: 'hang', operation: 'Sign', skip: 1, seconds: 30 });
    const run = start(ceremony, 'deputy', 'keys', 'execute', id);
    await struck(ceremony);
    expect(await run.kill()).toBe('SIGKILL');
    expect(await onDemand(ceremony)).toBe(before + 1);
    expect(await filesOf(ceremony, id)).not.toContain('receipt.json');
    await executeUntilDone(ceremony, 'deputy', id);
    await expectRotatedOnce(ceremony, before, id);
  });

  it.each([300, 800, 1600])('execute, killed after %i ms', async (delay) => {
    const { id } = await askRotation(ceremony, 'architect', 'privacy');
    const before = await onDemand(ceremony);
    const run = start(ceremony, 'deputy', 'keys', 'execute', id);
    await wait(delay);
    await run.kill();
    await executeUntilDone(ceremony, 'deputy', id);
    await expectRotatedOnce(ceremony, before, id);
  });

  it('approve, killed while it signs, and at several moments', async () => {
    const asked = await askRotation(ceremony, 'architect');
    ceremony.serving.sandbox.faults.add({ kind: 'hang', operation: 'Sign', seconds: 30 });
    const words = ['keys', 'approve', asked.id, '--reviewed', asked.digest];
    const signing = start(ceremony, 'privacy', ...words);
    await struck(ceremony);
    expect(await signing.kill()).toBe('SIGKILL');
    expect(await filesOf(ceremony, asked.id)).toHaveLength(2);
    for (const delay of [300, 600, 900]) {
      const run = start(ceremony, 'privacy', ...words);
      await wait(delay);
      await run.kill();
    }
    await approve(ceremony, 'privacy', asked);
    expect(await stateOf(ceremony, 'deputy', asked.id)).toBe('approved');
    await expectVerified(ceremony);
    await ceremony.ok('architect', 'keys', 'reject', asked.id, '--reason', 'the story is over');
  });

  it.each([400, 1000])('rotate, killed after %i ms', async (delay) => {
    const run = start(ceremony, 'architect', 'keys', 'rotate', 'case-data', '--reason', 'killed');
    await wait(delay);
    await run.kill();
    const again = await ceremony.run('architect', ['keys', 'rotate', 'case-data', '--reason', 'again', '--json']);
    expect([0, 6], again.stdout).toContain(again.exit);
    const { json } = await ceremony.ok('privacy', 'keys', 'pending');
    const open = (at(json, 'requests') as readonly unknown[]).filter((item) => at(item, 'action') === 'key.rotate');
    expect(open).toHaveLength(1);
    await expectVerified(ceremony);
    await ceremony.ok('architect', 'keys', 'reject', textAt(open[0], 'id'), '--reason', 'the story is over');
  });
});
