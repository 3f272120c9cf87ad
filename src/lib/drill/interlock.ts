import type { Instant } from '../base/time.js';
import type { Check } from '../inspect/check.js';
import type { ObservedEstate } from '../plan/estate.js';
import { regionsOf } from '../plan/plan.js';
import { CLAIM_IDS, CLAIMS } from '../policy/claims.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';

/** Claims over the live keys and the account, CloudTrail, and who has access. */
export async function drillInterlock(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<void> {
  const { plan } = scene.state.plan;
  let checks: readonly Check[] = [];
  await probe.ask('keys', null, async () => {
    if (!plan.interlock) return open('the plan has no interlock: that a quorum agreed is for custody alone to see');
    ({ checks } = await scene.inspections.prove());
    return claimsAnswer(checks.filter(({ id }) => !isOfAccount(id)));
  });
  await probe.ask('account', null, () => claimsAnswer(checks.filter(({ id }) => isOfAccount(id))));
  await probe.ask('trail', null, () => trailAnswer(scene));
  await probe.ask('access', null, () => accessAnswer(scene, estate));
}

function isOfAccount(id: string): boolean {
  return CLAIM_IDS.some((claim) => claim === id && CLAIMS[claim].scope === 'account');
}

function claimsAnswer(checks: readonly Check[]): Answer {
  const bad = checks.filter(({ status }) => status === 'fail');
  if (bad[0]) return fail(`${bad.length} claims are broken: ${bad[0].id}: ${bad[0].detail}`);
  const unasked = checks.filter(({ status }) => status === 'skip');
  if (unasked[0]) return open(`${unasked.length} claims are open: ${unasked[0].id}: ${unasked[0].detail}`);
  return checks.length === 0 ? open('no claim was asked about') : pass(`${checks.length} claims hold`);
}

/** When the last verified drill began, else when the repository was founded. */
function sinceOf({ history, state }: Scene): Instant {
  const last = history.filter(({ said }) => said.verdict === 'verified').at(-1);
  return last?.said.startedAt ?? state.genesis.statement.predicate.at;
}

/** CloudTrail answers twice a second at most: it is asked while the other drills go on. What went wrong, the check says. */
export function withTrailAsked(scene: Scene): Scene {
  const asked = scene.inspections.reconcile(sinceOf(scene));
  asked.catch(() => undefined);
  return { ...scene, inspections: { ...scene.inspections, reconcile: () => asked } };
}

/** A gap is unproven (T66). */
async function trailAnswer(scene: Scene): Promise<Answer> {
  const { inspections } = scene;
  const since = sinceOf(scene);
  const { checks, findings, counts } = await inspections.reconcile(since);
  const found = findings.filter(({ severity }) => severity !== 'unproven');
  if (found[0]) return fail(`${found.length} findings: ${found[0].id}: ${found[0].what}, ${found[0].because}`);
  const bad = checks.find(({ status }) => status === 'fail');
  if (bad) return fail(`${bad.id}: ${bad.detail}`);
  const gap = checks.find(({ status }) => status === 'skip');
  if (gap) return open(`${gap.id}: ${gap.detail}`);
  return pass(
    `${counts.changes} changes since ${since}, each one approved; ${counts.receipts} receipts, each with its events`,
  );
}

/** The access review: who holds which seat, and who may use the keys beside their policies. */
async function accessAnswer({ aws, state }: Scene, estate: ObservedEstate): Promise<Answer> {
  const { plan } = state.plan;
  const { custodians, automation } = state.roster;
  const grants: string[] = [];
  for (const [name, key] of Object.entries(plan.keys)) {
    for (const region of regionsOf(plan, key)) {
      const found = estate[region]?.[name];
      if (!found) return open(`${name} in ${region} could not be read`);
      const on = await aws.reader.grants(region, found.description.arn);
      for (const { grantee } of on ?? []) grants.push(`${name}: ${grantee}`);
    }
  }
  const services = grants.filter((grant) => grant.endsWith('.amazonaws.com'));
  const seats = custodians.map(({ id, roleArn }) => `${id} ${roleArn.split('/').at(-1)}`).join(', ');
  return pass(
    `seats: ${seats}; automation: ${automation.map(({ id }) => id).join(', ') || 'none'}; ` +
      `grants: ${grants.length}, ${services.length} of them for services${grants.length > 0 ? ` (${grants.slice(0, 5).join('; ')})` : ''}`,
  );
}
