import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { formatCanonical, type JsonObject } from '../../../src/lib/base/canonical-json.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import { DRILL_IDS, type DrillId } from '../../../src/lib/drill/drills.js';
import {
  DRILL_TYPE,
  type DrillPredicate,
  formatDrillStatement,
  isDrillStatement,
  parseDrillStatement,
} from '../../../src/lib/drill/evidence.js';
import { openEvidence } from '../../../src/lib/drill/history.js';
import { htmlReport } from '../../../src/lib/drill/report-html.js';
import { junitReport } from '../../../src/lib/drill/report-junit.js';
import { markdownReport } from '../../../src/lib/drill/report-markdown.js';
import type { DrillCheck } from '../../../src/lib/drill/verdict.js';
import { identitiesOf } from '../../../src/lib/roster/rules.js';
import { keyStatementSigner, keyStatementVerifier } from '../../../src/lib/signing/key-statement.js';
import { createTeam, HEAD, NOON, REPOSITORY, TOOL, type Who } from '../../support/people.js';

const team = createTeam();
const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' as const;

const KEYS = Object.keys(team.plan.plan.keys);
const found = (id: string, drill: DrillCheck['drill'], change: Partial<DrillCheck> = {}): DrillCheck => ({
  id,
  drill,
  key: null,
  status: 'pass',
  provesData: false,
  millis: 12,
  detail: 'came back',
  ...change,
});
/** Data of each key, and a check of each drill. */
const CHECKS = [
  ...KEYS.map((key) => found(`data.${key}`, 'data', { key, provesData: true })),
  ...DRILL_IDS.filter((id) => id !== 'data').map((id) => found(`${id}.x`, id)),
];

const GOOD: DrillPredicate = {
  tool: TOOL,
  repository: REPOSITORY,
  account: '111122223333',
  quarter: '2026-q1',
  number: 1,
  previous: null,
  startedAt: NOON,
  finishedAt: addSeconds(NOON, 5),
  verdict: 'verified',
  planVersion: 1,
  planDigest: team.planDigest,
  rosterVersion: 1,
  rosterDigest: team.rosterDigest,
  keys: KEYS,
  backup: { sequence: 3, manifest: digestOf('manifest'), createdAt: NOON },
  ledger: { entries: 7, head: digestOf('entry') },
  commit: HEAD,
  recovery: { timeMillis: 12, pointSeconds: 60, timeObjectiveSeconds: 100, pointObjectiveSeconds: 100, steps: [] },
  checks: CHECKS,
  canaries: [
    { key: 'case-data', arn: ARN as never, ciphertext: 'AQID', digest: digestOf('v'), materialId: null, madeAt: NOON },
  ],
  scratch: [{ arn: ARN as never, of: 'case-data', deletionAt: NOON, requestId: 'x' }],
};

function statement(change: (predicate: JsonObject) => JsonObject, outer: JsonObject = {}): Uint8Array {
  const bytes = JSON.parse(Buffer.from(formatDrillStatement(GOOD)).toString('utf8')) as JsonObject;
  return Buffer.from(formatCanonical({ ...bytes, ...outer, predicate: change(bytes.predicate as JsonObject) }), 'utf8');
}

const same = (predicate: JsonObject) => predicate;

