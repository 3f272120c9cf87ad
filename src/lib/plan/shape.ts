import { RULED_CLASSES, type RuledClass } from '../base/action-class.js';
import {
  booleanField,
  choiceField,
  constantField,
  described,
  durationField,
  type Field,
  integerField,
  listField,
  nullableField,
  optionalField,
  textField,
  withDefault,
} from './field.js';
import {
  ACCOUNT,
  ALIAS,
  CONTEXT_NAME,
  CONTEXT_VALUE,
  KEY_NAME,
  PRINTABLE,
  REGION,
  REMOTE,
  ROLE_ARN,
  SERVICE_NAME,
  TAG_KEY,
  TAG_VALUE,
} from './grammar.js';
import { ledgerField } from './ledger-shape.js';
import { mapField, mapOfParts, objectField } from './mapping.js';
import { people, sentence } from './people.js';
import type { BackupRules, ClassRule, KeyUser, Plan, PlannedKey, QuorumRules } from './plan.js';
import { sigstoreField } from './sigstore-shape.js';

export const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov'] as const;
export const KEY_USES = [
  'encrypt',
  'decrypt',
  'generate-data-key',
  'generate-data-key-without-plaintext',
  're-encrypt',
  'describe',
] as const;

const DAY = 86_400;
const NAME = 'a lower-case name like case-data (a letter, then 1 to 30 letters, digits or -)';

export const keyName = textField(KEY_NAME, NAME, 31);
export const roleArn = textField(ROLE_ARN, 'the ARN of an IAM role, without wildcards', 700);
const region = textField(REGION, 'a Region like eu-central-1', 32);

const classRule: Field<ClassRule> = objectField({
  threshold: optionalField(
    described(integerField(2, 14), "Raises the roster's threshold for this class; never lowers it."),
  ),
  coolOffSeconds: optionalField(
    described(durationField('Seconds', 60, 30 * DAY), 'Wait between the last approval and execution.'),
  ),
  distinctRoles: optionalField(described(integerField(1, 2), 'How many different duties the approvals must span.')),
  selfApproval: optionalField(
    described(booleanField, "May the requester's own approval count? Can only forbid what is allowed in general."),
  ),
  presence: optionalField(described(booleanField, 'Wants a person at a terminal or a security key.')),
});

const classes = objectField(
  Object.fromEntries(RULED_CLASSES.map((name) => [name, optionalField(classRule)])) as Record<
    RuledClass,
    Field<ClassRule> & { readonly optional: true }
  >,
);

const quorum: Field<QuorumRules> = objectField({
  approvalWindowSeconds: described(durationField('Seconds', 60, 30 * DAY), 'How long a request may collect approvals.'),
  executionWindowSeconds: described(
    durationField('Seconds', 60, 7 * DAY),
    'How long an approved request may be executed.',
  ),
  freshnessSeconds: described(
    durationField('Seconds', 60, 7 * DAY),
    "Execution needs a custodian's signed heartbeat younger than this.",
  ),
  maxOpenRequests: described(integerField(1, 100), 'More open requests are refused: a flood tires those who approve.'),
  selfApproval: described(booleanField, "May the requester's own approval count?"),
  approverMayExecute: booleanField,
  requesterMayExecute: booleanField,
  classes: described(withDefault(classes, {}), 'Stricter rules for classes of actions.'),
});

const keyUser: Field<KeyUser> = objectField({
  roleArn,
  may: described(listField(choiceField(KEY_USES), 1, KEY_USES.length), 'What the role may do with the key.'),
  writeOnly: optionalField(described(constantField(true), 'This role must never be given decrypt or re-encrypt.')),
  encryptionContext: described(
    mapField(
      { pattern: CONTEXT_NAME, expected: '1 to 128 letters, digits or _.:/=+@-', min: 0, max: 8 },
      textField(CONTEXT_VALUE, '1 to 256 letters, digits, spaces or _.:/=+@- (no *, ? or $)', 256),
    ),
    'Pairs that each request must carry; {} asks for none.',
  ),
  viaService: described(
    withDefault(nullableField(textField(SERVICE_NAME, 'the short name of an AWS service like dynamodb', 31)), null),
    'The AWS service through which the key is used; null when it is called directly.',
  ),
});

