import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { POLICY_SHA256 } from './pinned.js';

/** The policies in Rego, as they lie in the package. */
export const REGO_FILES = [
  'custody/cloudtrail.rego',
  'custody/guard.rego',
  'custody/kms.rego',
  'custody/ledger.rego',
  'custody/places.rego',
  'custody/terraform.rego',
] as const;

/**
 * An OPA bundle, not yet compressed: the policies and a plan's facts (OPA, "Bundle File Format"). The same in, the same out.
 * @param files bytes of REGO_FILES by name
 */
export function bundleOf(files: ReadonlyMap<string, Uint8Array>, config: JsonObject): Uint8Array {
  const manifest = { revision: POLICY_SHA256, roots: ['config', 'custody'], rego_version: 1 };
  const all: readonly (readonly [string, Uint8Array])[] = [
    ['.manifest', text(manifest)],
    ['data.json', text({ config })],
    ...files,
  ];
  const parts = all.flatMap(([name, bytes]) => [headerOf(name, bytes.length), bytes, padding(bytes.length)]);
  // Two empty blocks end an archive.
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function text(value: JsonObject): Uint8Array {
  return Buffer.from(`${formatCanonical(value)}\n`, 'utf8');
}

const BLOCK = 512;

function padding(length: number): Uint8Array {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}

/** POSIX.1-2017, pax, "ustar Interchange Format": of nobody, from no time. */
function headerOf(name: string, length: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100, 'utf8');
  header.write(octal(0o644, 7), 100, 'latin1');
  header.write(octal(0, 7), 108, 'latin1');
  header.write(octal(0, 7), 116, 'latin1');
  header.write(octal(length, 11), 124, 'latin1');
  header.write(octal(0, 11), 136, 'latin1');
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
