import { rolesBeside } from './roles-beside.js';
import { quoted, quotedList, type TemplateOptions } from './template-text.js';

type KeyText = (options: TemplateOptions) => string;

/** Drills bring canaries of each key back, and nothing else of it (docs/drills.md). */
function canaries({ roster }: TemplateOptions, key: string, may = '[encrypt, decrypt, describe]'): string {
  return `      - roleArn: ${quoted(rolesBeside(roster.executorRoleArn).drillRoleArn)}
        may: ${may}
        encryptionContext: { "custody:canary": ${key} }
`;
}

export const rootText: KeyText = (
  options,
) => `  # The root wraps the data keys of the services below it. AWS KMS cannot put one KMS key under another when it makes the
  # material itself (origin: AWS_KMS, the default), so "wraps" means: a service's long-lived data keys are encrypted under
  # the root, and unwrapping one takes two seats. With origin: EXTERNAL a service key's own material can be wrapped by the
  # root and imported; then rotation is by hand, and the material passes through the memory of the machine that imports it.
  root:
    alias: alias/cmk/root
    purpose: Wraps the data keys of the services
    owner: Security architecture
    parent: null
    origin: AWS_KMS
    multiRegion: true
    replicas: ${quotedList(options.regions.replicas)}
    rotation: { automatic: true, period: 365d }
    originatorUsage: 365d    # NIST SP 800-57 allows up to two years for a wrapping key
    recipientUsage: 3100d    # the longest of the keys below it, and its own year
    users:
      - roleArn: ${quoted(options.appRoleArn)}
        may: [encrypt, generate-data-key-without-plaintext, describe]
        encryptionContext: { "custody:purpose": unwrap }
${canaries(options, 'root', '[encrypt, re-encrypt, describe]   # from the root to itself, so that no plaintext leaves KMS')}    dualControl: grants      # nobody may decrypt: one seat grants another, for minutes
    tags: { data-class: key-material }
`;

export const caseDataText: KeyText = (
  options,
) => `  # The plan's document names no period. 365 days: KMS's own default, and every value has a data key of its own, so that
  # little is encrypted under one material. Read for three more years (NIST SP 800-57, data encryption keys).
  case-data:
    alias: alias/cmk/case-data
    purpose: Case and subject metadata in PostgreSQL, encrypted field by field
    owner: Case management
    parent: root
    rotation: { automatic: true, period: 365d }
    originatorUsage: 365d
    recipientUsage: 1460d
    users:
      - roleArn: ${quoted(options.appRoleArn)}
        may: [generate-data-key-without-plaintext, decrypt, describe]
        encryptionContext: { "custody:purpose": case-data }
${canaries(options, 'case-data')}    tags: { data-class: personal }
`;

export const auditLedgerText: KeyText = (
  options,
) => `  # The application only writes. Who is to read (an auditor's role with decrypt) is added by a plan update, when needed.
  audit-ledger:
    alias: alias/cmk/audit-ledger
    purpose: The immutable audit store in S3 and Glacier
    owner: Audit
    parent: root
    rotation: { automatic: true, period: 180d }
    originatorUsage: 180d
    recipientUsage: 2735d    # seven years of retention after the last day of writing
    users:
      - roleArn: ${quoted(options.appRoleArn)}
        writeOnly: true      # checked: never decrypt, never re-encrypt
        may: [generate-data-key-without-plaintext, encrypt, describe]
        encryptionContext: { "custody:purpose": audit-ledger }
${canaries(options, 'audit-ledger')}    tags: { data-class: audit }
`;

export const telemetryText: KeyText = (
  options,
) => `  # Objects expire after 30 days (a lifecycle rule of the bucket). Name your bucket below.
  telemetry-short:
    alias: alias/cmk/telemetry-short
    purpose: Telemetry buckets whose objects expire after 30 days
    owner: Operations
    parent: root
    rotation: { automatic: true, period: 90d }
    originatorUsage: 90d
    recipientUsage: 120d     # an object of the 90th day expires on the 120th
    users:
      - roleArn: ${quoted(options.appRoleArn)}
        may: [generate-data-key, decrypt, describe]
        viaService: s3
        encryptionContext: { "aws:s3:arn": ${quoted(`arn:${options.partition}:s3:::telemetry-short`)} }   # the bucket, with S3 Bucket Keys on
${canaries(options, 'telemetry-short')}    tags: { data-class: telemetry, expires-after-days: "30" }
`;

export const webauthnText: KeyText = (
  options,
) => `  # The plan's document names no period. 365 days: credentials hold public keys and few secrets, change seldom and live long.
  # The key is used by DynamoDB only. DAX encrypts its cache with a key of AWS's: it takes no key of ours. Name your table below.
  webauthn:
    alias: alias/cmk/webauthn
    purpose: WebAuthn credentials in DynamoDB
    owner: Identity
    parent: root
    rotation: { automatic: true, period: 365d }
    originatorUsage: 365d
    recipientUsage: 1460d
    users:
      - roleArn: ${quoted(options.appRoleArn)}
        may: [encrypt, decrypt, re-encrypt, generate-data-key, describe]
        viaService: dynamodb
        encryptionContext: { "aws:dynamodb:tableName": webauthn-credentials, "aws:dynamodb:subscriberId": ${quoted(options.account)} }
${canaries(options, 'webauthn')}    tags: { data-class: credential }
`;
