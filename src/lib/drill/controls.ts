import type { DrillId } from './drills.js';
import type { DrillCheck } from './verdict.js';

interface Control {
  readonly framework: string;
  readonly clause: string;
  /** What of the clause a drill can speak to, in our words. */
  readonly about: string;
  readonly drills: readonly DrillId[];
}

/** THE table of clauses for which a drill is evidence; it is never all that a clause asks for. */
export const CONTROLS: readonly Control[] = [
  {
    framework: 'ISO/IEC 27001:2022',
    clause: 'A.8.13',
    about: 'backups are kept and tried',
    drills: ['backup', 'policies'],
  },
  {
    framework: 'ISO/IEC 27001:2022',
    clause: 'A.8.24',
    about: 'keys are managed by rules',
    drills: ['data', 'interlock'],
  },
  {
    framework: 'SOC 2',
    clause: 'CC6',
    about: 'access takes an approval and is reviewed',
    drills: ['quorum', 'interlock', 'review'],
  },
  {
    framework: 'SOC 2',
    clause: 'A1.2',
    about: 'data is backed up and recovery is prepared',
    drills: ['backup', 'data'],
  },
  { framework: 'PCI DSS 4', clause: '3.6', about: 'stored keys are protected', drills: ['interlock', 'policies'] },
  { framework: 'PCI DSS 4', clause: '3.7', about: 'dual control; old keys stay readable', drills: ['quorum', 'data'] },
  {
    framework: 'NIST SP 800-57 Part 1',
    clause: '8.2.2',
    about: 'keys are backed up and recoverable',
    drills: ['backup', 'regions', 'data'],
  },
  {
    framework: 'NIST SP 800-57 Part 1',
    clause: '8.3.1',
    about: 'use and change of keys are recorded',
    drills: ['ledger', 'interlock'],
  },
];

/** A clause with the checks that this run passed for it. */
export interface Cited extends Omit<Control, 'drills'> {
  readonly checks: readonly string[];
}

/** Only clauses whose drills all ran and passed whole: a run cites what it proved, and nothing else. */
export function citedControls(checks: readonly Pick<DrillCheck, 'id' | 'drill' | 'status'>[]): readonly Cited[] {
  return CONTROLS.flatMap(({ drills, ...control }) => {
    const own = checks.filter(({ drill, status }) => drills.includes(drill) && status !== 'none');
    const covered = drills.every((drill) => own.some((one) => one.drill === drill));
    if (!covered || own.some(({ status }) => status !== 'pass')) return [];
    return [{ ...control, checks: own.map(({ id }) => id) }];
  });
}
