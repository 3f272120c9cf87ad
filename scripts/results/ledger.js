// What commands about ledgers print with --json.
import { any, count, flag, list, nullable, object, oneOf, text, use } from './shapes.js';
import { head, hex64, report } from './shared.js';

const ledgerName = oneOf('repository', 'ledger');

export const RESULTS = {
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
      outside: count,
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
};
