import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { awsEnvironment, python, runScript } from '../support/python-peer.js';
import { offeredOperations } from '../support/sandbox-operations.js';

/** boto3 calls everything that the sandbox offers; the answers are read as its service models have them. Its Python comes in CUSTODY_PEER_PYTHON. */
describe.skipIf(!python)(`boto3 as client${python ? '' : ' (skipped: CUSTODY_PEER_PYTHON is not set)'}`, () => {
  let dir: string;
  let serving: Serving;
  const bugs: unknown[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-boto3-'));
    serving = await serve({ dir, onBug: (cause) => bugs.push(cause) });
  });

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('gets from every operation what the service models say, nothing more and nothing less', async () => {
    const report = await runScript('every_operation.py', awsEnvironment(serving.info, 'admin'));
    expect(report.faults).toEqual([]);
    expect(report.operations).toEqual(offeredOperations());
    expect(report.answers).toBeGreaterThan(150);
    expect(bugs).toEqual([]);
  });
});
