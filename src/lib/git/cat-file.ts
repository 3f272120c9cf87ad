import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { CustodyError } from '../base/errors.js';
import { plumbingEnvironment } from './environment.js';
import { type GitProcess, gitFailed, gitNotStarted } from './spawn.js';

const IDLE_MILLIS = 2_000;
const ANSWER_TIMEOUT_MILLIS = 120_000;
const MAX_ERROR_BYTES = 16 * 1024;

/** Takes the output as it comes and says whether that was all of it; throws to give up. */
type Take = (chunk: Buffer) => boolean;

/**
 * A `git cat-file --batch` or `--batch-check` that stays, since starting one for each question was a third of a
 * command's time. It looks refs and packs up anew for each question, so it sees what other processes write. It keeps no
 * command from ending, and ends itself when nobody has asked for a while.
 */
export class CatFile {
  #running: Running | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly git: GitProcess,
    private readonly mode: '--batch' | '--batch-check',
  ) {}

  /**
   * Asks for names, one a line; questions are answered one after the other. After a failure the next one begins
   * another process.
   * @throws CustodyError STORAGE when git fails, TIMEOUT when it does not answer, UNAVAILABLE when there is no git, and
   *   what `take` throws
   */
  ask(names: readonly string[], take: Take): Promise<void> {
    const answer = this.#turn.then(() => this.#ask(`${names.join('\n')}\n`, take));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #ask(question: string, take: Take): Promise<void> {
    clearTimeout(this.#idle);
    const running = this.#running?.ended === false ? this.#running : new Running(this.git, this.mode);
    this.#running = running;
    await running.ask(question, take);
    this.#idle = setTimeout(() => running.end(), IDLE_MILLIS).unref();
  }
}

/** One process; `ended` once it takes no more questions. */
class Running {
  ended = false;
  readonly #child: ChildProcessWithoutNullStreams;
  #asked: { readonly take: Take; readonly settle: (failure: CustodyError | null) => void } | null = null;
  #errors: Buffer = Buffer.alloc(0);

  constructor(git: GitProcess, mode: string) {
    const env = plumbingEnvironment(git.environment, git.gitDir);
    this.#child = spawn('git', ['cat-file', mode], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    // Why it takes no more input is told by its end.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = Buffer.concat([this.#errors, chunk]).subarray(0, MAX_ERROR_BYTES);
    });
    this.#child.on('error', (cause) => this.#fail(gitNotStarted(cause)));
    this.#child.on('close', (code) => this.#fail(gitFailed(['cat-file', mode], code, this.#errors)));
  }

  ask(question: string, take: Take): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => this.#fail(new CustodyError('TIMEOUT', 'git cat-file did not answer'));
      const timer = setTimeout(late, ANSWER_TIMEOUT_MILLIS);
      const settle = (failure: CustodyError | null) => {
        clearTimeout(timer);
        this.#asked = null;
        this.#hold(false);
        if (failure === null) resolve();
        else reject(failure);
      };
      this.#asked = { take, settle };
      this.#hold(true);
      this.#child.stdin.write(question);
    });
  }

  end(): void {
    this.ended = true;
    this.#child.kill('SIGKILL');
  }

  #take(chunk: Buffer): void {
    try {
      if (this.#asked?.take(chunk)) this.#asked.settle(null);
    } catch (cause) {
      const unread = () => new CustodyError('BUG', 'git output could not be read', { cause });
      this.#fail(cause instanceof CustodyError ? cause : unread());
    }
  }

  #fail(failure: CustodyError): void {
    this.end();
    this.#asked?.settle(failure);
  }

  /** Only while an answer is awaited does the child keep this process alive. */
  #hold(awaited: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [this.#child, stdin, stdout, stderr]) {
      if (!isHolding(part)) continue;
      if (awaited) part.ref();
      else part.unref();
    }
  }
}

interface Holding {
  ref(): unknown;
  unref(): unknown;
}

/** Pipes to a child are sockets, which their types do not tell. */
function isHolding(part: object): part is Holding {
  return 'ref' in part && 'unref' in part;
}
