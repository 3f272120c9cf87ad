import { entropyToMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { type Digest, digestHex } from '../base/bytes.js';

/**
 * The first 128 bits of a digest as twelve words of the BIP-39 English list (with its checksum), to be compared aloud.
 */
export function wordsOf(digest: Digest): readonly string[] {
  return entropyToMnemonic(Buffer.from(digestHex(digest).slice(0, 32), 'hex'), wordlist).split(' ');
}
