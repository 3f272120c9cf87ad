import { stringify } from 'yaml';
import { rolesBeside } from './roles-beside.js';
import { type RosterDraft, rosterDraftField } from './roster-draft.js';
import { auditLedgerText, caseDataText, rootText, telemetryText, webauthnText } from './template-keys.js';
import { quoted, quotedList, type TemplateOptions } from './template-text.js';

/**
 * The text of the `custody.yaml` that `init` writes: the hierarchy of the key management plan, with the reasons for what it
 * leaves open as comments. What it says is `parseDraft`'s to judge, the options included.
 */
export function planTemplate(options: TemplateOptions): string {
  return [
    headText(options),
    QUORUM,
    'keys:',
    rootText(options),
    caseDataText(options),
    auditLedgerText(options),
    telemetryText(options),
    webauthnText(options),
    END,
    BACKUP,
    interlockText(options),
    PEOPLE,
    NOTIFY,
    SIGSTORE,
    rosterText(options.roster),
  ].join('\n');
}

function headText({ environment, partition, account, regions }: TemplateOptions): string {
  return `# The draft of the key management plan. Editing it changes nothing by itself: "custody plan validate" checks it,
# "custody plan propose" opens the request by which the custodians put it in force.
# Durations have a unit: s, m, h or d. docs/plan-decisions.md explains the choices at more length.
schema: 1

# aws or sandbox. Only a sandbox may use another endpoint than the ones of AWS, and it has the account 000000000000.
environment: ${environment}
partition: ${partition}
account: ${quoted(account)}

regions:
  primary: ${quoted(regions.primary)}   # keys are made and rotated here
  replicas: ${quotedList(regions.replicas)}   # where replicas of multi-Region keys may stand
`;
}

const QUORUM = `# How a change is decided. The number of custodians who must sign is in the roster below.
quorum:
  approvalWindow: 7d     # a request collects approvals for this long; real ceremonies took two to seven days
  executionWindow: 24h   # an approved request must run within this time, or be asked for again
  freshness: 24h         # execution needs a custodian's signed heartbeat younger than this: an old, consistent state may hide a withdrawal
  maxOpenRequests: 20    # a flood of requests tires those who approve
  selfApproval: true     # the requester is one of three: forbidden, one absence would stop everything. It counts once
  approverMayExecute: true    # executing adds no power: everything is checked again from the signatures
  requesterMayExecute: true
  # Stricter rules where a mistake cannot be undone, or changes who decides. distinctRoles: 2 wants both duties among
  # the approvals; presence wants a person at a terminal or a security key; coolOff is time for a veto.
  classes:
    delete: { distinctRoles: 2, coolOff: 24h, presence: true }
    material-off: { distinctRoles: 2, coolOff: 24h, presence: true }   # deletes imported key material at once
    disable: { distinctRoles: 2 }
    rotation-off: { distinctRoles: 2 }
    policy: { distinctRoles: 2 }
    replicate: { distinctRoles: 2 }
    plan: { distinctRoles: 2 }
    roster: { distinctRoles: 2 }
    anchor: { distinctRoles: 2, presence: true }   # moves the remembered history back
`;

const END = `ledger:
  store: git
  retention: 2555d   # seven years; the key audit-ledger can be read for as long

recovery:
  drillPeriod: 92d   # quarterly: no quarter has more days
  rpo: 24h           # policies change seldom; a backup a day loses at most one day's changes
  rto: 4h
`;

const BACKUP = `# "custody policy backup" writes signed backups of the keys into the custody repository, and one counts as fresh for rpo.
# backup:
#   repository: "https://git.example.com/key-backups.git"   # one of its own in place of that
#   mirrors: ["ssh://git@mirror.example.com/key-backups.git"]
#   expiry: 48h   # longer than rpo, where a run of the schedule may be late
`;

const PEOPLE = `# How people are reached when nothing else works, and where the ways in lie; never what opens them. Drills ask for it.
# people:
#   reviewedOn: "2026-01-31"   # the day on which somebody last tried all of it
#   maxAge: 92d
#   contacts:
#     - { custodian: architect, reach: "on-call list, page 3" }
#   breakGlass:
#     - { name: account root user, where: "safe 4, sealed envelope 12" }
`;

const NOTIFY = `# What "custody notify" runs for new requests and missing signatures, so that no window lapses unseen: a program and its
# arguments, each notice as JSON on standard input. Each machine's user accepts the command once.
# notify:
#   command: ["notify-custodian", "--urgent"]
`;

const SIGSTORE = `# Who may sign backups as an OpenID identity (keyless), and the trusted root that is believed: "custody trust update" prints its
# digest. Both parts of an identity are compared letter by letter.
# sigstore:
#   trustedRoot: "sha256:..."
#   identities:
#     - issuer: "https://token.actions.githubusercontent.com"
#       subject: "https://github.com/acme/keys/.github/workflows/backup.yml@refs/heads/main"
`;

/** With the roles of the executor's name where nothing else is said. */
function interlockText({ interlock, roster }: TemplateOptions): string {
  const { coldExecutorRoleArn, auditorRoleArn } = interlock ?? rolesBeside(roster.executorRoleArn);
  const lines = [
    `interlock:`,
    `  coldExecutorRoleArn: ${quoted(coldExecutorRoleArn)}`,
    `  auditorRoleArn: ${quoted(auditorRoleArn)}`,
  ];
  return `# The approval interlock: KMS itself asks for the approval slots of a quorum, which are tags of the executor role. Without it
# the executor role may change keys, and that two people agreed is for this tool to see ("advisory"). The roles must be there
# first: "custody policy render --roles" prints them. Then "custody keys apply" asks for each key's policy.
${lines.map((line) => (interlock ? line : `# ${line}`)).join('\n')}
`;
}

function rosterText(roster: RosterDraft): string {
  const value = rosterDraftField.write(roster);
  const text = stringify(
    { roster: value },
    { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false },
  );
  return `# The custodians: one person and one IAM role a seat, at least three seats, and fewer signatures wanted than there are seats.
# A role that two seats share is one laptop that plays both.
${text}`;
}
