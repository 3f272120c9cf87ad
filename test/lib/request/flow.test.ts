import { describe, expect, it } from 'vitest';
import { createOffice } from '../../support/office.js';
import { CASE_DATA_KEY } from '../../support/people.js';

describe('key.rotate', () => {
  it('is opened, approved by two and executed once', async () => {
    const office = await createOffice();
    const opened = await office.open('architect');
    expect(opened).toMatchObject({ created: true, case: { verdict: { state: 'pending' } } });
    const { id } = opened.case;
    expect((await office.approve('privacy', id)).verdict.state).toBe('pending');
    expect((await office.approve('deputy', id)).verdict.state).toBe('approved');
    const { receipt, case: after } = await office.execute('architect', id);
    expect(after.verdict.state).toBe('executed');
    expect(receipt).toMatchObject({ outcome: 'executed', awsRequestIds: ['aws-request-1'], error: null });
    expect(office.aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    expect(office.aws.done).toEqual(after.request.statement.predicate.calls);
  });
});
