import { cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony, type CliOutcome, PLAYERS, type Player } from '../support/cli.js';

let ceremony: Ceremony;

beforeAll(async () => {
  ceremony = await Ceremony.found();
  // One machine would know at once what another clone on it has seen; here each custodian has a machine.
  for (const player of PLAYERS) {
    await cp(join(ceremony.dir, 'home', 'state'), machine(player), { recursive: true });
    // That machine's memory may be ahead of this custodian's clone.
    await ok(player, 'plan', 'show');
  }
});

afterAll(() => ceremony.end());

const machine = (player: Player) => join(ceremony.dir, 'machines', player);
const run = (player: Player, words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  ceremony.run(player, words, { XDG_STATE_HOME: machine(player), ...env });

async function ok(player: Player, ...words: string[]): Promise<CliOutcome> {
  const outcome = await run(player, [...words, '--json']);
  expect([words.join(' '), outcome.exit]).toEqual([words.join(' '), 0]);
  return outcome;
}

const code = ({ exit, json }: CliOutcome) => [exit, (at(json, 'error') as { code?: string } | undefined)?.code];

/** With the shared repository out of reach. */
async function away<T>(play: () => Promise<T>): Promise<T> {
  const origin = join(ceremony.dir, 'origin.git');
  await rename(origin, `${origin}.away`);
  try {
    return await play();
  } finally {
    await rename(`${origin}.away`, origin);
  }
}

/** A new request to rotate case-data, since a rejected one ends. */
async function ask(): Promise<{ readonly id: string; readonly digest: string }> {
  const { json } = await ok('architect', 'keys', 'rotate', 'case-data', '--reason', 'offline');
  return { id: textAt(json, 'request', 'id'), digest: textAt(json, 'request', 'digest') };
}

async function stateSeenBy(player: Player, id: string): Promise<string> {
  return textAt((await ok(player, 'keys', 'show', id)).json, 'request', 'state');
}

describe('without the network', () => {
  it('a request waits in the clone and goes out with the next contact', async () => {
    const outcome = await away(() => run('deputy', ['keys', 'rotation', 'case-data', '--json']));
    expect(code(outcome)).toEqual([5, 'REMOTE_UNREACHABLE']);
    expect(textAt(outcome.json, 'error', 'message')).toContain('is signed and waits in this clone');
    const id = textAt(outcome.json, 'error', 'details', 'id');
    const again = await away(() => run('deputy', ['keys', 'rotation', 'case-data', '--json']));
    expect([...code(again), textAt(again.json, 'error', 'details', 'id')]).toEqual([5, 'REMOTE_UNREACHABLE', id]);
    const listed = await run('deputy', ['keys', 'pending', '--offline', '--json']);
    expect(at(listed.json, 'waiting')).not.toEqual([]);
    const unseen = await run('privacy', ['keys', 'show', id, '--json']);
    expect(code(unseen)).toEqual([2, 'NOT_FOUND']);
    const retried = await ok('deputy', 'keys', 'rotation', 'case-data');
    expect(retried.json).toMatchObject({ created: false, request: { id } });
    expect(await stateSeenBy('privacy', id)).toBe('pending');
    expect(at((await ok('deputy', 'keys', 'pending')).json, 'waiting')).toEqual([]);
    await ok('deputy', 'keys', 'withdraw', id);
  });

  it('a rejection waits, and nobody takes it for done', async () => {
    const { id } = await ask();
    await ok('privacy', 'keys', 'show', id);
    const text = await away(() => run('privacy', ['keys', 'reject', id, '-m', 'no']));
    expect(text.exit).toBe(0);
    expect(text.stdout).toContain('waits in this clone for the network');
    expect(await stateSeenBy('architect', id)).toBe('pending');
    await ok('privacy', 'heartbeat');
    expect(await stateSeenBy('architect', id)).toBe('rejected');
  });

  it("the requester's withdrawal waits", async () => {
    const { id } = await ask();
    const { json } = await away(() => run('architect', ['keys', 'withdraw', id, '--json']));
    // Until it is published nobody may take it for withdrawn, its signer included.
    expect(json).toMatchObject({ pushed: false, request: { state: 'pending' } });
    await ok('architect', 'heartbeat');
    expect(await stateSeenBy('deputy', id)).toBe('withdrawn');
  });

  it('approve and execute are exit 5, and nothing is signed or called', async () => {
    const { id, digest } = await ask();
    await ok('privacy', 'keys', 'show', id);
    const before = await ceremony.kms();
    // Each in a clone of its own: most of the time they wait between two tries.
    const tried: Readonly<Record<Player, readonly (readonly string[])[]>> = {
      privacy: [['keys', 'approve', id, '--reviewed', digest], ['heartbeat']],
      deputy: [
        ['keys', 'execute', id],
        ['keys', 'execute', '--ready'],
      ],
      architect: [['pin']],
    };
    const attempt = async (player: Player) => {
      for (const words of tried[player]) {
        const outcome = await run(player, [...words, '--json']);
        expect([words.join(' '), ...code(outcome)]).toEqual([words.join(' '), 5, 'REMOTE_UNREACHABLE']);
      }
    };
    await away(() => Promise.all(PLAYERS.map(attempt)));
    expect(await ceremony.kms()).toEqual(before);
    const { json } = await ok('privacy', 'keys', 'show', id);
    expect(at(json, 'request', 'approvals')).toEqual([]);
  });

  it('what only reads says what this clone has', async () => {
    const questions: readonly (readonly [Player, ...string[]])[] = [
      ['deputy', 'keys', 'pending'],
      ['privacy', 'ledger', 'verify'],
      ['architect', 'keys', 'list'],
      ['deputy', 'plan', 'show'],
    ];
    const ask = ([player, ...words]: (typeof questions)[number]) => run(player, [...words, '--json']);
    const answers = await away(() => Promise.all(questions.map(ask)));
    expect(answers.map(({ exit, json }, at) => [questions[at], exit, exit === 0 ? null : json])).toEqual(
      questions.map((question) => [question, 0, null]),
    );
  });

  it('AWS away is exit 5 for approve, and nothing is published', async () => {
    const { id, digest } = await ask();
    const config = join(ceremony.dir, 'dead-config');
    await writeFile(config, '[profile privacy]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:9\n');
    const env = { AWS_CONFIG_FILE: config };
    const outcome = await run('privacy', ['keys', 'approve', id, '--reviewed', digest, '--json'], env);
    expect(code(outcome)).toEqual([5, 'UNAVAILABLE']);
    const { json } = await ok('architect', 'keys', 'show', id);
    expect(at(json, 'request', 'approvals')).toEqual([]);
  });
});

describe('a pin', () => {
  it('T26 of another repository is refused', async () => {
    const { id } = await ask();
    const { json } = await ok('architect', 'pin');
    const file = join(ceremony.dir, 'other-pin.json');
    await writeFile(file, JSON.stringify({ ...json, genesis: `sha256:${'0'.repeat(64)}` }));
    for (const XDG_STATE_HOME of [join(ceremony.dir, 'no-memory'), join(ceremony.dir, 'machines', 'deputy')]) {
      const outcome = await run('deputy', ['keys', 'execute', id, '--pin', file, '--json'], {
        XDG_STATE_HOME,
      });
      expect(code(outcome)).toEqual([3, 'GENESIS_MISMATCH']);
    }
  });

  it('in CUSTODY_PIN counts as --pin; a head that never was is refused', async () => {
    const { id } = await ask();
    const { json } = await ok('architect', 'pin');
    const file = join(ceremony.dir, 'pin.json');
    await writeFile(file, JSON.stringify(json));
    const env = (name: string) => ({ XDG_STATE_HOME: join(ceremony.dir, name), CUSTODY_PIN: file });
    expect(code(await run('deputy', ['keys', 'execute', id, '--json'], env('m1')))).toEqual([8, 'PENDING']);
    await writeFile(file, JSON.stringify({ ...json, head: '0'.repeat(40) }));
    const forged = await run('deputy', ['keys', 'execute', id, '--json'], env('m2'));
    expect(code(forged)).toEqual([3, 'ROLLBACK']);
  });
});
