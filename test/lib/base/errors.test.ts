import { describe, expect, it } from 'vitest';
import {
  asCustodyError,
  CustodyError,
  ERROR_EXIT,
  type ErrorCode,
  EXIT,
  worstExit,
} from '../../../src/lib/base/errors.js';

describe('the table of codes', () => {
  it.each(Object.entries(ERROR_EXIT))('%s leads to exit %i', (code, exit) => {
    expect(new CustodyError(code as ErrorCode, 'why').exit).toBe(exit);
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
  });

  it('T23 has no code that leads to success', () => {
    expect(Object.values(ERROR_EXIT)).not.toContain(EXIT.ok);
  });

  it('has the exits of the contract and no other', () => {
    expect(Object.values(EXIT).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 130]);
  });
});

describe('worstExit', () => {
  it.each([
    [[], 0],
    [[0], 0],
    [[0, 8], 8],
    [[8, 5], 5],
    [[5, 6], 6],
    [[6, 3], 3],
    [[3, 4], 4],
    [[4, 1], 1],
    [[8, 2], 2],
    [[0, 8, 5, 6, 3, 4, 1], 1],
  ] as const)('of %j is %i', (exits, worst) => {
    expect(worstExit(exits)).toBe(worst);
    expect(worstExit([...exits].reverse())).toBe(worst);
  });
});

describe('CustodyError', () => {
  it('carries what a person needs next', () => {
    const cause = new TypeError('inner');
    const error = new CustodyError('CONFLICT', 'moved', { details: { head: 'a' }, suggestions: ['Run again.'], cause });
    expect(error).toMatchObject({ name: 'CustodyError', code: 'CONFLICT', details: { head: 'a' }, cause });
    expect(error.suggestions).toEqual(['Run again.']);
    expect(new CustodyError('BUG', 'x').suggestions).toEqual([]);
    expect('cause' in new CustodyError('BUG', 'x')).toBe(false);
  });

  it('passes through as it is, and wraps what is none', () => {
    const own = new CustodyError('DENIED', 'no');
    expect(asCustodyError(own, 'BUG', 'other')).toBe(own);
    for (const cause of [new Error('x'), 'text', null, undefined]) {
      expect(asCustodyError(cause, 'UNAVAILABLE', 'other')).toMatchObject({ code: 'UNAVAILABLE', message: 'other' });
    }
  });
});
