import type { Replacement } from '../request/replace.js';
import type { ReplaceStep } from '../request/replace-steps.js';
import type { OpenedJson } from './open-flags.js';
import { pairs } from './render.js';

/** The replacement as a result, with the request that was opened just now at its step. */
export function replaceJson({ name, old, successor, steps }: Replacement, opened: OpenedJson | null) {
  const id = opened?.request?.id ?? null;
  const shown = steps.map((step) =>
    step.status === 'next' && id !== null ? { ...step, status: 'open' as const, requestId: id } : step,
  );
  return { name, old, new: successor, steps: shown.map(stepJson) };
}

function stepJson({ name, region, status, requestId, because }: ReplaceStep) {
  return {
    name,
    region,
    status,
    ...(requestId === null ? {} : { requestId }),
    ...(because === null ? {} : { because }),
  };
}

type ReplaceJson = ReturnType<typeof replaceJson>;

const WORDS: Readonly<Record<ReplaceStep['name'], string>> = {
  'new-key': 'a new key, to which ciphertexts may come',
  'let-out': 'the old key lets them go, for roles that decrypt anyway',
  move: 'ciphertexts moved by their users',
  alias: 'the name moves to the new key',
  disable: 'the old key disabled',
  delete: 'the old key deleted, 30 days later',
  policy: "the plan's own policy on the new key",
};

const STATUS: Readonly<Record<ReplaceStep['status'], string>> = {
  done: 'done',
  'not-needed': 'not needed',
  open: 'open',
  next: 'next',
  waits: 'now',
  later: '-',
};

/** The checklist. */
export function replaceText(replace: ReplaceJson): string {
  const lines = replace.steps.map((step): [string, string] => {
    const where = step.region === null ? '' : ` (${step.region})`;
    const id = step.requestId === undefined ? '' : `  ${step.requestId}`;
    const because = step.because === undefined ? '' : `: ${step.because}`;
    return [STATUS[step.status], `${WORDS[step.name]}${where}${because}${id}`];
  });
  const keys = pairs([
    ['key', replace.name],
    ['old', replace.old],
    ['new', replace.new ?? 'none yet'],
  ]);
  return [keys, pairs(lines), ...hint(replace)].join('\n\n');
}

function hint({ name, old, new: successor, steps }: ReplaceJson): readonly string[] {
  if (steps.every(({ status }) => status === 'done' || status === 'not-needed')) return [`${name} is replaced.`];
  if (!steps.some(({ status }) => status === 'waits') || successor === null) return [];
  const needless = steps.find(({ because }) => because !== undefined)?.because;
  const how =
    needless === undefined
      ? [
          'Users of the key move what they have stored, each with its own credentials:',
          `  custody keys rewrap ${name} \\`,
          `    --from ${old} \\`,
          '    --lines keys.jsonl --out keys.new.jsonl',
          `Without a clone of this repository they give the new key by its ARN, ${successor}.`,
        ]
      : [`No role can move ciphertexts of this key (${needless}): who uses it encrypts anew, under ${successor}.`];
  return [
    [
      ...how,
      'custody keeps no list of ciphertexts. When all are moved, say so:',
      `  custody keys replace ${name} --moved`,
    ].join('\n'),
  ];
}
