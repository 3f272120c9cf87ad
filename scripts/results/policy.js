// What commands about policies, backups and trusted roots print with --json.
import { any, count, either, flag, list, nullable, OPENED, object, oneOf, text, use } from './shapes.js';
import { report, verdict } from './shared.js';

const rendered = { name: text, policy: any };
const renderedRole = { ...rendered, roleArn: text, slots: flag };
const gap = object({ region: nullable(text), subject: nullable(text), part: text, code: text });
const backedUp = {
  sequence: count,
  previousDigest: nullable(use('digest')),
  scope: oneOf('plan', 'all'),
  complete: flag,
  keyCount: count,
  inventory: list(
    object({ region: text, listed: nullable(count), awsManaged: nullable(count), inScope: count, exported: count }),
  ),
  unreadable: list(gap),
  uncovered: list(text),
  changed: flag,
};
const power = object({ principal: text, gains: list(text), loses: list(text), conditional: list(text) });
const side = either(count, { const: 'live' });
const restoration = object({
  key: object({ name: text, alias: text, arn: text, keyId: text, region: text }),
  backup: object({ sequence: count, manifestDigest: use('digest'), createdAt: use('instant'), keyId: text }),
  newest: count,
  againstLive: list(power),
  againstNewest: list(power),
  weaker: list(text),
  leftovers: list(object({ what: text, backup: text, live: text, command: text })),
});

const linted = {
  rule: text,
  severity: oneOf('error', 'warning', 'note'),
  statement: nullable(count),
  message: text,
  remedy: text,
};

export const RESULTS = {
  'policy-render': object({
    policies: list(
      either(
        object({
          ...rendered,
          kind: { const: 'key' },
          key: text,
          keyId: text,
          region: text,
          form: oneOf('plain', 'short', 'sparse'),
          classes: list(text),
        }),
        object({ ...renderedRole, kind: oneOf('role', 'trust') }),
        object({ ...rendered, kind: oneOf('scp', 'rcp') }),
      ),
    ),
    files: list(text),
  }),
  'policy-backup': either(
    object({
      backup: object({
        ...backedUp,
        manifestDigest: use('digest'),
        expiresAt: use('instant'),
        commit: text,
        signer: object({ id: text, key: text }),
        mirrors: list(
          object({ url: text, status: oneOf('pushed', 'diverged', 'unreachable'), because: nullable(text) }),
        ),
        bundle: nullable(text),
      }),
    }),
    object({ dryRun: { const: true }, proposed: object(backedUp) }),
  ),
  'policy-verify': object({
    ...report,
    newest: nullable(
      object({ sequence: count, manifestDigest: use('digest'), createdAt: use('instant'), expiresAt: use('instant') }),
    ),
    backups: count,
    faults: list(object({ question: text, message: text })),
  }),
  'policy-diff': object({
    verdict,
    from: side,
    to: side,
    differences: list(
      object({
        region: text,
        keyId: text,
        aliases: list(text),
        change: oneOf('added', 'removed', 'changed'),
        policy: list(power),
        // Whatever JSON value the field has on either side; null for none.
        changes: list(object({ file: text, path: text, from: {}, to: {} })),
      }),
    ),
    unreadable: list(gap),
  }),
  'policy-restore': either(
    object({ restore: restoration }),
    object({ restore: restoration, ...OPENED }),
    object({ restore: restoration, dryRun: { const: true }, proposed: use('proposed') }),
  ),
  'policy-guard': object({
    verdict,
    judged: count,
    concerned: count,
    findings: list(
      object({
        source: oneOf('call', 'cloudtrail', 'terraform'),
        file: text,
        what: text,
        outcome: oneOf('planned', 'made', 'attempted'),
        rules: list(text),
      }),
    ),
    unread: list(text),
    ledger: list(text),
    bundle: nullable(text),
  }),
  'policy-lint': object({
    verdict,
    policies: count,
    unread: list(text),
    findings: list(
      object({
        ...linted,
        file: nullable(text),
        line: nullable(count),
        key: nullable(text),
        region: nullable(text),
      }),
    ),
  }),
  'policy-prove': object({
    ...report,
    evaluations: count,
    findings: list(use('proofFinding')),
    outside: list(
      object({
        keyId: text,
        arn: text,
        region: text,
        alias: nullable(text),
        kind: oneOf('signer', 'ours', 'other'),
        read: flag,
        lint: list(object(linted)),
        findings: list(use('proofFinding')),
      }),
    ),
  }),
  'policy-reconcile': object({
    ...report,
    since: use('instant'),
    coverage: list(
      object({
        region: text,
        from: nullable(use('instant')),
        until: nullable(use('instant')),
        gap: nullable(text),
      }),
    ),
    findings: list(use('reconcileFinding')),
    denied: list(object({ what: text, who: text, when: use('instant'), region: text, eventId: text, errorCode: text })),
    counts: object({ events: count, changes: count, receipts: count, slots: count }),
  }),
  'trust-update': object({
    trustedRoot: object({
      path: text,
      digest: use('digest'),
      previousDigest: nullable(use('digest')),
      changed: flag,
      source: text,
      logs: list(text),
      certificateAuthorities: count,
      timestampAuthorities: count,
    }),
    signingConfig: nullable(object({ path: text, digest: use('digest'), changed: flag, refused: nullable(text) })),
  }),
};
