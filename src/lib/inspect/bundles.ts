import { sha256Hex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { anyJson, isObject, list, mapOf, object, optional, readFields, text } from '../base/fields.js';
import { type Trust, type VerifiedBundle, verifyBundle } from '../signing/sigstore/verify.js';
import { parseDocument } from '../signing/sigstore/wire.js';
import { type Check, type CheckReport, check, verdictOf } from './check.js';
import type { GivenFile } from './records.js';

export interface BundleFacts {
  readonly path: string;
  /** A key id, or issuer and subject; null for what does not verify. */
  readonly signer: VerifiedBundle['signer'] | null;
  readonly predicateType: string | null;
  readonly subjects: readonly { readonly name: string; readonly digest: string }[];
  readonly times: readonly string[];
  readonly logged: number;
}

export interface BundlesReport extends CheckReport {
  readonly records: readonly never[];
  readonly bundles: readonly BundleFacts[];
}

const MAX_STATEMENT_BYTES = 512 * 1024;
const statement = object({
  _type: text({
    max: 200,
    pattern: /^https:\/\/in-toto\.io\/Statement\/v(?:0\.1|1)$/,
    expected: 'an in-toto Statement',
  }),
  predicateType: text({ max: 500 }),
  subject: list(
    object({
      name: optional(text({ min: 0, max: 1000 })),
      digest: mapOf(/^[A-Za-z0-9]{1,40}$/, text({ max: 200, pattern: /^[0-9a-f]+$/, expected: 'hex' }), 32),
    }),
    { min: 1, max: 1024 },
  ),
  predicate: optional(anyJson),
});

/**
 * Verifies Sigstore bundles, of keys or of identities, by what an outsider trusts alone.
 * @param artifact the file that they are about, if it is at hand
 */
export async function verifyBundles(
  files: readonly GivenFile[],
  trust: Trust,
  artifact: Uint8Array | null,
): Promise<BundlesReport> {
  const outcomes = await Promise.all(files.map((file) => verifyOne(file, trust, artifact)));
  const checks = outcomes.flatMap((outcome) => outcome.checks);
  return { verdict: verdictOf(checks), checks, records: [], bundles: outcomes.map(({ facts }) => facts) };
}

interface Outcome {
  readonly checks: readonly Check[];
  readonly facts: BundleFacts;
}

async function verifyOne({ path, bytes }: GivenFile, trust: Trust, artifact: Uint8Array | null): Promise<Outcome> {
  try {
    const verified = await verifyBundle(bytes, trust, artifact, path);
    const said = verified.statement === null ? null : readStatement(verified.statement, path);
    const { signer, times, logged } = verified;
    const facts = {
      path,
      signer,
      predicateType: said?.predicateType ?? null,
      subjects: said?.subjects ?? [],
      times,
      logged,
    };
    const signed = check(`${path} signature`, true, signatureText(verified));
    return { facts, checks: [signed, ...(said ? [subjectCheck(path, said, artifact)] : [])] };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    const status = cause.code === 'UNPROVEN' ? 'skip' : 'fail';
    const facts = { path, signer: null, predicateType: null, subjects: [], times: [], logged: 0 };
    return { facts, checks: [{ id: `${path} signature`, status, detail: cause.message }] };
  }
}

interface Said {
  readonly predicateType: string;
  readonly subjects: BundleFacts['subjects'];
}

function readStatement(bytes: Uint8Array, path: string): Said {
  const json = parseDocument(bytes, path, MAX_STATEMENT_BYTES);
  const { predicateType, subject } = readFields(statement, json, path, 'RECORD_MALFORMED');
  return {
    predicateType,
    subjects: subject.map(({ name, digest }) => ({ name: name ?? '', digest: digestText(digest) })),
  };
}

function digestText(digest: Readonly<Record<string, string>>): string {
  const [first] = Object.entries(digest);
  const sha256 = isObject(digest) && Object.hasOwn(digest, 'sha256') ? digest.sha256 : undefined;
  return sha256 !== undefined ? `sha256:${sha256}` : `${first?.[0] ?? 'none'}:${first?.[1] ?? ''}`;
}

/** Without the file, only that the statement was signed is known, not that it is about anything at hand. */
function subjectCheck(path: string, { predicateType, subjects }: Said, artifact: Uint8Array | null): Check {
  const id = `${path} subject`;
  const names = subjects.map(({ name, digest }) => `${name} ${digest}`).join(', ');
  if (artifact === null) return check(id, true, `a statement of type ${predicateType} about ${names}`);
  const found = `sha256:${sha256Hex(artifact)}`;
  const about = subjects.some(({ digest }) => digest === found);
  return check(
    id,
    about,
    about ? `it is about the file given (${predicateType})` : `the file given is ${found}, it is about ${names}`,
  );
}

function signatureText({ signer, times, logged }: VerifiedBundle): string {
  const who = signer.kind === 'key' ? `key ${signer.keyId}` : `${signer.subject}, as ${signer.issuer} vouches`;
  const seen = times[0] === undefined ? '' : `, seen ${times[0]}`;
  return `signed by ${who}${seen}${logged > 0 ? `, in ${logged} transparency log${logged > 1 ? 's' : ''}` : ''}`;
}
