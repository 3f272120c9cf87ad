import { type Digest, decodeBase64, isDigest } from '../base/bytes.js';
import { CANARY_CONTEXT } from '../base/canary.js';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { WRAPPING_KEY_SPEC, type WrappingAlgorithm } from '../base/material.js';
import { copyContext, copyPath, rootOf } from '../copy/copy.js';
import { type KeptCopy, keptCopies } from '../copy/kept.js';
import { type KeyArn, type KeyState, partsOf } from '../key/key.js';
import type { KeyMaterial, ListedMaterial } from '../key/material.js';
import { canaryUserOf, drillRoleArnOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import type { Plan } from '../plan/plan.js';
import { scratchImportStatement } from '../policy/scratch.js';
import { formatKeyPolicy } from '../policy/statements.js';
import { materialNote } from '../record/action-import.js';
import { wrappedUnder } from '../request/apply-import.js';
import type { Case } from '../request/case.js';
import { canaryKeyOf } from './canaries.js';
import type { ScratchReceipt } from './evidence.js';
import { keyIn } from './keys.js';
import type { Scene } from './ports.js';
import { type Answer, fail, none, open, type Probe, pass, passIf } from './probe.js';
import { insisting, onScratchKey } from './scratch.js';

/** Copies of imported material under the root, and the way in and out of a key that is of no other use. @returns scratch keys */
export async function drillMaterial(
  scene: Scene,
  estate: ObservedEstate,
  probe: Probe,
): Promise<readonly ScratchReceipt[]> {
  const { plan } = scene.state.plan;
  const receipts: ScratchReceipt[] = [];
  const copies = await keptCopies(scene.state.view, scene.verifier, scene.state);
  for (const name of Object.keys(plan.keys))
    await probe.ask(`${name}.copies`, name, () => copiesAnswer(scene, estate, copies, name));
  await probe.ask('import', null, () => importAnswer(scene, (receipt) => receipts.push(receipt)));
  return receipts;
}

/** Each material of a key that KMS knows, old ones too, has its copy, and KMS can open that. */
async function copiesAnswer(
  scene: Scene,
  estate: ObservedEstate,
  copies: ReadonlyMap<string, KeptCopy>,
  name: string,
): Promise<Answer> {
  const { plan } = scene.state.plan;
  if (plan.keys[name]?.origin !== 'EXTERNAL') return none(`KMS made the material of ${name} and gives it to nobody`);
  const root = rootOf(plan);
  if (name === root) return none(`no key stands above ${name} that its material could be kept under`);
  const { primary } = plan.regions;
  const [own, above] = [keyIn(estate, name, primary).found, keyIn(estate, root, primary).found];
  if (!own || !above) return open(`${own ? root : name} in ${primary} could not be looked at`);
  if (canaryUserOf(plan, root) === null) return open(`the plan lets no role move what is under ${root}`);
  // Opened by one alone it would be no proof of dual control, and the drill role might be that one.
  if (!canaryKeyOf(plan, root).sealed)
    return open(`${root} is not under dual control (dualControl: grants): a copy could be opened by one alone`);
  const listed = (await scene.aws.reader.materials(primary, own.description.arn)) ?? [];
  const known = listed.filter(({ importState, state }) => importState !== null && !state.startsWith('PENDING_'));
  if (known.length === 0) return open(`${name} has no material yet`);
  for (const material of known) {
    const bad = await copyFault(scene, { copies, root, arn: above.description.arn, name }, material);
    if (bad) return bad;
  }
  return pass(`${known.length} copies were moved within ${root} under their context: two seats can open each`);
}

interface Kept {
  readonly copies: ReadonlyMap<string, KeptCopy>;
  readonly root: string;
  readonly arn: KeyArn;
  readonly name: string;
}

async function copyFault(scene: Scene, kept: Kept, material: ListedMaterial): Promise<Answer | null> {
  const { root, arn, name, copies } = kept;
  const { id } = material;
  const next = `custody keys import ${name} --material ${id}, executed with --copy-profile by who has the bytes, keeps one`;
  const commitment = commitmentIn(scene, name, material);
  if (commitment === null)
    return open(`no copy of the material of ${name} that no request of this repository brought: ${next}`);
  const path = copyPath(name, commitment);
  const copy = copies.get(path);
  if (copy === undefined) return open(`no copy of a material of ${name} is kept as ${path}: ${next}`);
  if ('because' in copy) return fail(`${path} is no copy: ${copy.because}`);
  if (copy.said.root !== arn) return fail(`${path} is under ${copy.said.root}, which is not the root`);
  const bytes = decodeBase64(copy.said.ciphertext) ?? new Uint8Array();
  await scene.role.reEncryptor.reEncrypt({ from: arn, to: arn }, bytes, copyContext(root, name, commitment));
  return null;
}

/**
 * Which 32 bytes a material is. KMS keeps beside it which request brought it; of one that came past custody an executed request
 * that brought it again says the same, for under its id KMS takes the very same bytes alone ("ImportKeyMaterial").
 */
function commitmentIn({ cases }: Scene, name: string, { id, description }: ListedMaterial): Digest | null {
  const brought = ({ request: { statement }, verdict }: Case): boolean => {
    const { nonce, action, parameters, key } = statement.predicate;
    if (action.startsWith('key.') && materialNote(nonce) === description) return true;
    const again = action === 'key.import' && key?.name === name && parameters.materialId === id;
    return again && verdict.state === 'executed';
  };
  const { commitment } = cases.find(brought)?.request.statement.predicate.parameters ?? {};
  return isDigest(commitment) ? commitment : null;
}

function importedKeyOf({ keys }: Plan): string | null {
  return Object.entries(keys).find(([, { origin }]) => origin === 'EXTERNAL')?.[0] ?? null;
}

/** Fresh material of no production key, into a key that the drill makes and is rid of. */
async function importAnswer(scene: Scene, keep: (receipt: ScratchReceipt) => void): Promise<Answer> {
  const { plan } = scene.state.plan;
  const of = importedKeyOf(plan);
  if (of === null) return none('no key of the plan takes imported material');
  const drillRole = drillRoleArnOf(plan);
  if (drillRole === null) return open('the plan has no drill role that could make a scratch key');
  const policy = formatKeyPolicy([scratchImportStatement(drillRole)]);
  const material = scene.role.newMaterial();
  try {
    const key = { region: plan.regions.primary, policy, of, origin: 'EXTERNAL' } as const;
    return await onScratchKey(scene, key, keep, (arn) => tryImport(scene, arn, material));
  } finally {
    material.wipe();
  }
}

const CONTEXT = { [CANARY_CONTEXT]: 'drill' };

/** In, encrypted, away, nothing to be read, in again, read: by both ways of wrapping. */
async function tryImport(scene: Scene, arn: KeyArn, material: KeyMaterial): Promise<Answer> {
  const { canaries } = scene.role;
  const id = await bring(scene, arn, material, 'RSAES_OAEP_SHA_256', { ImportType: 'NEW_KEY_MATERIAL' });
  await until(scene, arn, 'Enabled');
  const canary = await canaries.make(arn, CONTEXT);
  await call(scene, arn, 'DeleteImportedKeyMaterial', {});
  await until(scene, arn, 'PendingImport');
  if (await opens(scene, arn, canary.ciphertext)) return fail('KMS decrypted what it had no key material for any more');
  const again = { ImportType: 'EXISTING_KEY_MATERIAL', KeyMaterialId: id };
  await bring(scene, arn, material, 'RSA_AES_KEY_WRAP_SHA_256', again);
  await until(scene, arn, 'Enabled');
  const { digest } = await canaries.open(arn, canary.ciphertext, CONTEXT);
  return passIf(
    digest === canary.digest,
    'fresh material was imported, deleted and imported again: without it KMS decrypted nothing, with it what was there before',
    'what came back after the material was imported again is not what was encrypted',
  );
}

/** @returns the material's id */
async function bring(
  scene: Scene,
  arn: KeyArn,
  material: KeyMaterial,
  algorithm: WrappingAlgorithm,
  which: JsonObject,
): Promise<string> {
  const wanted = { WrappingAlgorithm: algorithm, WrappingKeySpec: WRAPPING_KEY_SPEC };
  const prepared = await call(scene, arn, 'GetParametersForImport', wanted);
  const wrapped = wrappedUnder(prepared, arn, material, algorithm);
  const expiry = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  const { KeyMaterialId } = await call(scene, arn, 'ImportKeyMaterial', { ...wrapped, ...which, ...expiry });
  if (typeof KeyMaterialId === 'string') return KeyMaterialId;
  throw new CustodyError('UNAVAILABLE', "AWS's answer to ImportKeyMaterial is incomplete");
}

async function call(scene: Scene, arn: KeyArn, operation: string, parameters: JsonObject): Promise<JsonObject> {
  const { region } = partsOf(arn);
  const { answer } = await insisting(scene, {
    service: 'kms',
    region,
    operation,
    parameters: { KeyId: arn, ...parameters },
  });
  return answer;
}

/** KMS shows a change a little after it. */
const LOOKS = 10;
const PAUSE_MILLIS = 1000;

/** @throws CustodyError TIMEOUT when the key never gets there */
async function until({ role, ports }: Scene, arn: KeyArn, state: KeyState): Promise<void> {
  for (let look = 1; ; look++) {
    const found = await role.reader.describe(partsOf(arn).region, arn);
    if (found?.state === state) return;
    if (look === LOOKS) throw new CustodyError('TIMEOUT', `the scratch key is ${found?.state}, not ${state}`);
    await ports.clock.sleep(PAUSE_MILLIS);
  }
}

/** Whether a canary can be read. Only KMS's own word on the state of the key is a no. */
async function opens({ role }: Scene, arn: KeyArn, ciphertext: Uint8Array): Promise<boolean> {
  try {
    await role.canaries.open(arn, ciphertext, CONTEXT);
    return true;
  } catch (cause) {
    if (cause instanceof CustodyError && cause.details?.awsCode === 'KMSInvalidStateException') return false;
    throw cause;
  }
}
