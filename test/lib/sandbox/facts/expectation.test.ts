import { describe, expect, it } from 'vitest';
import { checkOutcome } from '../../../support/facts/expectation.js';
import { assertInstant } from '../../../support/facts/moment.js';

const AT = { millis: Date.UTC(2026, 0, 31, 9), toleranceSeconds: 0 };
const LATE = { ...AT, toleranceSeconds: 60 };

describe('an instant of an answer', () => {
  it.each([
    [1769850000, 0, 'epoch'],
    ['2026-01-31T09:00:00Z', 0, 'iso'],
    ['Jan 31, 2026, 9:00:00 AM', 0, 'long'],
    ['Feb 20, 2026, 9:00:00 AM', 20 * 86400, 'long'],
    ['2026-01-31T08:59:53Z', -7, 'iso'],
  ])('%j is %d seconds after the request, as %s', (value, after, form) => {
    expect(() => assertInstant(value, { after, form }, AT, 'it')).not.toThrow();
  });

  it.each([
    [1769850001, 0, 'epoch'],
    ['2026-01-31T09:00:00Z', 0, 'epoch'],
    ['2026-01-31T09:00:00.000Z', 0, 'iso'],
    ['2026-01-31T09:00:00', 0, 'iso'],
    ['Jan 31, 2026 9:00:00 AM', 0, 'long'],
    ['January 31, 2026, 9:00:00 AM', 0, 'long'],
    [undefined, 0, 'iso'],
    [1769850000, 0, 'none'],
  ])('%j is not %d seconds after it, as %s', (value, after, form) => {
    expect(() => assertInstant(value, { after, form }, AT, 'it')).toThrow();
  });

  it('may be as late as the stage says', () => {
    expect(() => assertInstant(1769850060, { after: 0, form: 'epoch' }, LATE, 'it')).not.toThrow();
    expect(() => assertInstant(1769850061, { after: 0, form: 'epoch' }, LATE, 'it')).toThrow('not 0 s after');
  });
});

const REFUSED = { refused: { code: 'NotFoundException', message: 'no', status: 400 } };

describe('a refusal', () => {
  it.each([
    ['an answer', { answer: {} }],
    ['what an answer does not have', { absent: ['Key'] }],
    ['a record', { record: {} }],
    ['nothing', {}],
    ['another error', { error: 'DisabledException' }],
    ['another message', { error: 'NotFoundException', message: 'yes' }],
    ['another status', { error: 'NotFoundException', status: 409 }],
  ])('is not %s', (_, wanted) => {
    expect(() => checkOutcome(REFUSED, wanted, new Map())).toThrow();
  });

  it('does not matter where what was asked is the fact', () => {
    expect(() => checkOutcome(REFUSED, { askedAll: [] }, new Map())).not.toThrow();
  });
});
