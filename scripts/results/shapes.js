// The shapes of what `--json` prints, once; result-schemas.js makes a JSON Schema of each command from them.

/** An object with exactly these fields; a name that ends in `?` may be missing. */
export function object(fields, more = {}) {
  const names = Object.keys(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), fields[name]])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
    ...more,
  };
}
export const list = (items, more = {}) => ({ type: 'array', items, ...more });
export const nullable = (shape) => ({ anyOf: [shape, { type: 'null' }] });
export const oneOf = (...values) => ({ enum: values });
export const either = (...shapes) => ({ anyOf: shapes });
export const use = (name) => ({ $ref: `#/$defs/${name}` });
export const text = { type: 'string' };
export const flag = { type: 'boolean' };
export const count = { type: 'integer', minimum: 0 };
export const number = { type: 'number', minimum: 0 };
/** Any object: what lies in it is AWS's or the plan's to say. */
export const any = { type: 'object' };
export const anything = {};

const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };
const instant = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' };
const numbered = object({ version: count, digest });
const difference = object({
  key: text,
  region: text,
  kind: text,
  expected: text,
  found: text,
  severity: oneOf('critical', 'warning', 'notice'),
  'remedyAction?': text,
});
const change = object({ what: text, from: text, to: text });
const keyRef = { name: text, alias: text, arn: nullable(text), keyId: nullable(text) };
const judged = {
  custodian: text,
  role: nullable(text),
  digest,
  signedAt: instant,
  tool: digest,
  counted: flag,
  'ignoredBecause?': text,
};
const call = object({ service: oneOf('kms', 'custody'), region: text, operation: text, parameters: any });
const fault = object({
  code: { type: 'string', pattern: '^[A-Z][A-Z_]+$' },
  message: text,
  'details?': any,
  'suggestions?': list(text),
});

/** What opening one request answers. */
export const OPENED = { request: use('request'), created: flag, pushed: flag, 'dryRun?': { const: true } };

