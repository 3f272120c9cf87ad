import { choiceField, described, durationField, type Field, listField, optionalField, textField } from './field.js';
import { KEY_NAME, REGION, ROLE_ARN } from './grammar.js';
import { objectField } from './mapping.js';
import type { LedgerPlan, S3Ledger } from './plan.js';

/** Amazon S3 User Guide, "General purpose bucket naming rules"; without dots, which no TLS name of a virtual host covers. */
const bucket = textField(
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  'the name of an S3 bucket: 3 to 63 lower-case letters, digits and hyphens',
  63,
);
const region = textField(REGION, 'a Region like eu-central-1', 32);
const roleArn = textField(ROLE_ARN, 'the ARN of an IAM role, without wildcards', 700);

const s3: Field<S3Ledger> = objectField({
  bucket: described(bucket, 'Holds the audit ledger and nothing else; made with Object Lock.'),
  region: described(region, 'Where the bucket stands.'),
  prefix: optionalField(
    described(
      textField(/^(?:[a-z0-9][a-z0-9-]{0,40}\/){1,4}$/, 'a folder like custody/ (lower-case, with / at its end)', 170),
      'The folder of the ledger in its bucket; absent: custody/.',
    ),
  ),
  key: described(textField(KEY_NAME, 'the name of a key of this plan', 31), 'The key that encrypts its entries.'),
  writerRoleArns: described(
    listField(roleArn, 1, 20),
    'The roles that append: they read no entry, delete nothing and shorten nothing.',
  ),
  readerRoleArns: described(listField(roleArn, 1, 20), 'The roles that read it, such as the auditor.'),
  replica: optionalField(
    described(
      objectField({
        bucket: described(bucket, 'The bucket of the copy.'),
        region: described(region, 'Another Region than that of the ledger.'),
      }),
      'A copy in another Region, which S3 keeps up by replication.',
    ),
  ),
});

/** Where the audit ledger lies beside the chain of the custody repository, and for how long it must stay readable. */
export const ledgerField: Field<LedgerPlan> = objectField({
  store: described(
    choiceField(['git', 'directory', 's3']),
    'git: the chain in the custody repository alone; directory, s3: an audit ledger that carries it and the uses of keys.',
  ),
  retentionDays: described(durationField('Days', 1, 36_500), 'How long the audit ledger must stay readable.'),
  directory: optionalField(
    described(
      textField(/^\/[A-Za-z0-9._~/+@%-]{1,299}$/, 'an absolute folder', 300),
      'The folder of the audit ledger, for the store directory.',
    ),
  ),
  s3: optionalField(described(s3, 'The bucket of the audit ledger, for the store s3.')),
});
