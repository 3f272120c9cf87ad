import { CustodyError } from '../base/errors.js';
import { type Fault, formatFault } from '../base/fields.js';

/** A fault and the line of the file where a person will find it (1 is the first). */
export interface LocatedFault extends Fault {
  readonly file: string;
  readonly line: number;
}

/** More would be a wall: a broken file of 256 KiB could hold a hundred thousand. */
const MOST_SHOWN = 100;

/** One PLAN_INVALID that lists every fault, a line each, in the order of the file. */
export function planError(file: string, found: readonly LocatedFault[]): CustodyError {
  const faults = [...found].sort((a, b) => a.line - b.line).slice(0, MOST_SHOWN);
  const lines = faults.map((item) => `${item.file}:${item.line}: ${formatFault(item)}`);
  if (found.length > MOST_SHOWN) lines.push(`and ${found.length - MOST_SHOWN} more`);
  const count = found.length === 1 ? '1 fault' : `${found.length} faults`;
  return new CustodyError('PLAN_INVALID', [`${file}: ${count}`, ...lines].join('\n'), {
    details: { file, faults },
    suggestions: [`Edit ${file} and run "custody plan validate".`],
  });
}
