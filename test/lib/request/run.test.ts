import { describe, expect, it } from 'vitest';
import { callAndSee, type Run } from '../../../src/lib/request/run.js';
import { answerLost, createTestClock } from '../../support/fake-aws.js';
import { refused } from '../../support/fake-aws-access.js';
import { NOON } from '../../support/people.js';

/** A run of which only the call and the clock count. */
function runOf(resumed: boolean, fails: Error | null): Run {
  const call = async () => {
    if (fails) throw fails;
    return { requestId: 'aws-request-1', serverTime: NOON, answer: {} };
  };
  return { resumed, writer: { call }, clock: createTestClock(NOON), progress: () => undefined } as unknown as Run;
}

const CALL = { service: 'kms', region: 'eu-central-1', operation: 'UpdatePrimaryRegion', parameters: {} } as const;

/** KMS is eventually consistent: what was done shows only at the third look. */
function late(): () => Promise<string | null> {
  let looks = 0;
  return async () => (++looks < 3 ? null : 'there');
}

const never = async () => null;

describe('callAndSee', () => {
  it('waits until AWS shows what was called for', async () => {
    expect(await callAndSee(runOf(false, null), CALL, late())).toEqual({
      awsRequestIds: ['aws-request-1'],
      found: 'there',
    });
    await expect(callAndSee(runOf(false, null), CALL, never)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('after a lost answer what AWS shows decides', async () => {
    const lost = answerLost('kms');
    expect(await callAndSee(runOf(false, lost), CALL, late())).toEqual({ awsRequestIds: [], found: 'there' });
    await expect(callAndSee(runOf(false, lost), CALL, never)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('T51 a no to a run that was cut off may be to a call that an earlier run has made', async () => {
    const no = refused('UnsupportedOperationException');
    expect(await callAndSee(runOf(true, no), CALL, late())).toEqual({ awsRequestIds: [], found: 'there' });
    await expect(callAndSee(runOf(true, no), CALL, never)).rejects.toBe(no);
    // A first run has made none: its no is a no, whatever is there.
    await expect(callAndSee(runOf(false, no), CALL, late())).rejects.toBe(no);
  });
});
