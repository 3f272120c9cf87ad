import { CustodyError } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import type { ListedMaterial } from '../key/material.js';
import { type ImportPair, importOnce, importPairs, isNew } from './apply-import.js';
import { applyRotate } from './apply-rotate.js';
import { type Applied, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';

/**
 * New material into the primary, the same into each replica, then the rotation, for which KMS wants it in every Region
 * (Developer Guide, "Rotate keys with imported key material"). A run that was cut off asks each Region what it has, and needs the
 * material only where it is missing.
 */
export async function applyRotateImported(run: Run): Promise<Applied> {
  if (run.resumed) await settle(run);
  const [primary, ...replicas] = importPairs(run.request);
  const rotate = run.request.calls.at(-1);
  if (!primary || !rotate) throw new CustodyError('BUG', 'a rotation of imported material without its calls');
  const own = (item: ListedMaterial) => isOwn(run, item);
  const first = await importOnce(run, primary, (listed) => listed.find(own) ?? null);
  const awsRequestIds = [...first.awsRequestIds];
  for (const pair of replicas) {
    // KMS takes nothing else for it than the primary's new material: this is what the Regions agree on.
    const same = (item: ListedMaterial) => isThere(run, item) && item.id === first.found.id;
    awsRequestIds.push(...(await importOnce(run, pair, (listed) => listed.find(same) ?? null)).awsRequestIds);
  }
  await waitFor(run.clock, SETTLE_SECONDS, 'the material in every Region', async () => {
    const listed = (await run.reader.materials(primary.region, primary.arn)) ?? [];
    const state = listed.find(({ id }) => id === first.found.id)?.state;
    return state === undefined || state === 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION' ? null : state;
  });
  const rotated = await applyRotate({ ...run, request: { ...run.request, calls: [rotate] } });
  await assertCurrent(run, first.found.id);
  return { ...rotated, awsRequestIds: [...awsRequestIds, ...rotated.awsRequestIds] };
}

/**
 * How many of the request's imports AWS shows, in their order, and whether the key has rotated to the material.
 * @throws CustodyError what reading throws
 */
export async function importsShown(reader: KeyReader, request: Run['request']) {
  const [primary, ...replicas] = importPairs(request);
  if (!primary) throw new CustodyError('BUG', 'a rotation of imported material without its calls');
  const listed = async ({ region, arn }: ImportPair) => (await reader.materials(region, arn)) ?? [];
  const first = (await listed(primary)).find((item) => isOwn({ request }, item));
  if (first === undefined) return { imports: 0, rotated: false };
  const there = await Promise.all(
    replicas.map(async (pair) =>
      (await listed(pair)).some((item) => isThere({ request }, item) && item.id === first.id),
    ),
  );
  const missing = there.indexOf(false);
  return { imports: 1 + (missing < 0 ? there.length : missing), rotated: first.state === 'CURRENT' };
}

type About = Pick<Run, 'request'>;

function isOwn(about: About, item: ListedMaterial): boolean {
  return isThere(about, item) && isNew(about, item);
}

function isThere({ request }: About, { importState, expiresAt }: ListedMaterial): boolean {
  return importState === 'IMPORTED' && expiresAt === request.parameters.expiresAt;
}

/** @throws CustodyError POST_STATE_UNEXPECTED */
async function assertCurrent({ reader, request }: Run, id: string): Promise<void> {
  const listed = (await reader.materials(request.region, request.key?.arn ?? '')) ?? [];
  if (listed.some((item) => item.id === id && item.state === 'CURRENT')) return;
  throw new CustodyError('POST_STATE_UNEXPECTED', 'the key rotated to another material than the imported one');
}
