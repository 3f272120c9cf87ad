import type { BackupFindings } from './backup.js';
import type { Scene } from './ports.js';
import { open, Probe, passIf } from './probe.js';
import { recoveryPoint } from './recovery.js';
import type { DrillCheck } from './verdict.js';

/** How old what would be lost is, in seconds; null where nothing bounds it. */
export function pointOf({ ports }: Scene, { signedAt, oldestUncopied }: BackupFindings): number | null {
  return oldestUncopied === 'unknown' ? null : recoveryPoint(signedAt, oldestUncopied, ports.clock.now());
}

/** How long it took, and what would be lost, against what the plan allows. */
export async function judgeObjectives(
  scene: Scene,
  millis: number,
  backup: BackupFindings,
): Promise<readonly DrillCheck[]> {
  const { rtoSeconds, rpoSeconds } = scene.state.plan.plan.recovery;
  const point = pointOf(scene, backup);
  const probe = new Probe('backup', scene.stopwatch);
  await probe.ask('rto', null, () =>
    passIf(
      millis <= rtoSeconds * 1000,
      `${millis} ms; the plan allows ${rtoSeconds} s`,
      `${millis} ms, and the plan allows ${rtoSeconds} s`,
    ),
  );
  await probe.ask('rpo', null, () =>
    point === null
      ? open('without a backup, and a whole ledger to compare copies with, nothing bounds the loss')
      : passIf(
          point <= rpoSeconds,
          `${point} s; the plan allows ${rpoSeconds} s`,
          `${point} s, and the plan allows ${rpoSeconds} s`,
        ),
  );
  return probe.checks;
}
