import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { whyNotLive, whyStateNotLive } from '../../../live/eligible.js';
import {
  FACT_FILES,
  filesOf,
  readOpenFacts,
  readRows,
  readStateFacts,
  readStories,
} from '../../../support/facts/fact.js';

const text = readFileSync(new URL('../../../../docs/fidelity.md', import.meta.url), 'utf8');

function section(heading: string): string {
  const [, body = ''] = text.split(`\n## ${heading}\n`);
  return body.split('\n## ')[0] ?? '';
}

function rowsOf(heading: string): readonly string[] {
  return [...section(heading).matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row).slice(1);
}

it('docs/fidelity.md counts what there is', () => {
  const live = new Map([
    ...filesOf('story').map(
      (file) => [file.file, readStories(file).filter((fact) => whyNotLive(fact) === null).length] as const,
    ),
    ...filesOf('state').map(
      (file) => [file.file, readStateFacts(file).filter((fact) => whyStateNotLive(fact) === null).length] as const,
    ),
  ]);
  const counted = FACT_FILES.filter(({ kind }) => kind !== 'open').map(({ file }) => {
    const rows = readRows(file);
    const http = rows.filter((row) => !JSON.stringify(row).includes('"as":"root"')).length;
    return `\`${file}.json\` | ${rows.length} | ${http} | ${live.get(file)}`;
  });
  expect(rowsOf('Counted').map(numbersOf)).toEqual(counted);
});

/** A row without what the file is about. */
function numbersOf(row: string): string {
  const cells = row.split(' | ');
  return cells.filter((_, at) => at !== 1).join(' | ');
}

it('docs/fidelity.md lists every open point, with the answer that the sandbox gives', () => {
  const listed = readOpenFacts().map((fact) => {
    const how = fact.untestable === undefined ? 'by a live run' : fact.untestable;
    return `${fact.question} | ${Object.keys(fact.answers).join(', ')} | ${fact.sandbox} | ${how}`;
  });
  expect(rowsOf('Open')).toEqual(listed);
});
