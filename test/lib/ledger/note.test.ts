import { describe, expect, test } from 'vitest';
import { parsePublicKey } from '../../../src/lib/base/signature.js';
import {
  cosignatureKey,
  cosignText,
  formatNote,
  MAX_NOTE_BYTES,
  type Note,
  noteKey,
  parseNote,
  signersOf,
  signText,
  verifierText,
} from '../../../src/lib/ledger/note.js';
import { createSigner } from '../../support/people.js';

/** The example of Go's golang.org/x/mod/sumdb/note (note_test.go and its documentation). */
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
const goKey = parsePublicKey(
  Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(GO_KEY.split('+').slice(2).join('+'), 'base64').subarray(1),
  ]),
);
const bytesOf = (text: string) => Buffer.from(text, 'utf8');
const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });
const invalid = expect.objectContaining({ code: 'SIGNATURE_INVALID' });

describe("Go's note", () => {
  test('is read, written and verified; its key id is ours', () => {
    const note = parseNote(bytesOf(GO_NOTE));
    expect(note.text).toBe(GO_TEXT);
    expect(Buffer.from(formatNote(note)).toString('utf8')).toBe(GO_NOTE);
    const key = noteKey('PeterNeumann', goKey);
    expect(key.keyId).toBe(0xc74f20a3);
    expect(verifierText('PeterNeumann', goKey)).toBe(GO_KEY);
    expect(signersOf(note, [key])).toEqual([key]);
  });

  test('with another letter in its text is refused; under another name nobody signed it', () => {
    const changed = parseNote(bytesOf(GO_NOTE.replace('answer', 'Answer')));
    expect(() => signersOf(changed, [noteKey('PeterNeumann', goKey)])).toThrow(invalid);
    expect(signersOf(parseNote(bytesOf(GO_NOTE)), [noteKey('peterneumann', goKey)])).toEqual([]);
  });
});

describe('what is no note', () => {
  const line = GO_NOTE.slice(GO_NOTE.indexOf('\u2014'), -1);
  test.each<readonly [string, string | Buffer]>([
    ['nothing', ''],
    ['text alone', GO_TEXT],
    ['no signature', `${GO_TEXT}\n`],
    ['no empty line', `${GO_TEXT}${line}\n`],
    ['an end without a newline', GO_NOTE.slice(0, -1)],
    ['a carriage return', GO_NOTE.replace('problem,\n', 'problem,\r\n')],
    ['a tab', GO_NOTE.replace('If you', 'If\tyou')],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from([0xff]), bytesOf(GO_NOTE)])],
    ['a hyphen for the dash', GO_NOTE.replace('\u2014', '-')],
    ['two spaces', GO_NOTE.replace('PeterNeumann ', 'PeterNeumann  ')],
    ['a name with a plus', GO_NOTE.replace('PeterNeumann ', 'Peter+Neumann ')],
    ['a name with a Unicode space', GO_NOTE.replace('PeterNeumann ', 'Peter\u2003Neumann ')],
    ['no name', GO_NOTE.replace('PeterNeumann ', ' ')],
    ['base64 without its padding', GO_NOTE.replace('AM=', 'AM')],
    ['base64 of the URL alphabet', GO_NOTE.replace('go/Z', 'go_Z')],
    ['base64 with stray bits', GO_NOTE.replace('nAM=', 'nAN=')],
    ['a key id and nothing', `${GO_TEXT}\n\u2014 PeterNeumann x08gow==\n`],
    ['text after the signatures', `${GO_NOTE}more\n`],
    ['a word behind a signature', `${GO_NOTE.slice(0, -1)} x\n`],
    ['101 signatures', `${GO_TEXT}\n${`${line}\n`.repeat(101)}`],
    ['too many bytes', `${'x'.repeat(MAX_NOTE_BYTES)}\n\n${line}\n`],
  ])('%s', (_, given) => {
    expect(() => parseNote(typeof given === 'string' ? bytesOf(given) : given)).toThrow(malformed);
  });
});

describe('several signatures', () => {
  const text = 'custody/0123456789abcdef/ledger\n7\nAAAA\n\nmore\n';
  const [ed, other, p256] = [createSigner('ed25519'), createSigner('ed25519'), createSigner('p256')];
  const keys = [noteKey('a', ed.publicKey), noteKey('b', p256.publicKey), cosignatureKey('c', other.publicKey)].flatMap(
    (key) => (key === null ? [] : [key]),
  );
  const signed = async (): Promise<Note> => ({
    text,
    signatures: [
      await signText(text, 'a', ed),
      await signText(text, 'b', p256),
      await cosignText(text, 'c', other, 1_700_000_000),
      await signText(text, 'stranger', createSigner('ed25519')),
    ],
  });

  test('of known keys count once each, those of strangers not', async () => {
    const note = await signed();
    const again = parseNote(formatNote({ text, signatures: [...note.signatures, ...note.signatures] }));
    expect(again.text).toBe(text);
    expect(signersOf(again, keys)).toEqual(keys);
    expect(signersOf(again, keys.slice(0, 1))).toEqual(keys.slice(0, 1));
  });

  test('a cosignature is of its time', async () => {
    const { signatures } = await signed();
    const [, , cosigned] = signatures;
    const bytes = Buffer.from(cosigned?.signature ?? []);
    bytes.writeBigUInt64BE(1_700_000_001n, 0);
    const later = { text, signatures: cosigned ? [{ ...cosigned, signature: bytes }] : [] };
    expect(() => signersOf(later, keys)).toThrow(invalid);
    // Truly signed, but no time: c2sp.org/tlog-cosignature ends before 2^63. And one that ends within its time.
    for (const wrong of [
      await cosignText(text, 'c', other, 2 ** 63),
      { name: 'c', keyId: cosigned?.keyId ?? 0, signature: Buffer.alloc(7) },
      { name: 'c', keyId: cosigned?.keyId ?? 0, signature: Buffer.alloc(8) },
    ]) {
      expect(() => signersOf({ text, signatures: [wrong] }, keys)).toThrow(invalid);
    }
  });

  test('of a known key under the name of another is a stranger’s', async () => {
    const plain = await signText(text, 'a', ed);
    expect(signersOf({ text, signatures: [{ ...plain, name: 'b' }] }, keys)).toEqual([]);
  });

  test('ECDSA has no cosignature and no form of Go’s; it signs the text itself', async () => {
    expect([cosignatureKey('b', p256.publicKey), verifierText('b', p256.publicKey)]).toEqual([null, null]);
    expect(signersOf({ text, signatures: [await cosignText(text, 'b', p256, 1)] }, keys)).toEqual([keys[1]]);
  });

  test('a signature is of one form: the text signed plainly is no cosignature', async () => {
    const plain = await signText(text, 'c', other);
    const cosigner = keys[2];
    const posed = { ...plain, keyId: cosigner?.keyId ?? 0 };
    expect(() => signersOf({ text, signatures: [posed] }, keys)).toThrow(invalid);
    expect(signersOf({ text, signatures: [plain] }, keys)).toEqual([]);
  });

  test('one of a known key that does not verify spoils the note', async () => {
    const { signatures } = await signed();
    expect(() => signersOf({ text: `${text}x\n`, signatures }, keys)).toThrow(invalid);
  });
});
