// Writes schemas/results/*.schema.json: a JSON Schema (2020-12) of what each command prints with --json. With --check
// only compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  any,
  count,
  DEFINITIONS,
  either,
  flag,
  list,
  nullable,
  number,
  OPENED,
  object,
  oneOf,
  text,
  use,
} from './result-shapes.js';

const verdict = oneOf('verified', 'refused', 'unproven');
const report = { verdict, checks: list(use('check')) };
const dryRunRequest = object({ dryRun: { const: true }, request: use('request') });
const vetoed = either(object({ request: use('request'), pushed: flag }), dryRunRequest);
const opened = either(use('opened'), use('dryRun'));
const batch = { requests: list(either(use('request'), use('dryRun'))), failures: list(use('failure')) };
const executed = object({ request: use('request'), receipt: use('receipt'), copy: nullable(text) });
const brief = { id: text, action: text, key: nullable(text), state: text };
const plannedCalls = object({
  dryRun: { const: true },
  calls: list(
    object({
      drill: text,
      service: oneOf('kms', 'iam', 'sts', 'cloudtrail', 'git'),
      operation: text,
      region: nullable(text),
      key: nullable(text),
      as: oneOf('caller', 'drill-role'),
      changes: flag,
    }),
  ),
});
const head = object({ size: count, digest: nullable(use('digest')) });
const ledgerName = oneOf('repository', 'ledger');
const hex64 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const model = object({ sandbox: any });
const stopped = object({ dir: text, stopped: flag });
const founded = {
  folder: text,
  remote: text,
  custodian: nullable(text),
  genesis: use('digest'),
  words: list(text, { minItems: 12, maxItems: 12 }),
  missing: list(text),
};

