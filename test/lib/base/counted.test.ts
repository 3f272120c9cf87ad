import { expect, it } from 'vitest';
import { counted } from '../../../src/lib/base/counted.js';

it('one is one, and everything else is many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'key'))).toEqual(['0 keys', '1 key', '2 keys']);
  expect([1, 11].map((count) => counted(count, 'entry', 'entries'))).toEqual(['1 entry', '11 entries']);
});
