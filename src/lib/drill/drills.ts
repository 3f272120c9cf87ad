/** What a drill cannot do without. */
export type Need = 'repository' | 'aws' | 'drill-role' | 'mirrors' | 'trail' | 'custodians' | 'a-seat';

interface DrillRow {
  /** What holds when all its checks pass. */
  readonly proves: string;
  readonly needs: readonly Need[];
  /** Whether a pass of it can show that data of a key comes back. */
  readonly provesData: boolean;
  /** It needs people beside the one who runs the drill: left open, it is unproven and the verdict is that of the others. */
  readonly optional?: true;
  /** Two letters by which tables and the trend name it. */
  readonly mark: string;
  /** What to do about a check that did not pass. */
  readonly remedy: string;
}

/** THE table of drills (docs/drills.md), in the order in which they run. */
export const DRILLS = {
  backup: {
    proves: 'The backups of the keys are whole, signed, young enough, and can be had from each copy.',
    needs: ['repository', 'aws', 'mirrors'],
    provesData: false,
    mark: 'BK',
    remedy:
      'custody policy backup makes a new one; custody policy verify says what is wrong with those that are there.',
  },
  ledger: {
    proves: 'The ledger is unbroken from its first entry on, and leads through what was seen before.',
    needs: ['repository'],
    provesData: false,
    mark: 'LG',
    remedy: 'custody ledger verify names the entry; compare with the clones of the other custodians.',
  },
  quorum: {
    proves: 'Each custodian can still sign, enough of them are there, and fewer than the threshold are refused.',
    needs: ['repository'],
    provesData: false,
    mark: 'QU',
    remedy: 'Whoever is missing runs custody heartbeat; one who has lost a key is replaced on the roster.',
  },
  people: {
    proves: 'Break-glass and contact data are young enough, and the runbook is the one that plan and roster give.',
    needs: ['repository'],
    provesData: false,
    mark: 'PE',
    remedy: 'Bring the section people of the plan up to date; custody dr runbook --publish writes the runbook.',
  },
  regions: {
    proves: 'Replicas stand in their Regions with the planned policy, and read what the primary wrote and the reverse.',
    needs: ['aws', 'drill-role'],
    provesData: true,
    mark: 'RG',
    remedy:
      'custody plan diff names what differs; custody keys replicate and custody keys policy ask for the mending. Of a Region that is down the replicas still decrypt; custody keys promote makes one the primary.',
  },
  data: {
    proves: 'What each key encrypted before, under old material too, can still be decrypted.',
    needs: ['repository', 'aws', 'drill-role'],
    provesData: true,
    mark: 'DA',
    remedy: 'custody keys list says in which state the key is; a deletion can be cancelled by any custodian alone.',
  },
  rewrap: {
    proves: 'Data keys that are stored under a key nobody may decrypt with can be moved to its current material.',
    needs: ['repository', 'aws', 'drill-role'],
    provesData: true,
    mark: 'RW',
    remedy: 'custody keys list says in which state the key is; custody keys rewrap moves what is stored.',
  },
  policies: {
    proves: 'Each policy of the newest backup means what the live one means, names who is there, and KMS accepts it.',
    needs: ['repository', 'aws', 'drill-role'],
    provesData: false,
    mark: 'PO',
    remedy: 'custody policy diff says what differs; custody policy restore asks for the policy that was backed up.',
  },
  material: {
    proves:
      'Imported material is kept under the root, where KMS can open it, and an import brings back what was encrypted before.',
    needs: ['repository', 'aws', 'drill-role'],
    provesData: false,
    mark: 'IM',
    remedy:
      'custody keys import KEY --material ID, executed with --copy-profile, keeps a copy of the material under the root; custody keys show KEY prints the ID.',
  },
  interlock: {
    proves: 'KMS itself keeps to the quorum, and CloudTrail knows of no change that nobody approved.',
    needs: ['aws', 'trail'],
    provesData: false,
    mark: 'IL',
    remedy:
      'custody policy prove and custody policy reconcile name who could do what, and who did. What could not be read wants --auditor-profile, --scp and --rcp; CloudTrail shows a call after a quarter of an hour.',
  },
  cold: {
    proves: 'A seat enters both executor roles, and KMS denies them what nobody has approved.',
    needs: ['aws', 'drill-role', 'a-seat'],
    provesData: false,
    optional: true,
    mark: 'CX',
    remedy: 'A custodian runs the drill; custody policy render --roles prints the roles as they must be.',
  },
  cycle: {
    proves:
      'Since the last verified drill an exercise went its whole way, and fewer approvals than the threshold are refused by custody and by KMS.',
    needs: ['repository', 'aws', 'drill-role', 'custodians'],
    provesData: false,
    optional: true,
    mark: 'CY',
    remedy: 'custody dr cycle asks for an exercise; two approve it, one of them executes it and drills again.',
  },
  challenge: {
    proves: 'Each custodian has signed a fresh challenge, which nobody could have signed before it was asked.',
    needs: ['repository', 'custodians'],
    provesData: false,
    optional: true,
    mark: 'CH',
    remedy:
      'custody dr challenge asks one, or custody dr verify --wait 30m does; whoever is missing runs custody dr answer, then drill again.',
  },
  review: {
    proves: 'Each custodian has signed the list of who has access, and it is still that list.',
    needs: ['repository', 'aws', 'custodians'],
    provesData: false,
    optional: true,
    mark: 'AR',
    remedy: 'custody dr answer --list shows the list; who agrees signs it with custody dr answer, then drill again.',
  },
} as const satisfies Readonly<Record<string, DrillRow>>;

export type DrillId = keyof typeof DRILLS;
export const DRILL_IDS: readonly DrillId[] = Object.keys(DRILLS) as DrillId[];

export function isDrillId(value: unknown): value is DrillId {
  return typeof value === 'string' && Object.hasOwn(DRILLS, value);
}

/** What is unproven of it leaves the verdict to the others. */
export function isOptional(id: DrillId): boolean {
  const row: DrillRow = DRILLS[id];
  return row.optional === true;
}
