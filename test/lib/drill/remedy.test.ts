import { describe, expect, test } from 'vitest';
import { resultOf } from '../../../src/lib/cli/drill.js';
import { annotations, drillText } from '../../../src/lib/cli/drill-screen.js';
import { htmlReport } from '../../../src/lib/drill/report-html.js';
import { junitReport } from '../../../src/lib/drill/report-junit.js';
import { markdownReport } from '../../../src/lib/drill/report-markdown.js';
import { type DrillCheck, judgeDrill } from '../../../src/lib/drill/verdict.js';
import { sampleChecks, sampleDrills } from '../../support/drill-samples.js';

/** Whatever a drill is read in, what is lost or unproven stands beside what to do about it. */

const UNPROVEN: DrillCheck = {
  id: 'material.case-data.copies',
  drill: 'material',
  key: 'case-data',
  status: 'skip',
  provesData: false,
  millis: 1,
  detail: 'no copy of a material of case-data is kept: custody keys import case-data --material 0123 keeps one',
};
const NEXT =
  'executed with --copy-profile, keeps a copy of the material under the root; custody keys show KEY prints the ID.';
const LEFT_OUT = (drill: 'cold' | 'people'): DrillCheck => ({
  ...UNPROVEN,
  id: `${drill}.skipped`,
  drill,
  key: null,
  detail: 'it was not asked for',
});
const RUN_ALL = 'Run it without --only and --skip.';

function drillOf(checks: readonly DrillCheck[]) {
  const [sample] = sampleDrills(1);
  if (!sample) throw new Error('there is a sample');
  const said = { ...sample.said, checks, verdict: judgeDrill(checks, sample.said.keys).verdict };
  return { ...sample, said, bytes: Buffer.from('') };
}

const kept = sampleChecks('backup.copy-1').filter(({ drill }) => !['material', 'cold', 'people'].includes(drill));
const none: DrillCheck = {
  ...UNPROVEN,
  id: 'material.root.copies',
  key: 'root',
  status: 'none',
  detail: 'KMS made it',
};
const drill = drillOf([...kept, UNPROVEN, none, LEFT_OUT('people'), LEFT_OUT('cold')]);
const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('a drill that is not verified says what to do', () => {
  test('in JSON, beside each check that did not pass', () => {
    const { verdict, checks, unproven } = resultOf(drill, []);
    const remedyIn = (id: string) => checks.find((one) => one.id === id)?.remedy;
    expect([verdict, unproven]).toEqual(['not-verified', [UNPROVEN.id, 'people.skipped', 'cold.skipped']]);
    expect(remedyIn(UNPROVEN.id)).toContain(NEXT);
    expect(remedyIn('backup.copy-1')).toMatch(/^custody policy backup makes a new one/);
    expect([remedyIn('cold.skipped'), remedyIn('people.skipped')]).toEqual([RUN_ALL, RUN_ALL]);
    expect([remedyIn('backup.history'), remedyIn('material.root.copies')]).toEqual([null, null]);
  });

  test('in text, once a drill, and once for all that were left out', () => {
    const [, what = ''] = drillText(resultOf(drill, []), false).split('What to do');
    const lines = flat(what);
    expect(lines).toContain(`material: custody keys import KEY --material ID, ${NEXT}`);
    expect(lines).toContain(`people, cold: ${RUN_ALL}`);
    expect(lines.match(/custody policy backup makes/g)).toHaveLength(1);
    expect(lines).not.toContain('ledger:');
    expect(drillText(resultOf(drillOf(sampleChecks(null)), []), false)).not.toContain('What to do');
  });

  test('in the report for people, what is lost apart from what is unproven', () => {
    const text = markdownReport(drill, [drill]);
    const [lost = '', open = ''] = text.split('## What was proven')[0]?.split('## Unproven') ?? [];
    expect(lost).toMatch(/## Lost\n\n- \*\*backup\.copy-1\*\*: copy-1 is not what it was\. custody policy backup/);
    expect(open).toContain(`- **${UNPROVEN.id}**: ${UNPROVEN.detail}. custody keys import KEY --material ID, ${NEXT}`);
    expect(open).toContain(`- **cold.skipped**: it was not asked for. ${RUN_ALL}`);
    expect(htmlReport(drill, [drill])).toContain(`(unproven): ${UNPROVEN.detail}. custody keys import KEY`);
  });

  test('a key of which nothing was proven is told by its name', () => {
    const checks = sampleChecks(null).map((one) => (one.key === 'webauthn' ? { ...one, provesData: false } : one));
    expect(markdownReport(drillOf(checks), [])).toContain('## Unproven\n\n- webauthn: no data proven\n');
  });

  test('in JUnit and in what a CI system shows', () => {
    const xml = junitReport(drill.said);
    expect(xml).toContain(
      `<skipped message="${UNPROVEN.detail}">custody keys import KEY --material ID, ${NEXT}</skipped>`,
    );
    expect(xml).toMatch(/<failure message="copy-1 is not what it was">custody policy backup/);
    expect(xml).toContain('<skipped message="KMS made it"/>');
    expect(annotations(resultOf(drill, []))).toContain(
      `::warning title=${UNPROVEN.id}::${UNPROVEN.detail}. custody keys import KEY --material ID, ${NEXT}`,
    );
  });
});
