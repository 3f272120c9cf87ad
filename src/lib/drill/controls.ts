import type { DrillId } from './drills.js';
import type { DrillCheck } from './verdict.js';

interface Control {
  readonly framework: string;
  readonly clause: string;
  /** What of the clause a drill can speak to, in our words. */
  readonly about: string;
  readonly drills: readonly DrillId[];
}

/**
 * THE table of clauses for which a drill is evidence; it is never all that a clause asks for. Numbers and subjects by ISO/IEC
 * 27001:2022 Annex A ("Information backup", "Use of cryptography"), the AICPA Trust Services Criteria of 2017 (revised 2022), PCI DSS
 * v4.0.1, and NIST SP 800-57 Part 1 ("Continuity of Operations Function", "Archive Storage and Key Recovery Functions", "Audit"). Not
 * here: PCI DSS 3.7.6, which is about keys that people handle in clear text, and there are none.
 */
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
    about: 'keys are managed by rules that are kept',
    drills: ['data', 'interlock'],
  },
  {
    framework: 'SOC 2',
    clause: 'CC6.1',
    about: 'access to encryption keys is limited by what enforces it',
    drills: ['interlock'],
  },
  {
    framework: 'SOC 2',
    clause: 'CC6.3',
    about: 'duties are separate: no one changes a key alone, and access is reviewed',
    drills: ['quorum', 'interlock', 'review'],
  },
  {
    framework: 'SOC 2',
    clause: 'A1.2',
    about: 'backups and what recovery needs are there',
    drills: ['backup', 'regions'],
  },
  {
    framework: 'SOC 2',
    clause: 'A1.3',
    about: 'recovery was tried, and what came back compared',
    drills: ['backup', 'policies', 'data', 'people'],
  },
  {
    framework: 'PCI DSS 4.0.1',
    clause: '3.6.1',
    about: 'keys are protected against misuse',
    drills: ['interlock', 'policies'],
  },
  {
    framework: 'PCI DSS 4.0.1',
    clause: '3.7.7',
    about: 'nobody puts another key in place of one without approval',
    drills: ['quorum', 'interlock'],
  },
  {
    framework: 'NIST SP 800-57 Part 1',
    clause: '8.2.2',
    about: 'work goes on when keys or their settings are lost',
    drills: ['backup', 'regions', 'policies'],
  },
  {
    framework: 'NIST SP 800-57 Part 1',
    clause: '8.3.1',
    about: 'what older keys protect can be read',
    drills: ['data'],
  },
  {
    framework: 'NIST SP 800-57 Part 1',
    clause: '9.2',
    about: 'use and change of keys are recorded, and the records looked through',
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
