import { expect, it } from 'vitest';
import { install, proveEvidence } from '../support/installed.js';

it('is verified live', async () => {
  console.time('install');
  const it = await install();
  console.timeEnd('install');
  console.time('prove');
  const evidence = await it.evidence(await it.enter('auditor'));
  const { verdict, findings, checks } = proveEvidence(it.question(), evidence);
  console.timeEnd('prove');
  console.log(checks.filter(({ status }) => status !== 'pass'));
  expect(findings.map(({ claim, sentence }) => `${claim}: ${sentence}`)).toEqual([]);
  expect(verdict).toBe('verified');
});
