import type { Plan } from '../plan/plan.js';
import { replicationRolePolicy } from '../policy/ledger-bucket.js';
import { type EntryKeys, REPLICATION_ROLE, s3LedgerOf, type WantedBucket, wantedBuckets } from './ledger-bucket.js';

/**
 * The buckets of the plan's ledger as Terraform (HCL, provider hashicorp/aws 6: `region` on each resource). Policies stand there as the
 * very bytes that are synthesized.
 */
export function ledgerTerraform(plan: Plan, keys: EntryKeys): string {
  const role = s3LedgerOf(plan).replica === undefined ? [] : roleBlocks(plan, keys);
  return `${[...role, ...wantedBuckets(plan, keys).flatMap(bucketBlocks)].join('\n\n')}\n`;
}

function bucketBlocks({ region, bucket, retentionDays, settings, isCopy }: WantedBucket): readonly string[] {
  const name = isCopy ? 'custody_ledger_copy' : 'custody_ledger';
  const here = [`region = ${quoted(region)}`, `bucket = aws_s3_bucket.${name}.id`];
  return [
    block('aws_s3_bucket', name, [
      `region = ${quoted(region)}`,
      `bucket = ${quoted(bucket)}`,
      'object_lock_enabled = true',
      'force_destroy = false',
      'lifecycle {\n    prevent_destroy = true\n  }',
    ]),
    block('aws_s3_bucket_versioning', name, [...here, 'versioning_configuration {\n    status = "Enabled"\n  }']),
    block('aws_s3_bucket_object_lock_configuration', name, [
      ...here,
      `rule {\n    default_retention {\n      mode = "COMPLIANCE"\n      days = ${retentionDays}\n    }\n  }`,
      `depends_on = [aws_s3_bucket_versioning.${name}]`,
    ]),
    block('aws_s3_bucket_server_side_encryption_configuration', name, [
      ...here,
      'rule {\n    apply_server_side_encryption_by_default {\n      sse_algorithm = "AES256"\n    }\n  }',
    ]),
    block('aws_s3_bucket_public_access_block', name, [
      ...here,
      ...['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'].map(
        (flag) => `${flag} = true`,
      ),
    ]),
    block('aws_s3_bucket_ownership_controls', name, [
      ...here,
      'rule {\n    object_ownership = "BucketOwnerEnforced"\n  }',
    ]),
    block('aws_s3_bucket_lifecycle_configuration', name, [...here, ...settings.lifecycle.map(lifecycleRule)]),
    ...replicationBlock(name, here, settings.replication),
    block('aws_s3_bucket_policy', name, [
      ...here,
      `policy = ${heredoc(settings.policy)}`,
      `depends_on = [${lastOnes(name, settings.replication !== null)}]`,
    ]),
  ];
}

/** After the policy nobody changes the bucket, Terraform included. */
function lastOnes(name: string, replicated: boolean): string {
  return [
    'object_lock_configuration',
    'server_side_encryption_configuration',
    'public_access_block',
    'ownership_controls',
    'lifecycle_configuration',
    ...(replicated ? ['replication_configuration'] : []),
  ]
    .map((part) => `aws_s3_bucket_${part}.${name}`)
    .join(', ');
}

function lifecycleRule({ id, prefix, transitions }: WantedBucket['settings']['lifecycle'][number]): string {
  const moves = transitions.map(
    ({ days, storageClass }) =>
      `transition {\n      days          = ${days}\n      storage_class = ${quoted(storageClass)}\n    }`,
  );
  const lines = [
    `id     = ${quoted(id)}`,
    'status = "Enabled"',
    `filter {\n      prefix = ${quoted(prefix ?? '')}\n    }`,
    ...moves,
  ];
  return `rule {\n    ${lines.join('\n    ')}\n  }`;
}

function replicationBlock(
  name: string,
  here: readonly string[],
  replication: WantedBucket['settings']['replication'],
): readonly string[] {
  const [rule] = replication?.rules ?? [];
  if (rule === undefined) return [];
  const lines = [
    `id       = ${quoted(rule.id)}`,
    'priority = 1',
    'status   = "Enabled"',
    `filter {\n      prefix = ${quoted(rule.prefix)}\n    }`,
    'delete_marker_replication {\n      status = "Disabled"\n    }',
    'source_selection_criteria {\n      sse_kms_encrypted_objects {\n        status = "Enabled"\n      }\n    }',
    `destination {\n      bucket = aws_s3_bucket.custody_ledger_copy.arn\n      encryption_configuration {\n        replica_kms_key_id = ${quoted(rule.keyArn ?? '')}\n      }\n    }`,
  ];
  return [
    block('aws_s3_bucket_replication_configuration', name, [
      ...here,
      'role = aws_iam_role.custody_ledger_replication.arn',
      `rule {\n    ${lines.join('\n    ')}\n  }`,
      `depends_on = [aws_s3_bucket_versioning.${name}, aws_s3_bucket_versioning.custody_ledger_copy]`,
    ]),
  ];
}

function roleBlocks(plan: Plan, { keyArn, copyKeyArn }: EntryKeys): readonly string[] {
  const { bucket, replica } = s3LedgerOf(plan);
  const trust =
    '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"}}],"Version":"2012-10-17"}';
  const wish = {
    partition: plan.partition,
    bucket,
    replica: replica?.bucket ?? '',
    keyArn,
    replicaKeyArn: copyKeyArn ?? '',
  };
  return [
    block('aws_iam_role', 'custody_ledger_replication', [
      `name = ${quoted(REPLICATION_ROLE)}`,
      `assume_role_policy = ${heredoc(trust)}`,
    ]),
    block('aws_iam_role_policy', 'custody_ledger_replication', [
      'name = "custody"',
      'role = aws_iam_role.custody_ledger_replication.name',
      `policy = ${heredoc(replicationRolePolicy(wish))}`,
    ]),
  ];
}

function block(type: string, name: string, lines: readonly string[]): string {
  return [`resource "${type}" "${name}" {`, ...lines.map((line) => `  ${line}`), '}'].join('\n');
}

/** Terraform reads `${` and `%{` as its own, also in a heredoc ("Strings and Templates"). */
function escaped(text: string): string {
  return text.replaceAll('${', '$$${').replaceAll('%{', '%%{');
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Without the line end that a heredoc adds. */
function heredoc(text: string): string {
  return `chomp(<<POLICY\n${escaped(text)}\nPOLICY\n  )`;
}
