import { type Digest, digestHex, digestOf, encodeBase64 } from '../base/bytes.js';
import { CANARY_CONTEXT } from '../base/canary.js';
import { parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { object, type Reader, readFields, text, where } from '../base/fields.js';
import { formatInToto, isOfType, readInToto, soleSubject } from '../base/in-toto.js';
import { commitId, digest, instant, repositoryId } from '../base/readers.js';
import { isKeyArn } from '../key/key.js';
import type { Plan } from '../plan/plan.js';

/**
 * Imported material, kept encrypted under the root (docs/imported-material.md): a statement with a predicate type of its own,
 * looked at first, so that it passes for nothing else (T64).
 */
export const COPY_TYPE = 'urn:custody:material-copy:v1';
/** Where copies lie. The names are part of the format. */
export const COPY_FOLDER = 'materials';
const LIMITS = { maxBytes: 64 * 1024, maxDepth: 6 };

const keyName = text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: "a key's name" });

const predicate = object({
  repository: repositoryId,
  by: text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: 'the id of a custodian or an automation' }),
  at: instant,
  /** The head that the signer saw. */
  head: commitId,
  /** The request that the material was imported by. */
  request: text({ max: 12, pattern: /^r-[a-z2-7]{10}$/, expected: 'a request id' }),
  key: keyName,
  /** `commitmentOf` the 32 bytes: which material it is. */
  commitment: digest,
  /** Under which key it is encrypted. */
  root: where(isKeyArn, 'the ARN of a key'),
  ciphertext: text({ max: 8192, pattern: /^[A-Za-z0-9+/]+={0,2}$/, expected: 'base64' }),
});

export type CopyPredicate = typeof predicate extends Reader<infer T> ? T : never;

/** The one place of a material's copy: `materials/case-data/<64 hex of its commitment>.json`. */
export function copyPath(key: string, commitment: Digest): string {
  return `${COPY_FOLDER}/${key}/${digestHex(commitment)}.json`;
}

/** The key that keeps the material of the others, and its name: the one above all. */
export function rootOf(plan: Pick<Plan, 'keys'>): string {
  return Object.entries(plan.keys).find(([, { parent }]) => parent === null)?.[0] ?? '';
}

/** Under which key the material of another is kept. @throws CustodyError REFUSED for the root's own, and for a root without dual control */
export function copyRootOf(plan: Pick<Plan, 'keys'>, key: string): string {
  const root = rootOf(plan);
  if (key === root)
    throw new CustodyError('REFUSED', `no key stands above ${root} that its material could be kept under`);
  if (plan.keys[root]?.dualControl === 'grants') return root;
  throw new CustodyError('REFUSED', `whoever may decrypt with ${root} could open a copy alone`, {
    suggestions: ['Under dualControl: grants the plan lets nobody decrypt with a key.'],
  });
}

/**
 * The encryption context of a copy, every value literal. By the pair of canaries the drill role may encrypt it and move it within
 * the root, and by the purpose one seat may let another open it; the other two bind it to one key and one material.
 */
export function copyContext(root: string, key: string, commitment: Digest): Readonly<Record<string, string>> {
  return {
    [CANARY_CONTEXT]: root,
    'custody:purpose': 'unwrap',
    'custody:key': key,
    'custody:material': digestHex(commitment),
  };
}

/** The DSSE payload; its subject is the ciphertext. */
export function formatCopy(said: CopyPredicate): Uint8Array {
  const subject = { name: copyPath(said.key, said.commitment), digest: digestOfCiphertext(said.ciphertext) };
  return formatInToto({ subjects: [subject], predicateType: COPY_TYPE, predicate: { ...said } });
}

function digestOfCiphertext(base64: string): Digest {
  return digestOf(Buffer.from(base64, 'base64'));
}

/** Is this payload a copy's, by its predicate type? It says nothing about its signature or its shape. */
export function isCopyStatement(payload: Uint8Array): boolean {
  return isOfType(payload, COPY_TYPE, LIMITS);
}

/** @throws CustodyError RECORD_MALFORMED, also for a statement of any other predicate type */
export function parseCopy(payload: Uint8Array, path: string): CopyPredicate {
  const outer = readInToto(parseCanonical(payload, path, LIMITS), path);
  if (outer.predicateType !== COPY_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${path}: not the predicate type of copies`);
  const said = readFields(predicate, outer.predicate, path, 'RECORD_MALFORMED');
  const subject = soleSubject(outer, path);
  const own = copyPath(said.key, said.commitment);
  if (subject.name !== own || subject.digest !== digestOfCiphertext(said.ciphertext))
    throw new CustodyError('RECORD_MALFORMED', `${path}: its subject is not its ciphertext`);
  if (encodeBase64(Buffer.from(said.ciphertext, 'base64')) !== said.ciphertext)
    throw new CustodyError('RECORD_MALFORMED', `${path}: its ciphertext is not base64`);
  return said;
}
