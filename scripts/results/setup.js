// What commands about setting up, the plan, the front page, and the rest print with --json.
import { any, count, DEFINITIONS, either, flag, list, nullable, OPENED, object, oneOf, text, use } from './shapes.js';
import { head, report, verdict } from './shared.js';

const founded = {
  folder: text,
  remote: text,
  custodian: nullable(text),
  genesis: use('digest'),
  words: list(text, { minItems: 12, maxItems: 12 }),
  missing: list(text),
};
const noticed = { schema: { const: 1 }, repository: text, custodian: text };

export const RESULTS = {
  doctor: object(report),
  error: object({ error: use('fault') }),
  heartbeat: object({
    heartbeat: object({
      by: text,
      head: text,
      expiresAt: use('instant'),
      /** Of a drill, where one waits for who signed. */
      challenge: nullable(object({ id: text, by: text, until: use('instant') })),
    }),
  }),
  init: either(object({ ...founded, repository: text, head: text }), object({ dryRun: { const: true }, draft: text })),
  join: object({ ...founded, signed: flag }),
  status: object({
    ...report,
    at: use('instant'),
    identity: nullable(text),
    repository: object({ id: text, planVersion: count, rosterVersion: count }),
    keys: list(use('keyLine')),
    requests: list(use('requestLine')),
    roster: object({ threshold: count, seats: list(use('seat')) }),
    ledger: object({
      head: nullable(head),
      commit: text,
      remembered: nullable(object({ head: nullable(text), seenAt: use('instant') })),
    }),
    reconciliation: nullable(object({ since: use('instant'), findings: list(use('reconcileFinding')), denied: count })),
    kept: list(object({ id: oneOf('backup', 'drill'), at: nullable(use('instant')), found: flag })),
    findings: list(use('statusFinding')),
    needs: list(object({ kind: oneOf('execute', 'arm', 'approve', 'finding'), command: text, because: text })),
  }),
  notify: object({
    command: list(text),
    notices: list(
      either(
        object({
          ...noticed,
          kind: oneOf('request-opened', 'signature-missing', 'execution-waiting'),
          request: object({
            id: text,
            digest: use('digest'),
            action: text,
            class: text,
            key: nullable(text),
            region: text,
            account: text,
            requester: text,
            missingSignatures: count,
            until: use('instant'),
          }),
        }),
        object({
          ...noticed,
          kind: { const: 'challenge-waiting' },
          challenge: object({ id: text, digest: use('digest'), by: text, until: use('instant') }),
        }),
      ),
    ),
    failed: list(object({ notice: text, because: text })),
  }),
  pin: object({
    schema: { const: 1 },
    genesis: use('digest'),
    planVersion: count,
    planDigest: use('digest'),
    rosterVersion: count,
    rosterDigest: use('digest'),
    head: nullable(text),
    seenAt: use('instant'),
  }),
  'plan-diff': either(
    object({ verdict, differences: list(use('difference')) }),
    object({ verdict, changes: list(use('planChange')) }),
  ),
  'plan-import': object({
    complete: flag,
    keys: list(text),
    notes: { type: 'object', additionalProperties: list(object({ kind: text, text })) },
    left: list(object({ arn: text, because: text })),
    unread: list(text),
    draft: text,
  }),
  'plan-propose': either(
    object({ changes: list(use('planChange'), { maxItems: 0 }) }),
    object({ ...OPENED, changes: list(use('planChange')) }),
    object({ dryRun: { const: true }, proposed: use('proposed'), changes: list(use('planChange')) }),
  ),
  'plan-show': either(
    object({ draft: { const: true }, plan: any }),
    object({
      version: count,
      digest: use('digest'),
      plan: any,
      roster: object({ version: count, digest: use('digest') }),
    }),
  ),
  'plan-validate': object({ verdict, keys: list(text), threshold: count, custodians: list(text) }),
  'signer-create': either(
    object({
      signer: object({ id: text, name: text, duty: text, roleArn: text, ...DEFINITIONS.publicKey.properties }),
    }),
    object({
      dryRun: { const: true },
      signer: object({ id: text, name: text, duty: text, roleArn: text, type: text, algorithm: text }),
    }),
  ),
  'signer-show': object({ signer: use('publicKey') }),
  verify: object({
    ...report,
    records: list(
      object({ path: text, kind: text, digest: use('digest'), signer: nullable(text), requestId: nullable(text) }),
    ),
    'bundles?': list(
      object({
        path: text,
        signer: nullable(
          either(
            object({ kind: { const: 'key' }, keyId: use('digest') }),
            object({ kind: { const: 'keyless' }, issuer: text, subject: text }),
          ),
        ),
        predicateType: nullable(text),
        subjects: list(object({ name: text, digest: text })),
        times: list(use('instant')),
        logged: count,
      }),
    ),
  }),
};