const plannedKey = objectField({
  alias: described(
    textField(ALIAS, 'an alias like alias/cmk/case-data, not under alias/aws/', 256),
    'Its name at KMS.',
  ),
  purpose: described(sentence, 'What the key protects.'),
  owner: described(sentence, 'Who answers for it.'),
  parent: described(nullableField(keyName), 'The key above this one in the hierarchy; null for the root.'),
  origin: described(
    withDefault(choiceField(['AWS_KMS', 'EXTERNAL']), 'AWS_KMS'),
    'EXTERNAL: key material that you import yourself.',
  ),
  multiRegion: withDefault(booleanField, false),
  replicas: described(withDefault(listField(region, 0, 15), []), 'Regions of replicas; only for multi-Region keys.'),
  rotation: objectField({
    automatic: described(booleanField, 'AWS KMS rotates by itself; not possible with EXTERNAL material.'),
    periodDays: durationField('Days', 90, 2560),
  }),
  originatorUsageDays: described(
    durationField('Days', 1, 36_500),
    'NIST SP 800-57: how long one key material may protect new data.',
  ),
  recipientUsageDays: described(durationField('Days', 1, 36_500), 'NIST SP 800-57: how long it may be used to read.'),
  users: described(listField(keyUser, 0, 20), 'The roles that may use the key, and how.'),
  dualControl: described(
    withDefault(choiceField(['none', 'grants']), 'none'),
    'grants: nobody may decrypt; one seat grants another for minutes.',
  ),
  tags: withDefault(
    mapField(
      { pattern: TAG_KEY, expected: 'a KMS tag key (no aws: or custody: prefix)', min: 0, max: 40 },
      textField(TAG_VALUE, 'a KMS tag value (letters, digits, spaces or _.:/=+-@)', 256),
    ),
    {},
  ),
}) satisfies Field<PlannedKey>;

const keys = mapOfParts({ pattern: KEY_NAME, expected: NAME, min: 1, max: 16 }, plannedKey);

const remote = textField(
  REMOTE,
  'the address of a Git repository: an absolute folder, https://, ssh:// or user@host:path',
  300,
);

const backup: Field<BackupRules> = objectField({
  repository: optionalField(
    described(remote, 'A Git repository of its own for backups; absent: the custody repository.'),
  ),
  mirrors: optionalField(
    described(listField(remote, 1, 10), 'Git repositories that each backup is pushed to as well.'),
  ),
  expirySeconds: optionalField(
    described(
      durationField('Seconds', 60, 366 * DAY),
      "How long a backup counts as fresh, unless a heartbeat renews it; absent: recovery's rpo.",
    ),
  ),
});

/** The fields of a plan. 16 keys: an executor role has room for no more approval slots (50 tags). */
export const PLAN_SHAPE = {
  schema: constantField(1),
  environment: described(
    choiceField(['aws', 'sandbox']),
    'Only sandbox may use another endpoint than the ones of AWS.',
  ),
  partition: withDefault(choiceField(PARTITIONS), 'aws'),
  account: described(
    textField(ACCOUNT, 'an AWS account: 12 digits in quotes', 12),
    'In quotes: 000000000000 is the number 0 without.',
  ),
  regions: objectField({
    primary: described(region, 'Where keys are made and rotated.'),
    replicas: described(withDefault(listField(region, 0, 15), []), 'Where replicas may stand.'),
  }),
  quorum,
  keys,
  ledger: ledgerField,
  recovery: objectField({
    drillPeriodDays: described(durationField('Days', 1, 366), 'A disaster recovery drill older than this is overdue.'),
    rpoSeconds: described(
      durationField('Seconds', 60, 30 * DAY),
      'Recovery point objective: how old the newest backup may be.',
    ),
    rtoSeconds: described(durationField('Seconds', 60, 30 * DAY), 'Recovery time objective.'),
  }),
  people: optionalField(described(people, 'How people are reached when nothing else works; drills ask for it.')),
  backup: optionalField(described(backup, 'Where the signed backups of keys lie, and how long one counts as fresh.')),
  interlock: optionalField(
    described(
      objectField({
        coldExecutorRoleArn: described(
          roleArn,
          'A second executor role, for key policies alone, under the same interlock.',
        ),
        auditorRoleArn: described(roleArn, 'A role that reads, and does nothing else.'),
      }),
      "KMS itself asks for the approval slots of a quorum before it changes a key. Absent: keys are 'advisory'.",
    ),
  ),
  sigstore: optionalField(
    described(sigstoreField, 'Who may sign as an OpenID identity, and by whose word. Absent: only keys sign.'),
  ),
  notify: optionalField(
    described(
      objectField({
        command: described(
          listField(textField(PRINTABLE, 'a program or one of its arguments, one line', 300), 1, 20),
          'A program and its arguments, without a shell; it gets each notice as JSON on standard input.',
        ),
      }),
      'What `custody notify` runs on each machine that has accepted it.',
    ),
  ),
};

export const planField = objectField(PLAN_SHAPE) satisfies Field<Plan>;
