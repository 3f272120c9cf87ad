import { decodeBase64 } from '../../base/bytes.js';
import { CustodyError } from '../../base/errors.js';
import type { InclusionProof } from './log-entry.js';
import type { TrustedLog } from './trusted-root.js';

/**
 * A checkpoint is a signed note (C2SP signed-note, tlog-checkpoint): origin, size and root hash on a line each, an empty
 * line, then `— <name> <base64 of 4 bytes of key id and the signature>` lines.
 *
 * Its text is a stranger's until the signature is checked, and the library that checks it makes a pattern out of the
 * signer's name: a name can hold it for minutes, or make it throw what it does not promise. So the form is settled here
 * first, in time that grows with the length alone.
 */
const NAME = /^[A-Za-z0-9._:/~-]{1,200}$/;
const ORIGIN = /^[\x20-\x7e]{1,300}$/;
const SIZE = /^(?:0|[1-9][0-9]{0,17})$/;
const DASH = '\u2014';
const MOST_SIGNATURES = 16;
const MOST_LINES = 20;

/**
 * The checkpoint has the one form, is the one of the proof, and carries a signature line of `log`.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID
 */
export function assertCheckpoint({ checkpoint, rootHash, treeSize }: InclusionProof, log: TrustedLog): void {
  const { envelope } = checkpoint;
  const border = envelope.indexOf('\n\n');
  if (border < 0 || !envelope.endsWith('\n')) throw malformed('no note and signatures');
  const [origin = '', size = '', hash = '', ...more] = envelope.slice(0, border).split('\n');
  if (!ORIGIN.test(origin) || !SIZE.test(size)) throw malformed('no origin and size');
  if (more.length > MOST_LINES) throw malformed('too many lines');
  if (size !== treeSize || !decodeBase64(hash)?.equals(rootHash)) {
    throw new CustodyError('SIGNATURE_INVALID', 'the checkpoint is not of the tree that the inclusion proof is for');
  }
  assertSignatures(envelope.slice(border + 2, -1).split('\n'), log);
}

function assertSignatures(lines: readonly string[], log: TrustedLog): void {
  if (lines.length > MOST_SIGNATURES) throw malformed('too many signatures');
  const signed = lines.map((line) => {
    const [dash, name = '', encoded = '', ...more] = line.split(' ');
    const bytes = decodeBase64(encoded);
    if (dash !== DASH || !NAME.test(name) || more.length > 0 || bytes === null || bytes.length < 5) {
      throw malformed('a signature line that is none');
    }
    return { name, keyHint: bytes.subarray(0, 4) };
  });
  const hint = log.checkpointKeyId.subarray(0, 4);
  if (!signed.some(({ name, keyHint }) => log.names.includes(name) && keyHint.equals(hint))) {
    throw new CustodyError('SIGNATURE_INVALID', 'the checkpoint is signed by another log than the entry names');
  }
}

function malformed(found: string): CustodyError {
  return new CustodyError('RECORD_MALFORMED', `a log's checkpoint is malformed: ${found}`);
}
