import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { isLaterBy } from '../base/time.js';
import type { NumberedPlan } from '../plan/plan.js';
import type { BlobId, FolderChange } from '../record/store.js';
import type { Roster } from '../roster/roster.js';
import type { History, OpenSeal, OpenSums } from './history.js';
import { HEARTBEAT_TYPE, type HeartbeatPredicate, MANIFEST_TYPE, type ManifestPredicate } from './manifest.js';
import type { Rules } from './newest.js';
import { isRulePath, RulesOfItsTime } from './of-its-time.js';
import {
  HEARTBEAT_PATH,
  isBackupPath,
  MANIFEST_PATH,
  SEALS,
  SIGNER_PATH,
  SUMS_PATH,
  TRUSTED_ROOT_PATH,
} from './paths.js';
import { Settled } from './settled.js';
import { nameOfSigner, publicKeyPem, signerText } from './signer.js';
import type { NextSums } from './sums.js';
import { type Telling, tellingOf } from './telling.js';

/** What is asked of a history; each is a line of the report. */
export const QUESTIONS = ['signatures', 'signers', 'sequence', 'chain', 'lists', 'files'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface Fault {
  readonly question: Question;
  readonly message: string;
}

/** One backup of the history that was judged. */
export interface Judged {
  readonly digest: Digest;
  readonly manifest: ManifestPredicate;
  readonly by: string | null;
  readonly signer: OpenSeal['signer'];
}

type Said = Pick<ManifestPredicate, 'rosterDigest' | 'planDigest' | 'sequence'>;

function listing({ kind }: OpenSeal['signer'], roster: Roster | null, plan: NumberedPlan | null): string {
  return `${kind === 'key' ? `roster ${roster?.version}` : `plan ${plan?.version}`} does not list`;
}

/** Clocks of machines that sign differ. */
const TOLERANCE_SECONDS = 300;

/**
 * Judges commit after commit. After each one that touches backups, the folder must hold exactly what a manifest signs, and a
 * manifest must follow the one before it.
 */
export class Judge {
  readonly faults: Fault[] = [];
  readonly backups: Judged[] = [];
  heartbeat: (Pick<Judged, 'by' | 'signer'> & { readonly said: HeartbeatPredicate }) | null = null;
  /** What the ledger has to tell of all this. */
  readonly tellings: Telling[] = [];
  readonly #tree = new Map<string, BlobId>();
  readonly #settled = new Settled();
  #manifest: BlobId | null = null;
  #sums: OpenSums | null = null;
  readonly #time: RulesOfItsTime;
  readonly #companions = new Map<string, Digest | null>();

  constructor(
    private readonly history: History,
    private readonly rules: Rules,
    /** In a repository of their own, backups name the roster; in the custody repository the commit does. */
    isCustody: boolean,
    /** Backups before this one are taken as they are. */
    private readonly since: number,
  ) {
    this.#time = new RulesOfItsTime(rules, isCustody);
  }

  take({ commit, files }: FolderChange, list: OpenSums | null): void {
    for (const { path, blob } of files) {
      if (isRulePath(path)) this.#time.sees(path);
      else {
        this.#settled.touch(path);
        if (blob === null) this.#tree.delete(path);
        else this.#tree.set(path, blob);
      }
    }
    const own = files.filter(({ path }) => !isRulePath(path));
    if (own.length === 0) return;
    if (list !== null) this.#sums = list;
    if (!this.#tree.has(SUMS_PATH)) this.#sums = null;
    this.#judge(
      commit,
      own.map(({ path }) => path),
    );
  }

  #judge(commit: string, touched: readonly string[]): void {
    const where = `commit ${commit.slice(0, 12)}`;
    const blob = this.#tree.get(MANIFEST_PATH);
    if (blob === undefined) {
      this.#fault('signatures', `${MANIFEST_PATH} is not there (${where})`);
      return;
    }
    const fresh = blob !== this.#manifest;
    this.#manifest = blob;
    const seal = this.#open(MANIFEST_PATH, MANIFEST_TYPE, where);
    if (seal === null || seal.statement.type !== MANIFEST_TYPE) return;
    const { predicate: said, subject } = seal.statement;
    const place = `backup ${said.sequence}, ${where}`;
    if (fresh) this.#follow(seal, said, place);
    if (said.sequence < this.since) return;
    this.#files(subject, place);
    if (touched.includes(HEARTBEAT_PATH) || fresh) this.#beat(seal.digest, place);
  }

  /** A manifest after the one before it. */
  #follow(seal: OpenSeal, said: ManifestPredicate, place: string): void {
    const before = this.backups.at(-1);
    const by = this.#signer(MANIFEST_PATH, seal, said, place);
    this.backups.push({ digest: seal.digest, manifest: said, by, signer: seal.signer });
    const told = { manifest: said, digest: seal.digest, changed: true, at: said.createdAt, by: by ?? '' };
    this.tellings.push(tellingOf(told));
    if (said.sequence < this.since) return;
    if (said.repository !== this.rules.roster.repository)
      this.#fault('chain', `${MANIFEST_PATH} is of repository ${said.repository} (${place})`);
    const expected = (before?.manifest.sequence ?? 0) + 1;
    if (said.sequence !== expected)
      this.#fault('sequence', `${MANIFEST_PATH}: expected backup ${expected}, found ${said.sequence} (${place})`);
    if (said.previous !== (before?.digest ?? null))
      this.#fault(
        'chain',
        `${MANIFEST_PATH} follows ${said.previous ?? 'nothing'}, and not ${before?.digest ?? 'nothing'} (${place})`,
      );
    if (before && isLaterBy(TOLERANCE_SECONDS, said.createdAt, before.manifest.createdAt))
      this.#fault(
        'sequence',
        `${MANIFEST_PATH} is of ${said.createdAt}, before backup ${before.manifest.sequence} (${place})`,
      );
  }

  /** Who signed, under the rules of that time. */
  #signer(path: string, { signer }: OpenSeal, said: Said, place: string): string | null {
    const { roster, plan, faults } = this.#time.named(said);
    const by = nameOfSigner(signer, roster ? [roster] : [], plan ? [plan] : []);
    if (said.sequence < this.since) return by;
    for (const fault of faults) this.#fault('signers', `${path} ${fault} (${place})`);
    if (by === null && faults.length === 0)
      this.#fault(
        'signers',
        `${path} is signed by ${signerText(signer)}, whom ${listing(signer, roster, plan)} (${place})`,
      );
    this.#companion(signer, plan?.plan.sigstore?.trustedRoot ?? null, place);
    return by;
  }

  /** What lies beside is for people: it must be the key that signed, and the trusted root that the plan pins. */
  #companion(signer: OpenSeal['signer'], pinned: string | null, place: string): void {
    const key = this.#companionOf(signer);
    if (key !== null && this.#beside(SIGNER_PATH) !== key)
      this.#fault('signers', `${SIGNER_PATH} is not the key that signed (${place})`);
    const root = this.#beside(TRUSTED_ROOT_PATH);
    if (root !== pinned && (root !== null || signer.kind === 'keyless'))
      this.#fault('signers', `${TRUSTED_ROOT_PATH} is not the one that the plan pins (${place})`);
  }

  #beside(path: string): Digest | null {
    const blob = this.#tree.get(path);
    return (blob !== undefined && this.history.digests.get(blob)) || null;
  }

  /** Written once a signer: most histories have one or two. */
  #companionOf(signer: OpenSeal['signer']): Digest | null {
    const name = signerText(signer);
    const known = this.#companions.get(name);
    if (known !== undefined) return known;
    const pem = publicKeyPem(signer, this.rules.rosters);
    const digest = pem === null ? null : digestOf(pem);
    this.#companions.set(name, digest);
    return digest;
  }

  #open(path: string, type: OpenSeal['statement']['type'], where: string): OpenSeal | null {
    const blob = this.#tree.get(path);
    const seal = blob === undefined ? undefined : this.history.seals.get(blob);
    if (seal === undefined || seal instanceof CustodyError) {
      this.#fault('signatures', `${path}: ${seal?.message ?? 'it cannot be read'} (${where})`);
      return null;
    }
    if (seal.statement.type === type) return seal;
    this.#fault('signatures', `${path} signs something else: ${seal.statement.type} (${where})`);
    return null;
  }

  /** Exactly what the list says, and the list exactly what is signed. */
  #files(subject: Digest, place: string): void {
    const list = this.#sums;
    if (list === null) this.#fault('lists', `${SUMS_PATH} is not there (${place})`);
    else if (list.digest !== subject)
      this.#fault('lists', `${SUMS_PATH}: ${subject} is signed, found ${list.digest} (${place})`);
    else if (list.sums instanceof CustodyError) this.#fault('lists', `${list.sums.message} (${place})`);
    else this.#contents(list.sums, place);
  }

  #contents(list: NextSums, place: string): void {
    const { sums } = list;
    const before = this.faults.length;
    for (const { path, digest } of this.#settled.open(list)) {
      const blob = this.#tree.get(path);
      const found = blob === undefined ? 'no such file' : this.history.digests.get(blob);
      if (found !== digest) this.#fault('files', `${path}: ${digest} is listed, found ${found} (${place})`);
    }
    const seals = [...SEALS].filter((path) => this.#tree.has(path)).length;
    if (this.#tree.size !== sums.length + seals) {
      const listed = new Set(sums.map(({ path }) => path));
      for (const path of this.#tree.keys()) {
        if (listed.has(path) || SEALS.has(path)) continue;
        const other = isBackupPath(path) ? '' : ', and no file of a backup';
        this.#fault('files', `${path} is not listed${other} (${place})`);
      }
    }
    this.#settled.judged(this.faults.length === before ? sums : null);
  }

  #beat(manifest: Digest, place: string): void {
    this.heartbeat = null;
    if (!this.#tree.has(HEARTBEAT_PATH)) return;
    const seal = this.#open(HEARTBEAT_PATH, HEARTBEAT_TYPE, place);
    if (seal?.statement.type !== HEARTBEAT_TYPE) return;
    const said = seal.statement.predicate;
    const by = this.#signer(HEARTBEAT_PATH, seal, said, place);
    const fits =
      said.manifest === manifest &&
      said.repository === this.rules.roster.repository &&
      said.sequence === this.backups.at(-1)?.manifest.sequence;
    if (!fits) this.#fault('chain', `${HEARTBEAT_PATH} is of another backup (${place})`);
    else {
      this.heartbeat = { said, by, signer: seal.signer };
      const { complete = false } = this.backups.at(-1)?.manifest ?? {};
      const of = { sequence: said.sequence, complete };
      this.tellings.push(
        tellingOf({ manifest: of, digest: manifest, changed: false, at: said.createdAt, by: by ?? '' }),
      );
    }
  }

  #fault(question: Question, message: string): void {
    this.faults.push({ question, message });
  }
}