/** Shapes that more than one result holds. */
export const DEFINITIONS = {
  digest,
  instant,
  fault,
  difference,
  call,
  change,
  power: object({ principal: text, gains: list(text), loses: list(text), conditional: list(text) }),
  receipt: object({
    requestId: text,
    executor: text,
    outcome: oneOf('executed', 'failed'),
    startedAt: use('instant'),
    finishedAt: use('instant'),
    awsRequestIds: list(text),
    preStateDigest: use('digest'),
    postStateDigest: nullable(use('digest')),
    enforcement: object({ level: oneOf('enforced', 'advisory'), because: text }),
    key: nullable(object(keyRef)),
    'error?': object({ code: text, message: text }),
  }),
  request: object({
    id: { type: 'string', pattern: '^r-[a-z2-7]{10}$' },
    digest: use('digest'),
    action: text,
    class: text,
    key: nullable(object({ ...keyRef, region: text })),
    state: oneOf(
      'pending',
      'cooling',
      'approved',
      'executing',
      'executed',
      'failed',
      'rejected',
      'withdrawn',
      'expired',
    ),
    because: text,
    reason: text,
    requester: text,
    executor: nullable(text),
    createdAt: use('instant'),
    approveBy: use('instant'),
    'coolUntil?': use('instant'),
    'executeBy?': use('instant'),
    threshold: count,
    missing: object({ signatures: count, duties: count, newKeys: count }),
    approvals: list(object(judged)),
    rejections: list(object({ ...judged, reason: text })),
    withdrawals: list(object({ ...judged, reason: text, withdraws: digest })),
    calls: list(use('call')),
    changes: list(use('change')),
    'policyChange?': object({ difference: list(use('power')), beyondPlan: list(use('power')) }),
    preState: any,
    plan: numbered,
    roster: numbered,
    account: text,
    endpoint: oneOf('aws', 'sandbox'),
    tool: object({ name: text, version: text, digest }),
    'receipt?': use('receipt'),
    'unreadable?': list(anything),
  }),
  opened: object(OPENED),
  proposed: object({
    action: text,
    class: text,
    key: nullable(object(keyRef)),
    region: text,
    requester: text,
    executor: nullable(text),
    sentence: text,
    calls: list(use('call')),
    changes: list(use('change')),
    preState: any,
  }),
  dryRun: object({ dryRun: { const: true }, proposed: use('proposed') }),
  failure: object({ key: nullable(text), error: use('fault') }),
  key: object({
    name: text,
    parent: nullable(text),
    alias: text,
    purpose: text,
    arn: nullable(text),
    keyId: nullable(text),
    region: text,
    deletionAt: nullable(use('instant')),
    state: text,
    multiRegion: flag,
    replicas: list(object({ region: text, state: nullable(text) })),
    rotationEnabled: flag,
    rotationPeriodDays: nullable(count),
    lastRotationAt: nullable(use('instant')),
    nextRotationAt: nullable(use('instant')),
    rotationDue: flag,
    rotationBecause: nullable(text),
    onDemandRotationsLeft: nullable({ type: 'integer' }),
    enforcement: object({ level: oneOf('enforced', 'advisory'), because: text }),
    findings: list(use('difference')),
  }),
  material: object({
    id: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    region: text,
    state: oneOf('CURRENT', 'NON_CURRENT', 'PENDING_ROTATION', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'),
    importState: nullable(oneOf('IMPORTED', 'PENDING_IMPORT')),
    expiresAt: nullable(use('instant')),
    description: nullable(text),
    rotation: nullable(object({ type: oneOf('AUTOMATIC', 'ON_DEMAND'), at: use('instant') })),
  }),
  grant: object({
    id: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    name: nullable(text),
    grantee: text,
    retiring: nullable(text),
    operations: list(text),
    encryptionContextEquals: nullable(any),
    encryptionContextSubset: nullable(any),
    sourceArn: nullable(text),
    createdAt: use('instant'),
    region: text,
    request: nullable(text),
  }),
  certificate: object({
    key: object({ ...keyRef, region: text }),
    certificate: text,
    certifiedAt: use('instant'),
    certifiedBy: list(text),
    deletion: text,
    scheduledAt: use('instant'),
    windowEndedAt: use('instant'),
  }),
  replacement: object({
    name: text,
    old: text,
    new: nullable(text),
    steps: list(
      object({
        name: oneOf('new-key', 'let-out', 'move', 'alias', 'disable', 'delete', 'policy'),
        region: nullable(text),
        status: oneOf('done', 'not-needed', 'open', 'next', 'waits', 'later'),
        'requestId?': text,
        'because?': text,
      }),
    ),
  }),
  proofFinding: object({
    claim: text,
    status: oneOf('broken', 'unproven'),
    key: nullable(text),
    region: nullable(text),
    principal: nullable(text),
    operations: list(text),
    sentence: text,
    statements: list(object({ policy: text, statement: count, sid: nullable(text) })),
    context: { type: 'object', additionalProperties: either(text, list(text)) },
  }),
  reconcileFinding: object({
    id: text,
    severity: oneOf('critical', 'high', 'unproven'),
    what: text,
    who: text,
    when: nullable(use('instant')),
    region: text,
    eventId: nullable(text),
    request: nullable(text),
    because: text,
  }),
  enforcement: object({ level: oneOf('enforced', 'advisory'), because: text }),
  keyLine: object({
    name: text,
    alias: text,
    state: nullable(text),
    nextRotationAt: nullable(use('instant')),
    dueBy: nullable(oneOf('aws', 'records')),
    rotationDue: flag,
    enforcement: nullable(use('enforcement')),
  }),
  requestLine: object({
    id: { type: 'string', pattern: '^r-[a-z2-7]{10}$' },
    action: text,
    key: nullable(text),
    region: text,
    state: oneOf('pending', 'cooling', 'approved', 'executing'),
    requester: text,
    threshold: count,
    signed: list(text),
    armed: nullable(list(text)),
    waitsFor: text,
    until: use('instant'),
    mine: nullable(object({ kind: oneOf('execute', 'arm', 'approve'), command: text })),
  }),
  seat: object({
    id: text,
    duty: text,
    by: nullable(text),
    lastAt: nullable(use('instant')),
    ageDays: nullable(count),
    stale: flag,
  }),
  statusFinding: object({
    section: text,
    severity: oneOf('error', 'warning', 'note'),
    key: nullable(text),
    text,
    command: nullable(text),
  }),
  check: object({ id: text, status: oneOf('pass', 'fail', 'skip'), detail: text }),
  planChange: object({ path: text, 'from?': anything, 'to?': anything }),
  publicKey: object({ keyId: digest, algorithm: text, home: text, publicKey: text, pem: text }),
  sandbox: object({
    endpoint: text,
    pid: count,
    dir: text,
    configFile: text,
    credentialsFile: text,
    profiles: list(object({ name: text, roleArn: text })),
    'model?': any,
  }),
};
