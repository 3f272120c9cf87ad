import { describe, expect, it } from 'vitest';
import { createPace, withRetries } from '../../../src/lib/aws/pace.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { virtualTimer } from './support.js';

describe('createPace', () => {
  it('lets the burst through, then one call each 1/rate of a second', async () => {
    const timer = virtualTimer();
    const pace = createPace(timer);
    for (let call = 0; call < 10; call++) await pace.turn('eu-central-1', 'PutKeyPolicy');
    expect(timer.millis()).toBeCloseTo(((10 - 7.5) / 7.5) * 1000, 6);
  });

  it('exports 10,000 keys with grants at half the quota: 100 s at 100 a second, so 200 s', async () => {
    const timer = virtualTimer();
    const pace = createPace(timer);
    for (let call = 0; call < 10_000; call++) await pace.turn('eu-central-1', 'ListGrants');
    expect(timer.millis() / 1000).toBeCloseTo(199, 3);
  });

  it('keeps operations and Regions apart', async () => {
    const timer = virtualTimer();
    const pace = createPace(timer);
    for (let call = 0; call < 2; call++) {
      for (const region of ['eu-central-1', 'eu-west-1']) {
        for (const operation of ['CreateKey', 'CreateAlias', 'ListKeys']) await pace.turn(region, operation);
      }
    }
    expect(timer.slept).toEqual([]);
    await pace.turn('eu-west-1', 'CreateKey');
    expect(timer.slept).toEqual([200]);
  });

  it('callers at the same moment wait one behind the other', async () => {
    const waits: number[] = [];
    const pace = createPace({ millis: () => 0, random: () => 0, sleep: async (millis) => void waits.push(millis) });
    await Promise.all(
      Array.from({ length: 5 }, () => pace.turn('r', 'TagResource').then(() => pace.turn('r', 'TagResource'))),
    );
    expect(waits).toEqual([200, 400, 600, 800, 1000]);
  });
});

describe('T43 throttled', () => {
  const callsIn = async (
    pace: ReturnType<typeof createPace>,
    timer: ReturnType<typeof virtualTimer>,
    millis: number,
  ) => {
    const end = timer.millis() + millis;
    let calls = 0;
    for (; timer.millis() < end; calls++) await pace.turn('r', 'ListGrants');
    return calls;
  };

  it('halves the rate of that operation in that Region, and comes back within a minute', async () => {
    const timer = virtualTimer();
    const pace = createPace(timer);
    await callsIn(pace, timer, 5000);
    const before = await callsIn(pace, timer, 1000);
    pace.throttled('r', 'ListGrants');
    const after = await callsIn(pace, timer, 1000);
    expect(after / before).toBeGreaterThan(0.4);
    expect(after / before).toBeLessThan(0.6);
    for (let again = 0; again < 20; again++) pace.throttled('r', 'ListGrants');
    expect(await callsIn(pace, timer, 2000)).toBeGreaterThan(1);
    await pace.turn('other', 'ListGrants');
    await callsIn(pace, timer, 60_000);
    expect(await callsIn(pace, timer, 1000)).toBeGreaterThan(before * 0.9);
  });

  it('at the full quota 10,000 keys with grants take 100 s', async () => {
    const timer = virtualTimer();
    const pace = createPace(timer, 1);
    for (let call = 0; call < 10_000; call++) await pace.turn('eu-central-1', 'ListGrants');
    expect(timer.millis() / 1000).toBeCloseTo(99, 3);
  });
});

describe('withRetries', () => {
  const policy = { maxAttempts: 5, baseMillis: 100, capMillis: 500, untilMillis: 60_000 };

  it('pauses grow to the cap, drawn from the whole span', async () => {
    const timer = virtualTimer(() => 0.5);
    const failing = withRetries(timer, policy, () => Promise.reject(new CustodyError('UNAVAILABLE', 'x')));
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(timer.slept).toEqual([100, 200, 250, 250]);
  });

  it('each further try is told, with its number and the limit', async () => {
    const told: string[] = [];
    const failing = withRetries(
      virtualTimer(),
      policy,
      () => Promise.reject(new CustodyError('THROTTLED', 'AWS is throttling GetKeyPolicy')),
      (text) => told.push(text),
    );
    await expect(failing).rejects.toMatchObject({ code: 'THROTTLED', exit: 5 });
    expect(told).toEqual([2, 3, 4, 5].map((n) => `AWS is throttling GetKeyPolicy; trying again (${n} of 5)`));
  });

  it('one that hangs is given up by time, not by count', async () => {
    const timer = virtualTimer(() => 0.5);
    let tries = 0;
    const hanging = withRetries(timer, policy, async () => {
      tries++;
      await timer.sleep(30_000);
      throw new CustodyError('TIMEOUT', 'AWS did not answer GetKeyPolicy');
    });
    await expect(hanging).rejects.toMatchObject({ code: 'TIMEOUT', exit: 5 });
    expect(tries).toBe(2);
  });

  it.each(['DENIED', 'REFUSED', 'NOT_FOUND', 'ENDPOINT_REFUSED', 'BUG'] as const)('%s is final', async (code) => {
    const timer = virtualTimer();
    await expect(withRetries(timer, policy, () => Promise.reject(new CustodyError(code, 'x')))).rejects.toMatchObject({
      code,
    });
    expect(timer.slept).toEqual([]);
  });
});
