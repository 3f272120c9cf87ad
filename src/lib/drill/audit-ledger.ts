import { addSeconds, secondsBetween } from '../base/time.js';
import { verifyAuditLedger } from '../inspect/audit-ledger.js';
import { compareCopy } from '../ledger/copy.js';
import { judgeHistories } from '../ledger/histories.js';
import type { DrillPredicate } from './evidence.js';
import type { AuditPlace, Scene } from './ports.js';
import { type Answer, fail, none, type Probe, pass } from './probe.js';

/** Where the audit ledger ended when a drill has found it whole. */
export type AuditHead = NonNullable<DrillPredicate['auditLedger']>;

const WHOLE = { sinceRemembered: false, forms: false };

/**
 * The audit ledger of the plan: every entry from the first on, through what this machine, checkpoints and earlier drills have
 * seen, how each object is kept, and its copy in another Region.
 * @returns null unless it was found whole
 */
export async function drillAuditLedger(scene: Scene, probe: Probe): Promise<AuditHead | null> {
  const { audit } = scene;
  if (audit === null) {
    await probe.ask('audit', null, () => none("the plan has no audit ledger beside the repository's chain"));
    return null;
  }
  const head = await verifyWhole(scene, audit, probe);
  await probe.ask('audit-copy', null, () => judgeCopy(scene, audit));
  return head;
}

async function verifyWhole(scene: Scene, audit: AuditPlace, probe: Probe): Promise<AuditHead | null> {
  let head: AuditHead | null = null;
  let more: readonly (readonly [string, Answer])[] = [];
  await probe.ask('audit', null, async () => {
    const { report } = await verifyAuditLedger({ ...(await audit.question()), through: headsOf(scene) }, WHOLE);
    const answers = report.checks.map(({ id, status, detail }) => [id, { status, detail }] as const);
    more = answers.filter(([id]) => id !== 'chain');
    if (report.verdict === 'verified')
      head = { entries: report.head.size, head: report.head.digest, root: report.root };
    return answers.find(([id]) => id === 'chain')?.[1] ?? fail('its chain was not looked at');
  });
  for (const [id, answer] of more) await probe.ask(`audit-${id}`, null, () => answer);
  return head;
}

function headsOf({ history }: Scene) {
  return history.flatMap(({ said }) => {
    const { entries = 0, root = '' } = said.auditLedger ?? {};
    return entries === 0 ? [] : [{ size: entries, root, what: `drill ${said.quarter}-${said.number}` }];
  });
}

/** Each object of the copy, and what would be lost with the ledger's Region today. */
async function judgeCopy({ ports, state }: Scene, { question, copy }: AuditPlace): Promise<Answer> {
  if (copy === null) return none('the plan names no copy of it in another Region');
  const { objects, retentionDays } = await question();
  const there = await copy();
  const { same, missing, oldestMissing, fault } = await compareCopy(objects, there);
  if (fault !== null) return fail(fault);
  const [kept] = await judgeHistories(there, retentionDays);
  if (kept !== undefined) return fail(`in the copy, ${kept.name} has ${kept.message}`);
  if (oldestMissing === null)
    return pass(`${same} slots and bundles, each as in the ledger and kept as long; nothing would be lost`);
  const behind = `${missing} of ${same + missing} slots and bundles are not in the copy`;
  const { name, at } = oldestMissing;
  if (at === null) return fail(`${behind}, nobody knows since when: ${name}`);
  const { rpoSeconds } = state.plan.plan.recovery;
  const now = ports.clock.now();
  const lag = `${behind}, the oldest, ${name}, for ${Math.max(0, Math.floor(secondsBetween(at, now)))} s`;
  const isLate = addSeconds(at, rpoSeconds) < now;
  return isLate ? fail(`${lag}; the plan allows ${rpoSeconds} s`) : pass(`${lag}; the plan allows ${rpoSeconds} s`);
}
