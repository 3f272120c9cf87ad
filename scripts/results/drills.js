// What commands about drills print with --json.
import { count, either, flag, list, nullable, number, OPENED, object, oneOf, text, use } from './shapes.js';
import { hex64 } from './shared.js';

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

export const RESULTS = {
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
};
