import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

describe('an office over the sandbox', () => {
  let office: SandboxOffice & { close(): void };
  beforeAll(async () => {
    office = await createSandboxOffice();
  });
  afterAll(() => office.close());

  it('makes and rotates a key of the plan', async () => {
    const { arn, keyId } = await createKey(office, 'case-data');
    const key = { name: 'case-data', alias: 'alias/cmk/case-data', arn, keyId };
    const id = await office.approved({ action: 'key.rotate', key });
    const { receipt } = await office.execute('deputy', id);
    expect(receipt.outcome).toBe('executed');
    await expect(office.aws.past('admin', 'DisableKey', { KeyId: arn })).rejects.toMatchObject({ code: 'DENIED' });
  });
});
