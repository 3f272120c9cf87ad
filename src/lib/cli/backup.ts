import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import chalk from 'chalk';
import { type BackupRun, type BackupSigning, backUp, rehearseBackup } from '../backup/backup.js';
import type { Gap, ManifestPredicate, RegionInventory } from '../backup/manifest.js';
import { signerText } from '../backup/signer.js';
import { CustodyError, EXIT, type ExitStatus, worstExit } from '../base/errors.js';
import { type MirrorOutcome, pushMirrors, writeBundle } from '../git/copies.js';
import { parseRemoteUrl } from '../git/url.js';
import { assertAccount } from '../request/aws-check.js';
import { casesOf } from '../request/desk.js';
import { knownKeys } from '../request/known-keys.js';
import { type OpenPlace, openPlace } from './backup-place.js';
import { assertSigningFlags, type SigningFlags, signingOf } from './backup-signing.js';
import type { Context, Visit } from './context.js';
import { heading, pairs, table, wrap } from './render.js';

export interface BackupFlags extends SigningFlags {
  readonly all: boolean;
  readonly regions?: readonly string[] | undefined;
  readonly mirror?: readonly string[] | undefined;
  readonly bundle?: string | undefined;
  readonly 'dry-run': boolean;
}

type Facts = ReturnType<typeof factsOf> & { readonly changed: boolean };
type Signed = Facts & {
  readonly manifestDigest: string;
  readonly expiresAt: string;
  readonly commit: string;
  readonly signer: { readonly id: string; readonly key: string };
  readonly mirrors: readonly MirrorOutcome[];
  readonly bundle: string | null;
};
export type BackedUp = { readonly backup: Signed } | { readonly dryRun: true; readonly proposed: Facts };

/** Exports, signs, publishes, and copies to mirrors and into a file. */
export async function backUpFor(context: Context, flags: BackupFlags): Promise<BackedUp> {
  assertSigningFlags(flags);
  await assertCopies(flags);
  // An identity that Sigstore certifies has no seat: the plan lists it, and not the roster.
  const seat = flags.sign === 'key' ? await context.seat('remote') : null;
  const visit = seat ?? (await context.visit('remote'));
  const place = await openPlace(context, visit, visit.state);
  const signing = await signingOf(context, visit, place, seat?.actor ?? null, flags);
  const run = await runOf(visit, place, signing, flags);
  if (flags['dry-run']) {
    const { manifest, changed } = await rehearseBackup(run);
    return { dryRun: true, proposed: { ...factsOf(manifest), changed } };
  }
  const done = await backUp(run);
  const urls = [...new Set([...(visit.plan.backup?.mirrors ?? []), ...(flags.mirror ?? [])])];
  const mirrors = await pushMirrors(place.dir, context.environment, urls, done.commit);
  const bundle = flags.bundle === undefined ? null : resolve(flags.bundle);
  if (bundle !== null) await writeBundle(place.dir, context.environment, bundle, done.commit);
  const { manifest, digest, changed, expiresAt, commit } = done;
  const signer = { id: signing.by, key: signerText(signing.signer.identity) };
  const signed = { manifestDigest: digest, changed, expiresAt, commit, signer, mirrors, bundle };
  return { backup: { ...factsOf(manifest), ...signed } };
}

/**
 * Where copies go is looked at before a backup is made: afterwards the mistake would look as if there were none.
 * @throws CustodyError USAGE
 */
async function assertCopies({ mirror = [], bundle }: BackupFlags): Promise<void> {
  for (const url of mirror) parseRemoteUrl(url);
  if (bundle === undefined) return;
  const folder = dirname(resolve(bundle));
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) throw new CustodyError('USAGE', `--bundle: there is no folder ${folder}`);
}

async function runOf(
  { state, plan, ports, aws }: Visit,
  place: OpenPlace,
  signing: BackupSigning,
  flags: BackupFlags,
): Promise<BackupRun> {
  await assertAccount(aws, plan, ports.clock.now());
  const { cases } = await casesOf(ports, state);
  return {
    ports,
    state,
    place,
    signing,
    sources: { reader: aws.reader, roleId: aws.authority.roleId },
    scope: {
      kind: flags.all ? 'all' : 'plan',
      plan,
      known: knownKeys(plan, cases),
      regions: [...new Set(flags.regions ?? [plan.regions.primary, ...plan.regions.replicas])],
    },
  };
}

function factsOf({ sequence, previous, scope, complete, inventory, unreadable, uncovered }: ManifestPredicate) {
  const keyCount = inventory.reduce((sum, { exported }) => sum + exported, 0);
  return { sequence, previousDigest: previous, scope, complete, keyCount, inventory, unreadable, uncovered };
}

/** A backup that leaves something out is not what was asked for, and a mirror without it is none (T43). */
export function backupExit(answer: BackedUp): ExitStatus {
  const { complete } = 'backup' in answer ? answer.backup : answer.proposed;
  const mirrors = 'backup' in answer ? answer.backup.mirrors : [];
  return worstExit([complete ? EXIT.ok : EXIT.refused, ...mirrors.map(mirrorExit)]);
}

function mirrorExit({ status }: MirrorOutcome): ExitStatus {
  return { pushed: EXIT.ok, diverged: EXIT.refused, unreachable: EXIT.unavailable }[status];
}

/** What is in the backup, and what is not. */
export function backupText(answer: BackedUp): string {
  const said = 'backup' in answer ? answer.backup : answer.proposed;
  const signed = 'backup' in answer ? signedRows(answer.backup) : [];
  const { sequence, changed, keyCount, complete, inventory, unreadable, uncovered } = said;
  const dry = 'backup' in answer ? '' : ' (nothing was signed or written)';
  const what = changed
    ? `backup ${sequence}${dry}`
    : `nothing has changed since backup ${'backup' in answer ? sequence : sequence - 1}${dry}`;
  return [
    pairs([['result', what], ['keys', `${keyCount}${complete ? '' : chalk.red(' (incomplete)')}`], ...signed]),
    '',
    regionsTable(inventory),
    ...(unreadable.length > 0 ? ['', heading('Not in the backup'), ...unreadable.slice(0, 20).map(gapLine)] : []),
    ...(unreadable.length > 20 ? [`  and ${unreadable.length - 20} more (--json lists them)`] : []),
    ...(uncovered.length > 0 ? ['', wrap(`Regions left out: ${uncovered.join(', ')}`, 0)] : []),
  ].join('\n');
}

function signedRows(backup: Signed): (readonly [string, string])[] {
  return [
    ['signed by', `${backup.signer.id}, ${backup.signer.key}`],
    ['manifest', backup.manifestDigest],
    ['fresh until', backup.expiresAt],
    ['commit', backup.commit],
    ...backup.mirrors.map(({ url, status, because }): [string, string] => [
      'mirror',
      `${url}: ${status}${because ? `, ${because}` : ''}`,
    ]),
    ...(backup.bundle === null ? [] : [['bundle', backup.bundle] as const]),
  ];
}

function regionsTable(inventory: readonly RegionInventory[]): string {
  const rows = inventory.map(({ region, listed, awsManaged, inScope, exported }) => [
    region,
    listed === null ? 'unreadable' : String(listed),
    awsManaged === null ? '' : String(awsManaged),
    String(inScope),
    String(exported),
  ]);
  return table(['Region', 'keys', "AWS's own", 'in scope', 'exported'], rows);
}

function gapLine({ region, subject, part, code }: Gap): string {
  return `  ${wrap(`${[region, subject, part].filter(Boolean).join(' ')}: ${code}`, 4)}`;
}
