import type { OpenBackup } from '../backup/newest.js';
import { CustodyError } from '../base/errors.js';
import type { KeyArn } from '../key/key.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import { accountRolesOf } from '../policy/account-roles.js';
import type { ScratchReceipt } from './evidence.js';
import { isNotTaken, policyIn } from './policies.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';
import { onScratchKey, scratchPolicy } from './scratch.js';

/** Both executor roles, entered as a change would, on a scratch key under a backed-up policy. @returns the keys that were made */
export async function drillExecutors(
  scene: Scene,
  estate: ObservedEstate,
  backup: OpenBackup | null,
  probe: Probe,
  by: string,
): Promise<readonly ScratchReceipt[]> {
  const { plan } = scene.state.plan;
  const { executor, cold } = accountRolesOf(scene.state.roster, plan.interlock ?? undefined);
  const receipts: ScratchReceipt[] = [];
  const keep = (one: ScratchReceipt) => receipts.push(one);
  for (const [what, roleArn] of [
    ['executor', executor],
    ['cold', cold],
  ] as const) {
    await probe.ask(what, null, async () => {
      if (!plan.interlock) return open('the plan has no interlock: the executor role may change keys by itself');
      const [name] = Object.keys(plan.keys);
      const drillRole = drillRoleArnOf(plan);
      if (name === undefined || drillRole === null)
        return open('the plan has no drill role that could make a scratch key');
      const held = await policyIn(scene, backup, estate, name, plan.regions.primary);
      if ('answer' in held) return open('there is no policy to try');
      const made = { region: plan.regions.primary, policy: scratchPolicy(held.policy, drillRole), of: name };
      try {
        return await onScratchKey(scene, made, keep, (arn) => deniedAnswer(scene, { roleArn, by }, arn, made.policy));
      } catch (cause) {
        if (!isNotTaken(cause)) throw cause;
        return open(
          'KMS does not take the backed-up policy, as the drill of policies says: there was no key to try it on',
        );
      }
    });
  }
  return receipts;
}

/** The role is entered with the caller's own identity, and KMS denies it what nobody has approved. */
async function deniedAnswer(
  { aws, runId }: Scene,
  { roleArn, by }: { readonly roleArn: string; readonly by: string },
  arn: KeyArn,
  policy: string,
): Promise<Answer> {
  const session = { roleArn, sourceIdentity: by, sessionName: `drill-${runId}` };
  const writer = await aws.authority.assumeExecutor(
    { ...session, actions: ['kms:PutKeyPolicy'], resources: [arn] },
    { purpose: 'drill.executor', scratch: arn },
  );
  const parameters = { KeyId: arn, PolicyName: 'default', Policy: policy };
  try {
    // The very policy that it has: even where it were let through, nothing would change.
    await writer.call({ service: 'kms', region: arn.split(':')[3] ?? '', operation: 'PutKeyPolicy', parameters });
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'DENIED')
      return pass(`${by} entered ${roleArn}; without approvals KMS denies it`);
    throw cause;
  }
  return fail(`${roleArn} put a key policy that nobody has approved`);
}