const noticed = { schema: { const: 1 }, repository: text, custodian: text };
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
const drillVerdict = oneOf('verified', 'not-verified');
const trendPoint = object({
  quarter: text,
  number: count,
  finishedAt: use('instant'),
  verdict: drillVerdict,
  rtoSeconds: number,
  rpoSeconds: nullable(number),
  digest: use('digest'),
  by: text,
});
const RESULTS = {
  'dr-verify': either(
    object({
      verdict: drillVerdict,
      quarter: text,
      number: count,
      rtoSeconds: number,
      rpoSeconds: nullable(number),
      failed: list(text),
      unproven: list(text),
      checks: list(
        object({
          id: text,
          key: nullable(text),
          status: oneOf('pass', 'fail', 'skip', 'none'),
          seconds: number,
          provesData: flag,
          detail: text,
          remedy: nullable(text),
        }),
      ),
      challenge: nullable(object({ id: text, digest: use('digest') })),
      report: object({ path: text, digest: use('digest'), files: list(text) }),
    }),
    plannedCalls,
  ),
  'dr-status': object({
    status: object({
      state: oneOf('current', 'due', 'overdue'),
      verifiedAt: nullable(use('instant')),
      dueAt: nullable(use('instant')),
      daysLeft: nullable({ type: 'integer' }),
      periodDays: count,
      last: nullable(trendPoint),
      fault: nullable(text),
    }),
  }),
  'dr-history': object({
    drills: list(trendPoint),
    bad: list(object({ path: text, because: text })),
    fault: nullable(text),
  }),
  'dr-cycle': either(object({ ...OPENED, madeKey: flag }), plannedCalls),
  'dr-answer': object({
    answer: object({
      challenge: object({
        id: text,
        digest: use('digest'),
        nonce: hex64,
        by: text,
        askedAt: use('instant'),
        until: use('instant'),
      }),
      access: list(text),
      reviewed: use('digest'),
      /** Null where nothing was signed. */
      path: nullable(text),
    }),
  }),
  'dr-challenge': object({
    challenge: nullable(
      object({
        id: text,
        digest: use('digest'),
        path: text,
        nonce: hex64,
        by: text,
        askedAt: use('instant'),
        until: use('instant'),
      }),
    ),
    created: flag,
    dryRun: flag,
    missing: list(text),
  }),
  'dr-runbook': object({ runbook: object({ text, commit: nullable(text) }) }),
  'dr-schedule': object({ schedule: object({ scheduler: oneOf('github', 'gitlab', 'cron'), text }) }),
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
  'keys-apply': object({ ...batch, remaining: list(use('difference')) }),
  'keys-approve': either(
    object({ request: use('request') }),
    object({ requests: list(use('request')), 'failures?': list(object({ id: text, error: use('fault') })) }),
  ),
  'keys-cancel-deletion': either(
    object({ request: use('request'), receipt: use('receipt'), created: flag, pushed: flag }),
    use('opened'),
    use('dryRun'),
  ),
  'keys-confirm-destroyed': opened,
  'keys-delete': opened,
  'keys-disable': opened,
  'keys-enable': opened,
  'keys-execute': either(
    executed,
    dryRunRequest,
    object({
      results: list(either(executed, dryRunRequest, object({ id: text, error: use('fault') }))),
      waiting: list(object({ ...brief, waitsFor: text, until: nullable(use('instant')) })),
      elsewhere: list(object(brief)),
    }),
  ),
  'keys-import': opened,
  'keys-list': object({ keys: list(use('key')) }),
  'keys-material-off': opened,
  'keys-pending': object({
    requests: list(use('request')),
    refused: list(object({ id: text, because: text })),
    waiting: list(text),
  }),
  'keys-promote': opened,
  'keys-arm': object({
    request: use('request'),
    slot: nullable(object({ tagKey: text, value: text })),
    'dryRun?': { const: true },
  }),
  'keys-reject': vetoed,
  'keys-replicate': opened,
  'keys-replace': either(
    object({ replace: use('replacement') }),
    object({ replace: use('replacement'), ...OPENED }),
    object({ replace: use('replacement'), dryRun: { const: true }, proposed: use('proposed') }),
  ),
  'keys-rewrap': object({
    rewrap: object({
      key: object({ name: nullable(text), arn: text, region: text }),
      total: count,
      moved: count,
      current: count,
      failed: count,
      resumed: count,
      failures: list(object({ where: text, error: use('fault') })),
      out: nullable(text),
      'dryRun?': { const: true },
    }),
  }),
  'keys-rotate': either(
    use('opened'),
    use('dryRun'),
    object(batch),
    object({
      ...batch,
      opened: list(text),
      alreadyOpen: list(text),
      skipped: list(object({ key: text, because: text, nextAt: nullable(use('instant')) })),
    }),
  ),
  'keys-rotation': opened,
  'keys-alias': opened,
  'keys-describe': opened,
  'keys-grant': opened,
  'keys-policy': opened,
  'keys-retire': opened,
  'keys-revoke': opened,
  'keys-tag': opened,
  'keys-show': either(
    object({ request: use('request') }),
    object({
      key: nullable(use('key')),
      materials: list(use('material')),
      grants: list(use('grant')),
      destroyed: list(use('certificate')),
    }),
  ),
  'keys-withdraw': vetoed,
  'ledger-carry': object({ store: oneOf('git', 'directory', 's3'), carried: count }),
  'ledger-ingest': object({
    ...report,
    source: text,
    from: nullable(use('instant')),
    until: use('instant'),
    mark: nullable(use('instant')),
    counts: object({
      read: count,
      taken: count,
      known: count,
      ignored: count,
      refused: count,
      late: count,
      future: count,
    }),
    files: count,
    waiting: count,
    refusals: list(object({ where: text, why: text })),
    findings: list(object({ id: text, verdict: oneOf('refused', 'unproven'), where: text, detail: text })),
    covered: {
      type: 'object',
      additionalProperties: list(object({ from: use('instant'), until: use('instant') })),
    },
  }),
  'ledger-provision': object({ ...report, made: list(text), files: list(text) }),
  'ledger-show': object({
    head,
    entries: list(
      object({
        schema: { const: 1 },
        sequence: count,
        previous: nullable(use('digest')),
        at: use('instant'),
        kind: text,
        by: text,
        requestId: nullable(text),
        record: nullable(use('digest')),
        facts: any,
      }),
    ),
  }),
  'ledger-verify': object({ ledger: ledgerName, ...report, head, entries: count, from: count, root: hex64 }),
  'ledger-checkpoint': object({
    checkpoint: object({
      ledger: ledgerName,
      origin: text,
      size: count,
      root: hex64,
      signer: text,
      cosigned: flag,
      path: text,
    }),
  }),
  'ledger-prove': object({
    ledger: ledgerName,
    entry: count,
    size: count,
    signers: list(text),
    path: nullable(text),
    proof: text,
  }),
  'ledger-export': object({
    ledger: ledgerName,
    format: oneOf('jsonl', 'csv'),
    entries: count,
    head,
    path: nullable(text),
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
  rehearse: object({
    verdict,
    steps: list(
      object({
        name: text,
        attack: flag,
        status: oneOf('pass', 'fail', 'skip'),
        seconds: number,
        command: text,
        'error?': object({ code: text, message: text }),
      }),
    ),
    attacksRefused: count,
    seconds: number,
    'keep?': object({ dir: text, repos: any, origin: text, sandboxDir: text, report: text }),
  }),
  'sandbox-advance': model,
  'sandbox-region-down': model,
  'sandbox-region-up': model,
  'sandbox-reset': model,
  'sandbox-start': object({ sandbox: use('sandbox'), alreadyRunning: flag }),
  'sandbox-events': object({ records: list(any) }),
  'sandbox-status': object({ dir: text, sandbox: nullable(use('sandbox')) }),
  'sandbox-stop': stopped,
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
        rule: text,
        severity: oneOf('error', 'warning', 'note'),
        statement: nullable(count),
        message: text,
        remedy: text,
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
        lint: list(
          object({
            rule: text,
            severity: oneOf('error', 'warning', 'note'),
            statement: nullable(count),
            message: text,
            remedy: text,
          }),
        ),
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

const folder = new URL('../schemas/results/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, shape] of Object.entries(RESULTS)) {
  const file = new URL(`${name}.schema.json`, folder);
  const content = `${JSON.stringify(schemaOf(name, shape), null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(file, content);
  else if (content !== read(file)) {
    process.stderr.write(`${name}.schema.json does not fit the shapes: node scripts/result-schemas.js\n`);
    process.exitCode = 1;
  }
}

/** Whole by itself: only the definitions that it uses, and those that these use. */
function schemaOf(name, shape) {
  const used = new Set();
  const collect = (value) => {
    for (const [, definition] of JSON.stringify(value).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (used.has(definition)) continue;
      used.add(definition);
      collect(DEFINITIONS[definition]);
    }
  };
  collect(shape);
  const title =
    name === 'error'
      ? 'What every command prints with --json when it fails'
      : `Result of custody ${name.replaceAll('-', ' ')}`;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...shape,
    ...(used.size > 0 ? { $defs: Object.fromEntries([...used].sort().map((key) => [key, DEFINITIONS[key]])) } : {}),
  };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
