import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { list, nullable, object, readFields, text } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { challengeNotices, waitingChallenge } from '../drill/waiting.js';
import { stateDirectory } from '../fs/places.js';
import { type JsonFile, openJsonFile } from '../fs/state.js';
import { casesOf } from '../request/desk.js';
import { formatNotice, type Notice, noticeName, noticesOf } from '../request/notices.js';
import { confirm } from './ask.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context, Seat } from './context.js';

const SECONDS = 30;
/** What a notifier may need of the environment to reach its user; nothing that gives access to AWS or to a key. */
const VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'TZ',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
];

/** What this machine keeps of notices: which command its user accepted, and what was told already. */
interface Told {
  readonly accepted: Digest | null;
  readonly told: readonly string[];
}

const told = object({
  accepted: nullable(digest),
  told: list(text({ max: 100 }), { max: 5000 }),
});

function openTold({ environment }: Context, { pin }: Seat): JsonFile<Told> {
  const path = join(stateDirectory(environment, pin.genesis), 'notices.json');
  return openJsonFile(
    path,
    (bytes) => readFields(told, parseCanonical(bytes, path), path, 'RECORD_MALFORMED'),
    (value) => Buffer.from(formatCanonical({ ...value }), 'utf8'),
  );
}

export function commandDigest(command: readonly string[]): Digest {
  return digestOf(formatCanonical(command));
}

export interface Notified {
  readonly command: readonly string[];
  readonly notices: readonly Notice[];
  /** Notices whose program did not end well; they are given again next time. */
  readonly failed: readonly { readonly notice: string; readonly because: string }[];
}

/**
 * Tells the user of this machine what is new, once each, through the program of the plan.
 * @param accept the digest of the command, from one who looked at it; without it, a terminal is asked
 * @throws CustodyError USAGE without a command in the plan · REFUSED when this machine's user has not accepted it
 */
export async function notify(context: Context, seat: Seat, accept: Digest | null): Promise<Notified> {
  const command = seat.plan.notify?.command;
  if (!command) {
    throw new CustodyError('USAGE', 'the plan names no program for notices', {
      suggestions: ['Add notify.command to custody.yaml, then custody plan propose.'],
    });
  }
  const file = openTold(context, seat);
  await assertAccepted(context, file, command, accept);
  const due = await dueNotices(seat);
  const before = new Set((await file.read())?.told ?? []);
  const fresh = due.filter((notice) => !before.has(noticeName(notice)));
  const failed: { notice: string; because: string }[] = [];
  for (const notice of fresh) {
    const because = await tell(command, notice, context.environment);
    if (because !== null) failed.push({ notice: noticeName(notice), because });
    // Written after each: a run that is cut off repeats one notice at most.
    else
      await file.update((value) => ({
        accepted: value?.accepted ?? null,
        told: [...(value?.told ?? []), noticeName(notice)],
      }));
  }
  // Names of requests that are over are forgotten; those of another user of this machine are left to that one.
  const others = (name: string) => !name.endsWith(` ${seat.actor.identity.id}`);
  const open = new Set(due.map(noticeName));
  await file.update((value) => ({
    accepted: value?.accepted ?? null,
    told: (value?.told ?? []).filter((name) => open.has(name) || others(name)),
  }));
  const lost = new Set(failed.map(({ notice }) => notice));
  return { command, notices: fresh.filter((notice) => !lost.has(noticeName(notice))), failed };
}

async function dueNotices({ ports, state, plan, actor }: Seat): Promise<readonly Notice[]> {
  const now = ports.clock.now();
  const waiting = await waitingChallenge(state, keysVerifierOf(state), now);
  return [
    ...noticesOf((await casesOf(ports, state)).cases, plan, actor.identity, now),
    ...challengeNotices(waiting, actor.identity, state.roster.repository),
  ];
}

/** A quorum wrote the command into the plan, but whose machine runs it has the last word (T34). */
async function assertAccepted(
  context: Context,
  file: JsonFile<Told>,
  command: readonly string[],
  accept: Digest | null,
): Promise<void> {
  const digest = commandDigest(command);
  if ((await file.read())?.accepted === digest) return;
  const asked = accept === null && context.interactive;
  const yes =
    accept === digest || (asked && (await confirm(`Let the plan run on this machine: ${JSON.stringify(command)}?`)));
  if (!yes) {
    throw new CustodyError(
      'REFUSED',
      `the plan's program for notices has not been accepted on this machine: ${JSON.stringify(command)}`,
      {
        details: { command, digest },
        suggestions: [`Look at it, then: custody notify --accept ${digest}`],
      },
    );
  }
  await file.update((value) => ({ accepted: digest, told: value?.told ?? [] }));
}

/** Runs the program with the notice on its standard input; null when it ended with 0, else why it did not. */
function tell(
  [program = '', ...args]: readonly string[],
  notice: Notice,
  environment: NodeJS.ProcessEnv,
): Promise<string | null> {
  const env = Object.fromEntries(VARIABLES.map((name) => [name, environment[name]]));
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: SECONDS * 1000,
      killSignal: 'SIGKILL',
    });
    child.on('error', (cause) => resolve(`it could not be started: ${'code' in cause ? cause.code : cause.name}`));
    child.on('close', (exit, signal) =>
      resolve(exit === 0 ? null : signal ? `it was still running after ${SECONDS} s` : `it ended with ${exit}`),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(formatNotice(notice));
  });
}
