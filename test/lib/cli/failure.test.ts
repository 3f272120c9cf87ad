import { Errors } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { asError, errorJson } from '../../../src/lib/cli/failure.js';
import { renderError } from '../../../src/lib/cli/render.js';

describe('failures', () => {
  it('ours stay as they are', () => {
    const error = new CustodyError('PENDING', 'not yet');
    expect(asError(error)).toBe(error);
  });

  it('a wanted end is none', () => {
    expect(asError(new Errors.ExitError(0))).toBeNull();
  });

  it("the framework's are USAGE, without the input that they carry", () => {
    const cause = Object.assign(new Errors.CLIError('Nonexistent flag: --x\nSee more help with --help'), {
      parse: { input: { argv: ['--passphrase', 'hunter2'] } },
    });
    const error = asError(cause);
    expect(error?.code).toBe('USAGE');
    expect(JSON.stringify(error && errorJson(error))).not.toContain('hunter2');
    expect(error && renderError(error)).not.toContain('hunter2');
  });

  it('an interrupted question is exit 130', () => {
    const cause = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' });
    expect(asError(cause)?.exit).toBe(130);
  });

  it('anything else is a defect of ours, with its stack for people only', () => {
    const error = asError(new TypeError('x is undefined'));
    expect(error?.exit).toBe(1);
    expect(error && renderError(error)).toContain('failure.test.ts');
    expect(JSON.stringify(error && errorJson(error))).not.toContain('failure.test.ts');
  });

  it('a cause and an absent context are not printed', () => {
    const error = new CustodyError('DENIED', 'no', { cause: new Error('AKIAEXAMPLE') });
    expect(errorJson(error)).toEqual({ error: { code: 'DENIED', message: 'no' } });
    expect(renderError(error)).not.toContain('AKIAEXAMPLE');
  });
});
