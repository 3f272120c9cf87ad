import { ledgerAfter } from '../backup/telling.js';
import { type Digest, digestOf, encodeBase64, isDigest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { CopyKeeper } from '../key/copy.js';
import type { KeyMaterial } from '../key/material.js';
import type { RequestPredicate } from '../record/statement.js';
import type { View } from '../record/store.js';
import { identityIn, lookUp } from '../request/desk.js';
import { checkExecutable } from '../request/execute.js';
import type { InForce } from '../request/in-force.js';
import type { Actor, Aws, Ports } from '../request/ports.js';
import { resolveKey } from '../request/subject.js';
import { keyStatementSigner } from '../signing/key-statement.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { COPY_FOLDER, type CopyPredicate, copyContext, copyPath, copyRootOf, formatCopy } from './copy.js';
import { openCopy } from './kept.js';

/** Who keeps a copy, and by which credentials. */
export interface Keeping {
  readonly ports: Ports;
  readonly actor: Actor;
  readonly aws: Aws;
  readonly keeper: CopyKeeper;
  /** Opens what the people of a repository have signed. */
  readonly verifierOf: (state: InForce) => StatementVerifier;
}

export interface Kept {
  readonly path: string;
  /** False when the repository held it before. */
  readonly made: boolean;
}

/**
 * Keeps the material of an approved import encrypted under the root, in the repository, before anything is imported: what
 * cannot be brought back is not brought in. A copy that is there is not made again.
 * @throws CustodyError what `checkExecutable` throws · USAGE for a request that imports nothing · REFUSED for the root's own
 *   material, and for a root that somebody may decrypt with alone
 */
export async function keepCopy(keeping: Keeping, id: string, material: KeyMaterial): Promise<Kept> {
  const { ports, actor, aws, keeper, verifierOf } = keeping;
  const { request } = await checkExecutable(ports, actor, aws, id, material);
  const state = await lookUp(ports, 'local');
  const { plan } = state.plan;
  const subject = subjectOf(state, request.statement.predicate);
  const root = await resolveKey(aws.reader, plan, state.roster.repository, subject.root);
  const path = copyPath(subject.key, subject.commitment);
  if (await isThere(state.view, path)) {
    const bytes = (await state.view.read([path])).get(path) ?? new Uint8Array();
    await openCopy(bytes, path, verifierOf(state), state);
    return { path, made: false };
  }
  const context = copyContext(subject.root, subject.key, subject.commitment);
  const ciphertext = encodeBase64(await keeper.keep(root.arn, material, context));
  const by = identityIn(state, actor).id;
  const { head, roster } = state;
  const at = ports.clock.now();
  const { key, commitment } = subject;
  await publish(keeping, {
    ...{ repository: roster.repository, by, at, head, request: id },
    ...{ key, commitment, root: root.arn, ciphertext },
  });
  return { path, made: true };
}

function subjectOf({ plan: { plan } }: InForce, { key, parameters, action }: RequestPredicate) {
  const { commitment } = parameters;
  if (key === null || !isDigest(commitment))
    throw new CustodyError('USAGE', `${action} brings no key material that a copy could be kept of`);
  return { key: key.name, commitment, root: copyRootOf(plan, key.name) };
}

async function isThere(view: View, path: string): Promise<boolean> {
  return (await view.pathsUnder(`${COPY_FOLDER}/`)).includes(path);
}

async function publish({ ports, actor }: Keeping, said: CopyPredicate): Promise<void> {
  const { at, by, key, commitment, request } = said;
  const path = copyPath(key, commitment);
  const bytes = await keyStatementSigner(actor.signer).seal(formatCopy(said));
  const facts: Readonly<Record<string, string>> = { key, commitment, copy: digestOf(bytes) satisfies Digest };
  const build = async (view: View) => {
    if (await isThere(view, path))
      throw new CustodyError('CONFLICT', `a copy of this material was kept meanwhile: ${path}`);
    const told = await ledgerAfter(view, [{ at, kind: 'copy', by, requestId: request, record: null, facts }]);
    return { message: `${by} keeps a copy of material of ${key}`, files: new Map([[path, bytes], ...told]) };
  };
  await ports.store.publish(build, { onProgress: ports.progress });
}