describe('evidence', () => {
  it('is read back as it was written', () => {
    expect(parseDrillStatement(formatDrillStatement(GOOD), 'x')).toEqual(GOOD);
    expect(isDrillStatement(formatDrillStatement(GOOD))).toBe(true);
  });

  const [first, ...others] = CHECKS;
  const without = (drill: DrillId) => CHECKS.filter((one) => one.drill !== drill) as never;
  const also = (one: DrillCheck) => [...CHECKS, one] as never;
  const bad: readonly [string, Uint8Array][] = [
    ['another predicate type', statement(same, { predicateType: 'urn:custody:backup:manifest:v1' })],
    ['another statement type', statement(same, { _type: 'https://in-toto.io/Statement/v0.1' })],
    ['two subjects', statement(same, { subject: [] })],
    ['another plan as subject', statement((p) => ({ ...p, planDigest: digestOf('other') }))],
    [
      'a verdict that its checks do not give (T45)',
      statement((p) => ({ ...p, checks: [{ ...first, status: 'skip' }, ...others] as never })),
    ],
    [
      'a failure called verified',
      statement((p) => ({ ...p, checks: also(found('data.x', 'data', { status: 'fail' })) })),
    ],
    ['verified without a key', statement((p) => ({ ...p, keys: [] }))],
    ['a key of which no data came back', statement((p) => ({ ...p, keys: [...KEYS, 'another'] }))],
    [
      'a drill of which nothing is said, called verified (T23, T45)',
      statement((p) => ({ ...p, checks: without('interlock') })),
    ],
    [
      'data that another drill than those of data has seen',
      statement((p) => ({ ...p, checks: also(found('people.root', 'people', { key: 'root', provesData: true })) })),
    ],
    ['data of no key', statement((p) => ({ ...p, checks: also(found('data.x', 'data', { provesData: true })) }))],
    [
      'data that was not looked at',
      statement((p) => ({
        ...p,
        checks: also(found('data.x', 'data', { key: 'root', provesData: true, status: 'none' })),
      })),
    ],
    ['no checks', statement((p) => ({ ...p, checks: [] }))],
    ['a check twice', statement((p) => ({ ...p, checks: [...CHECKS, first] as never }))],
    ['a key twice', statement((p) => ({ ...p, keys: [...KEYS, 'case-data'] }))],
    ['a check of another drill', statement((p) => ({ ...p, checks: also(found('data.x', 'ledger')) }))],
    ['an unknown drill', statement((p) => ({ ...p, checks: also(found('toString.x', 'toString' as never)) }))],
    ['an end before its beginning', statement((p) => ({ ...p, finishedAt: addSeconds(NOON, -1) }))],
    ['another quarter', statement((p) => ({ ...p, quarter: '2026-q2' }))],
    ['a field too much', statement((p) => ({ ...p, note: 'trust me' }))],
    ['a field too little', statement(({ commit: _, ...p }) => p)],
    ['a plaintext in a canary', statement((p) => ({ ...p, canaries: [{ ...GOOD.canaries[0], value: 'x' }] as never }))],
    ['a negative time', statement((p) => ({ ...p, recovery: { ...GOOD.recovery, timeMillis: -1 } as never }))],
    ['spaces', Buffer.concat([formatDrillStatement(GOOD), Buffer.from(' ')])],
    ['nothing', new Uint8Array()],
  ];
  it.each(bad)('refuses %s', (_, bytes) => {
    expect(() => parseDrillStatement(bytes, 'x')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });

  it('is not made where it could not be read', () => {
    expect(() => formatDrillStatement({ ...GOOD, checks: [] })).toThrow(expect.objectContaining({ code: 'BUG' }));
  });
});

describe('opening evidence', () => {
  const rules = { roster: team.roster, rosters: [team.roster], plans: [team.plan] };
  const verifier = keyStatementVerifier([...identitiesOf(team.roster).values()].map(({ key }) => key));
  const sealed = (who: Who, said = GOOD) => keyStatementSigner(team.signers[who]).seal(formatDrillStatement(said));
  const path = 'drills/2026-q1-1.json';

  it.each(['architect', 'ci'] as const)('takes it from %s', async (who) => {
    expect((await openEvidence(await sealed(who), path, verifier, rules)).by).toBe(who);
  });

  const refused: readonly [string, () => Promise<Uint8Array>, string, string][] = [
    ['a stranger', () => sealed('outsider'), path, 'SIGNER_UNKNOWN'],
    ['another place', () => sealed('architect'), 'drills/2026-q1-2.json', 'RECORD_MALFORMED'],
    [
      'another repository',
      () => sealed('architect', { ...GOOD, repository: 'ffffffffffffffff' }),
      path,
      'RECORD_MALFORMED',
    ],
    [
      'an unknown roster',
      () => sealed('architect', { ...GOOD, rosterDigest: digestOf('x') }),
      path,
      'RECORD_MALFORMED',
    ],
    [
      'some keys of the plan (T45)',
      () => {
        const keys = KEYS.filter((key) => key !== 'root');
        const checks = CHECKS.filter(({ key }) => key !== 'root');
        return sealed('architect', { ...GOOD, keys, checks });
      },
      path,
      'RECORD_MALFORMED',
    ],
    ['another plan', () => sealed('architect', { ...GOOD, planDigest: digestOf('x') }), path, 'RECORD_MALFORMED'],
    ['another version', () => sealed('architect', { ...GOOD, planVersion: 2 }), path, 'RECORD_MALFORMED'],
    ['a changed byte', async () => flipped(await sealed('architect')), path, 'SIGNATURE_INVALID'],
  ];
  it.each(refused)('refuses %s', async (_, make, where, code) => {
    await expect(openEvidence(await make(), where, verifier, rules)).rejects.toMatchObject({ code });
  });

  it('takes the plan on trust where the reader has none', async () => {
    const bytes = await sealed('architect', { ...GOOD, planDigest: digestOf('x') });
    const { said } = await openEvidence(bytes, path, verifier, { ...rules, plans: null });
    expect(said.planDigest).toBe(digestOf('x'));
  });
});

/** The signed payload with another number of milliseconds. */
function flipped(bundle: Uint8Array): Uint8Array {
  const text = Buffer.from(bundle).toString('utf8');
  const [payload = ''] = /(?<="payload":")[^"]+/.exec(text) ?? [];
  const changed = Buffer.from(payload, 'base64').toString('utf8').replace('"millis":12', '"millis":13');
  return Buffer.from(text.replace(payload, Buffer.from(changed, 'utf8').toString('base64')), 'utf8');
}

describe('reports', () => {
  const evil = '</td><script>alert(1)</script> | ]]> \u001b[31m \u202e';
  const said: DrillPredicate = {
    ...GOOD,
    verdict: 'not-verified',
    checks: [
      ...CHECKS.filter(({ drill }) => drill === 'data'),
      { id: 'data.x', drill: 'data', key: null, status: 'fail', provesData: false, millis: 1, detail: evil },
    ],
  };
  const drill = { path: 'drills/2026-q1-1.json', digest: digestOf('file'), said, by: 'architect' };

  it('hold what a stranger named as text, never as markup', () => {
    const [markdown, page, xml] = [markdownReport(drill, [drill]), htmlReport(drill, [drill]), junitReport(said)];
    for (const text of [page, xml]) expect(text).not.toContain('<script');
    for (const text of [markdown, page, xml]) expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(markdown).toContain('\\<script\\>');
    expect(xml).toMatch(/<testsuite name="data" tests="6" failures="1"/);
    expect(page).not.toMatch(/(?:src|href)=/);
  });

  it('say what was lost and what to do, and cite no clause for it', () => {
    const markdown = markdownReport(drill, [drill]);
    expect(markdown).toContain('**data.x**');
    expect(markdown).toContain('This run proved no clause as a whole.');
  });

  it('are a failure for JUnit where the drill is not verified, and a success where it is', () => {
    const checks = CHECKS.map((one) => (one.drill === 'people' ? { ...one, status: 'skip' as const } : one));
    const unproven = junitReport({ ...GOOD, checks, verdict: 'not-verified' });
    expect(unproven).toMatch(/^<testsuites name="[^"]*" tests="19" failures="1" errors="0" time="[\d.]+">$/m);
    expect(unproven).toMatch(/<testsuite name="people" tests="1" failures="0" errors="0" time="0.012" skipped="1"/);
    expect(unproven).toContain('<failure message="not verified: people.x"/>');
    expect(unproven).toMatch(
      /<testsuite name="verdict" tests="1" failures="1" errors="0" time="0" skipped="0" timestamp=/,
    );
    const good = junitReport(GOOD);
    expect(good).toMatch(/^<testsuites name="[^"]*" tests="19" failures="0" errors="0" time="[\d.]+">$/m);
    expect(good).toContain('<testcase classname="verdict" name="verified" time="0"/>');
  });

  it('the type is the one that is documented', () => {
    expect(DRILL_TYPE).toBe('urn:custody:drill:v1');
  });
});
