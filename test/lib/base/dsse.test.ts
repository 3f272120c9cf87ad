import { describe, expect, it } from 'vitest';
import { preAuthEncoding } from '../../../src/lib/base/dsse.js';

describe('preAuthEncoding', () => {
  it('is that of the DSSE protocol document', () => {
    const bytes = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(bytes.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('counts bytes, not characters', () => {
    expect(preAuthEncoding('é', Buffer.from('€')).toString()).toBe('DSSEv1 2 é 3 €');
  });

  it('T64 no other pair of type and payload gives the same bytes', () => {
    const one = preAuthEncoding('a', Buffer.from('b 1 c'));
    const other = preAuthEncoding('a 5 b', Buffer.from('c'));
    expect(one.equals(other)).toBe(false);
  });

  it('keeps bytes that are not text', () => {
    const payload = Buffer.from([0, 0xff, 0x0a]);
    expect(preAuthEncoding('t', payload).subarray(-3).equals(payload)).toBe(true);
  });
});
