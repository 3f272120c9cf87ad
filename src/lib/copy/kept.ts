import { CustodyError } from '../base/errors.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { COPY_FOLDER, type CopyPredicate, copyPath, parseCopy } from './copy.js';

/** What lies at the place of a copy: one that somebody whom the rosters list has signed, or why it is none. */
export type KeptCopy = { readonly said: CopyPredicate } | { readonly because: string };

type Rules = Pick<InForce, 'rosters' | 'roster'>;

/** Every file of the copies' folder, by its path. */
export async function keptCopies(
  view: View,
  verifier: StatementVerifier,
  rules: Rules,
): Promise<ReadonlyMap<string, KeptCopy>> {
  const files = await view.read(await view.pathsUnder(`${COPY_FOLDER}/`));
  const kept = new Map<string, KeptCopy>();
  for (const [path, bytes] of files) {
    try {
      const said = await openCopy(bytes, path, verifier, rules);
      const own = copyPath(said.key, said.commitment);
      kept.set(path, path === own ? { said } : { because: `${path}: it is the copy of another material, ${own}` });
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      kept.set(path, { because: cause.message });
    }
  }
  return kept;
}

/** @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN */
export async function openCopy(
  bytes: Uint8Array,
  path: string,
  verifier: StatementVerifier,
  { rosters, roster }: Rules,
): Promise<CopyPredicate> {
  const { statement, signer } = await verifier.open(bytes);
  const said = parseCopy(statement, path);
  const listed = rosters.flatMap((one) => [...identitiesOf(one)]);
  const by = listed.find(([keyId]) => signer.kind === 'key' && keyId === signer.keyId)?.[1].id;
  if (by === undefined) throw new CustodyError('SIGNER_UNKNOWN', `${path}: nobody whom a roster lists has signed it`);
  if (by !== said.by)
    throw new CustodyError('RECORD_MALFORMED', `${path}: ${by} has signed it in the name of ${said.by}`);
  if (said.repository !== roster.repository)
    throw new CustodyError('RECORD_MALFORMED', `${path}: it is of another repository`);
  return said;
}
