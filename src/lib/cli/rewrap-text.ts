import { MARKS, pairs, wrap } from './render.js';
import type { RewrapTally } from './rewrap.js';

/** A rewrapping at a glance; failures one by one below. */
export function rewrapText(
  done: ReturnType<RewrapTally['json']> & { readonly key: { readonly name: string | null }; readonly dryRun?: boolean },
): string {
  const lines = done.failures.map(({ where, error }) => `${MARKS.fail} ${wrap(`${where}: ${error.message}`, 4)}`);
  const rest = done.failed - done.failures.length;
  return [
    pairs([
      ['key', done.key.name ?? 'by its ARN'],
      [done.dryRun ? 'would move' : 'moved', String(done.moved)],
      ['current', String(done.current)],
      ['failed', String(done.failed)],
      ...(done.resumed > 0 ? ([['from before', String(done.resumed)]] as const) : []),
    ]),
    ...lines,
    ...(rest > 0 ? [`… and ${rest} more`] : []),
  ].join('\n');
}
