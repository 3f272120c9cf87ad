import { CustodyError, type ErrorCode } from '../base/errors.js';
import { quoted } from './tree.js';

/** Git's messages (LC_ALL=C) as errors of ours; the first row that fits decides. Anything unknown is worth a retry. */
const FAULTS: readonly { readonly pattern: RegExp; readonly code: ErrorCode; readonly message: string }[] = [
  { pattern: /spawn git E[A-Z]+/, code: 'UNAVAILABLE', message: 'git could not be started' },
  {
    pattern: /transport '[^']*' not allowed|remote helper|protocol .* not supported/i,
    code: 'CLONE_UNSAFE',
    message: 'the remote uses a protocol that custody does not speak',
  },
  {
    pattern: /(?:loose|packed) object .*is corrupt|repository corruption on the remote side/i,
    code: 'TREE_MALFORMED',
    message: 'the remote holds objects that are not what their names say',
  },
  {
    pattern: /fsck error|invalid (?:index-pack|object)|index-pack failed|did not send all necessary objects/i,
    code: 'TREE_MALFORMED',
    message: 'the remote sent objects that Git finds malformed',
  },
  {
    pattern:
      /authentication failed|could not read (?:username|password)|permission denied|access denied|error: 40[13]/i,
    code: 'DENIED',
    message: 'the remote refused these credentials',
  },
  {
    pattern: /host key verification failed/i,
    code: 'DENIED',
    message: 'the host key of the remote is unknown or has changed',
  },
  {
    pattern: /no space left|disk quota exceeded|unable to write|read-only file system/i,
    code: 'STORAGE',
    message: 'Git could not store what was fetched or pushed',
  },
];

/** What git's errors mean, and which object of the remote they name. @returns what to throw */
export function faultOf(errors: string, operation: string): CustodyError {
  const fault = FAULTS.find(({ pattern }) => pattern.test(errors));
  const code = fault?.code ?? 'REMOTE_UNREACHABLE';
  const message = fault?.message ?? 'the remote cannot be reached';
  const damaged = DAMAGED.exec(errors)?.[1];
  const which = damaged === undefined ? '' : `: ${quoted(damaged)}`;
  return new CustodyError(code, `${message} (${operation})${which}`, { details: { git: lastLine(errors) } });
}

/** Which object of the remote, and in which of its files: git there says it, whatever breaks here for it. */
const DAMAGED = /((?:loose|packed) object [0-9a-f]{40} \(stored in [^)\n]{1,300}\)) is corrupt/;

/** Refusals that mean: another one was faster. */
const MOVED =
  /^\[rejected\]|cannot lock ref|failed to update ref|incorrect old value|reference already exists|failed to lock|unable to create .*\.lock/i;
/** What git's lockfile.c says of a lock file that is there: another git holds it for milliseconds, or a crashed one left it. */
const LOCK = /unable to create '([^'\n]{1,1000}\.lock)': file exists/i;

/** The remote's main could not move, because this file was there. */
export interface RemoteLock {
  /** As the remote's git names it. */
  readonly file: string;
}

/**
 * What a failed `git push --porcelain` means: a line `!<tab><from>:<to><tab><why>` is the remote's answer, without one the
 * connection broke.
 * @returns the lock file where one was in the way; which of the two it is, time tells
 * @throws CustodyError DENIED when the remote does not want it, REMOTE_UNREACHABLE when its answer did not come
 */
export function judgePush(output: string, errors: string): 'moved' | RemoteLock {
  const refusal = output.split('\n').find((line) => line.startsWith('!\t'));
  if (refusal === undefined) throw faultOf(errors, 'push');
  const why = refusal.split('\t').slice(2).join(' ');
  const lock = MOVED.test(why) ? LOCK.exec(`${why}\n${errors}`)?.[1] : undefined;
  if (lock !== undefined) return { file: lock };
  if (MOVED.test(why)) return 'moved';
  // "unpacker error" and "remote failed to report status": it broke on the way, or at the remote's disk.
  if (/unpacker|failed to report|remote end hung up/i.test(why)) throw faultOf(errors, 'push');
  throw new CustodyError('DENIED', `the remote refused the push: ${quoted(why)}`, {
    details: { git: lastLine(errors) },
  });
}

function lastLine(errors: string): string {
  const lines = errors.split('\n').map((line) => line.trim());
  const fatal = lines.filter((line) => /^(?:fatal|error):/.test(line));
  return quoted(fatal.at(-1) ?? lines.filter((line) => line !== '').at(-1) ?? '');
}
