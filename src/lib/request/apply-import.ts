import { decodeBase64, encodeBase64 } from '../base/bytes.js';
import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../base/material.js';
import { isKeyArn, type KeyArn } from '../key/key.js';
import type { KeyMaterial, ListedMaterial } from '../key/material.js';
import { ENCRYPTED_KEY_MATERIAL, IMPORT_TOKEN, materialNote } from '../record/action-import.js';
import type { SignedCall } from '../record/statement.js';
import { observe } from './observe.js';
import { arnOf } from './observe-key.js';
import { type Applied, callAndSee, callOnce, type Run, settle } from './run.js';

/** The wrapping key of one Region, and the import under it: neither is of use without the other. */
export interface ImportPair {
  readonly region: string;
  readonly arn: KeyArn;
  readonly prepare: SignedCall;
  readonly import: SignedCall;
}

/** The imports of a request's calls, in their order. */
export function importPairs({ calls }: Pick<Run['request'], 'calls'>): readonly ImportPair[] {
  return calls.flatMap((prepare, at) => {
    if (prepare.operation !== 'GetParametersForImport') return [];
    const next = calls[at + 1];
    const arn = prepare.parameters.KeyId;
    if (next?.operation !== 'ImportKeyMaterial' || next.region !== prepare.region || !isKeyArn(arn)) {
      throw new CustodyError('BUG', 'a wrapping key without its import');
    }
    return [{ region: prepare.region, arn, prepare, import: next }];
  });
}

/**
 * Imports material into one Region unless an earlier run's import shows there.
 * @param find the material of this request in what the Region lists, null while it is not there as it should be
 * @throws CustodyError INPUT_MISSING when the material is needed and not at hand
 */
export async function importOnce(
  run: Run,
  pair: ImportPair,
  find: (listed: readonly ListedMaterial[]) => ListedMaterial | null,
): Promise<{ readonly awsRequestIds: readonly string[]; readonly found: ListedMaterial }> {
  const look = async () => find((await run.reader.materials(pair.region, pair.arn)) ?? []);
  const before = run.resumed ? await look() : null;
  if (before !== null) return { awsRequestIds: [], found: before };
  run.progress(`Importing key material in ${pair.region}`);
  const prepared = await callOnce(run, pair.prepare);
  const call = filled(pair, materialOf(run), prepared.answer);
  const { awsRequestIds, found } = await callAndSee(run, call, look);
  return { awsRequestIds: [prepared.requestId, ...awsRequestIds], found };
}

/** @throws CustodyError INPUT_MISSING */
function materialOf({ material }: Run): KeyMaterial {
  if (material !== null) return material;
  throw new CustodyError(
    'INPUT_MISSING',
    'the import is not finished, and this machine was not given the key material',
    {
      suggestions: ['Run it again with --material-fd N and the very same 32 bytes.'],
    },
  );
}

/** The signed call with what its two placeholders stand for, and nothing else changed. */
function filled(pair: ImportPair, material: KeyMaterial, answer: Readonly<Record<string, JsonValue>>): SignedCall {
  const { parameters } = pair.import;
  const algorithm = WRAPPING_ALGORITHMS.find((name) => name === pair.prepare.parameters.WrappingAlgorithm);
  const signed =
    parameters.ImportToken === IMPORT_TOKEN &&
    parameters.EncryptedKeyMaterial === `${ENCRYPTED_KEY_MATERIAL} ${material.commitment}`;
  if (!signed || !algorithm) throw new CustodyError('BUG', 'an import that is not about this material');
  return { ...pair.import, parameters: { ...parameters, ...wrappedUnder(answer, pair.arn, material, algorithm) } };
}

/**
 * What an import is given besides its key: the token of the wrapping key that was answered, and the material under it.
 * @throws CustodyError UNAVAILABLE for an answer that is of another key, or lacks something
 */
export function wrappedUnder(
  answer: Readonly<Record<string, JsonValue>>,
  arn: KeyArn,
  material: KeyMaterial,
  algorithm: WrappingAlgorithm,
): { readonly ImportToken: string; readonly EncryptedKeyMaterial: string } {
  const { KeyId, ImportToken, PublicKey } = answer;
  const publicKey = typeof PublicKey === 'string' ? decodeBase64(PublicKey) : null;
  if (KeyId !== arn || typeof ImportToken !== 'string' || publicKey === null) {
    throw new CustodyError('UNAVAILABLE', "AWS's answer to GetParametersForImport is incomplete or of another key");
  }
  return { ImportToken, EncryptedKeyMaterial: encodeBase64(material.wrap(publicKey, algorithm)) };
}

/** One Region's import. KMS takes the same material again; new material it takes once, so it is known by its note. */
export async function applyImport(run: Run): Promise<Applied> {
  if (run.resumed) await settle(run);
  const [pair] = importPairs(run.request);
  if (!pair) throw new CustodyError('BUG', 'an import without its calls');
  const { materialId, expiresAt } = run.request.parameters;
  const isOurs = (item: ListedMaterial) => (materialId === null ? isNew(run, item) : item.id === materialId);
  const { awsRequestIds } = await importOnce(
    run,
    pair,
    (listed) =>
      listed.find((item) => isOurs(item) && item.importState === 'IMPORTED' && item.expiresAt === expiresAt) ?? null,
  );
  return { awsRequestIds, postState: await observe(run.reader, run.request), key: run.request.key };
}

/** Whether a material is the one that this request brought: it carries the request's note. */
export function isNew({ request }: Pick<Run, 'request'>, { description }: ListedMaterial): boolean {
  return description === materialNote(request.nonce);
}

/** DeleteImportedKeyMaterial says the same thing however often it is said, until waiting material is gone altogether. */
export async function applyMaterialOff(run: Run): Promise<Applied> {
  if (run.resumed) await settle(run);
  const { region, parameters, calls } = run.request;
  const isGone = async () => {
    const listed = (await run.reader.materials(region, arnOf(run.request))) ?? [];
    return listed.every(({ id, importState }) => id !== parameters.materialId || importState !== 'IMPORTED') || null;
  };
  const awsRequestIds: string[] = [];
  if (!(run.resumed && (await isGone()))) {
    for (const call of calls) awsRequestIds.push(...(await callAndSee(run, call, isGone)).awsRequestIds);
  }
  return { awsRequestIds, postState: await observe(run.reader, run.request), key: run.request.key };
}
