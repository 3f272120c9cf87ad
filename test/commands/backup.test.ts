import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetKeyPolicyCommand, KMSClient, PutKeyPolicyCommand, TagResourceCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { type Ceremony, type CliOutcome, type Player, pointTo } from '../support/cli.js';
import { foundOneKey } from '../support/one-key.js';

/** One story of the commands about backups, in order; each says the same with and without `--json`. */

let ceremony: Ceremony;
let origin: string;
let root: string;
beforeAll(async () => {
  ceremony = await foundOneKey();
  origin = join(ceremony.dir, 'origin.git');
  root = execFileSync('git', ['-C', origin, 'rev-parse', 'refs/heads/main']).toString().trim();
});
afterAll(() => ceremony.end());

const policy = (player: Player, ...words: string[]): Promise<CliOutcome> =>
  ceremony.run(player, ['policy', ...words, '--json']);
const plain = (player: Player, ...words: string[]): Promise<CliOutcome> => ceremony.run(player, ['policy', ...words]);
const git = (...words: string[]) =>
  execFileSync('git', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim();
const head = () => git('-C', origin, 'rev-parse', 'refs/heads/main');
const failedIn = ({ json }: CliOutcome) =>
  (at(json, 'checks') as readonly { id: string; status: string; detail: string }[]).filter(
    ({ status }) => status === 'fail',
  );

/** Somebody changes the key past the tool. */
async function pastTheTool<T>(change: (client: KMSClient, KeyId: string) => Promise<T>): Promise<T> {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = ceremony.serving.info;
  const credentials = fromIni({ profile: 'executor', configFilepath, filepath, ignoreCache: true });
  const client = new KMSClient({ region: 'eu-central-1', endpoint, credentials });
  return change(client, ceremony.caseDataArn).finally(() => client.destroy());
}

const tag = (value: string) =>
  pastTheTool((client, KeyId) =>
    client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'data-class', TagValue: value }] })),
  );

const putPolicy = (Policy: string) =>
  pastTheTool((client, KeyId) => client.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy })));

const livePolicy = () =>
  pastTheTool((client, KeyId) => client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' })));

/** A bare copy of the upstream whose newest commit has one byte of one file flipped, and a fresh observer's clone of it. */
function flippedUpstream(name: string, path: string): string {
  const bare = join(ceremony.dir, `${name}.git`);
  const work = join(ceremony.dir, `${name}-work`);
  git('clone', '--quiet', '--bare', origin, bare);
  git('clone', '--quiet', origin, work);
  const file = join(work, path);
  const bytes = readFileSync(file);
  // A digit or letter within a value: what is flipped is still text.
  const from = bytes.lastIndexOf(Buffer.from('0'));
  const target = from < 0 ? bytes.length >> 1 : from;
  bytes[target] = (bytes[target] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  // The whole line anew: a change of what is written once would be found out as such.
  const tree = ['-C', work, '-c', 'user.name=x', '-c', 'user.email=x@x'];
  git(...tree, 'checkout', '--quiet', '--orphan', 'anew');
  git(...tree, 'add', '--all');
  git(...tree, 'commit', '--quiet', '-m', 'anew');
  git('-C', work, 'push', '--quiet', '--force', bare, 'anew:main');
  return bare;
}

describe('the story of backups', { shuffle: false }, () => {
  describe('policy backup', () => {
    it('first reads without writing: --dry-run', async () => {
      const [dry, text] = await Promise.all([
        policy('architect', 'backup', '--dry-run'),
        plain('architect', 'backup', '--dry-run'),
      ]);
      expect([dry.exit, dry.json]).toMatchObject([0, { dryRun: true, proposed: { sequence: 1, changed: true } }]);
      expect([text.exit, text.stdout]).toEqual([
        0,
        expect.stringMatching(/backup 1 \(nothing was signed or written\)/),
      ]);
      expect(head()).toBe(root);
      const none = await policy('privacy', 'verify');
      expect([none.exit, none.json]).toMatchObject([3, { verdict: 'unproven', backups: 0, newest: null }]);
    });

    it('makes the first, then says that it still stands, then the next one', async () => {
      const first = await policy('architect', 'backup');
      const made = { sequence: 1, changed: true, complete: true, keyCount: 1, previousDigest: null };
      expect([first.exit, first.json]).toMatchObject([0, { backup: { ...made, signer: { id: 'architect' } } }]);
      expect(textAt(first.json, 'backup', 'commit')).toBe(head());
      const again = await plain('architect', 'backup');
      expect([again.exit, again.stdout]).toEqual([0, expect.stringContaining('nothing has changed since backup 1')]);
      await tag('personal-2');
      const next = await plain('architect', 'backup');
      expect([next.exit, next.stdout]).toEqual([0, expect.stringMatching(/result +backup 2\n/)]);
    });

    it('pushes to mirrors, never over another line, and says which could not be reached', async () => {
      const [mirror, other, nowhere] = ['mirror.git', 'other.git', 'nowhere.git'].map((name) =>
        join(ceremony.dir, name),
      );
      for (const dir of [mirror, other]) git('init', '--quiet', '--bare', '--initial-branch=main', String(dir));
      const work = join(ceremony.dir, 'other');
      git('clone', '--quiet', String(other), work);
      git('-C', work, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '--quiet', '--allow-empty', '-m', 'x');
      git('-C', work, 'push', '--quiet', 'origin', 'HEAD:main');
      const before = git('-C', String(other), 'rev-parse', 'main');
      const well = await policy('architect', 'backup', '--mirror', String(mirror));
      expect([well.exit, at(well.json, 'backup', 'mirrors')]).toMatchObject([0, [{ url: mirror, status: 'pushed' }]]);
      expect(git('-C', String(mirror), 'rev-parse', 'main')).toBe(head());
      const diverged = await policy('architect', 'backup', '--mirror', String(other), '--mirror', String(mirror));
      expect([diverged.exit, at(diverged.json, 'backup', 'mirrors')]).toMatchObject([
        3,
        [{ status: 'diverged' }, { status: 'pushed' }],
      ]);
      expect(git('-C', String(other), 'rev-parse', 'main')).toBe(before);
      const away = await plain('architect', 'backup', '--mirror', String(nowhere));
      expect([away.exit, away.stdout]).toEqual([5, expect.stringContaining('unreachable')]);
    });

    it.each([
      ['--mirror', 'ext::sh -c id'],
      ['--bundle', '/nowhere/at/all/keys.bundle'],
    ])('%s %s is USAGE before a backup is made', async (...words) => {
      const before = head();
      const outcome = await policy('architect', 'backup', ...words);
      expect([outcome.exit, outcome.json]).toMatchObject([2, { error: { code: 'USAGE' } }]);
      expect(head()).toBe(before);
    });

    it('writes a bundle from which plain Git and sha256sum make and check a clone', async () => {
      const file = join(ceremony.dir, 'keys.bundle');
      const outcome = await policy('architect', 'backup', '--bundle', file);
      expect([outcome.exit, at(outcome.json, 'backup', 'bundle')]).toEqual([0, file]);
      const clone = join(ceremony.dir, 'from-bundle');
      git('clone', '--quiet', file, clone);
      execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: join(clone, 'backups') });
      const words = ['manifest', 'heartbeat'].map((name) => join(clone, 'backups', `${name}.sigstore.json`));
      const verified = await ceremony.ok('privacy', 'verify', ...words, '--roster', join(clone, 'roster', '1.json'));
      expect(at(verified.json, 'records', '0', 'kind')).toBe('backup manifest');
      writeFileSync(join(clone, 'backups', 'SHA256SUMS'), 'x');
      const moved = await ceremony.run('privacy', ['verify', words[0] ?? '', '--roster', join(clone, 'roster/1.json')]);
      expect([moved.exit, moved.stdout]).toEqual([3, expect.stringMatching(/SHA256SUMS is\s+sha256:/)]);
    });

    it.each([
      ['--sign', 'keyless', '--witness'],
      ['--identity', 'browser'],
      ['--signing-config', 'signing_config.json'],
      ['--sign', 'paper'],
    ])('%s %s %s is USAGE', async (...words) => {
      const outcome = await policy('architect', 'backup', ...words.filter((word) => word !== undefined));
      expect([outcome.exit, outcome.json]).toMatchObject([2, { error: { code: 'USAGE' } }]);
    });

    it('is not signed by an identity where the plan names none', async () => {
      const outcome = await policy('architect', 'backup', '--sign', 'keyless');
      expect([outcome.exit, outcome.json]).toMatchObject([2, { error: { code: 'PLAN_INVALID' } }]);
    });
  });

  describe('policy verify, diff and restore', () => {
    it('say that all is well', async () => {
      const [verified, text] = [await policy('privacy', 'verify'), await plain('deputy', 'verify')];
      expect([verified.exit, verified.json]).toMatchObject([0, { verdict: 'verified', backups: 2 }]);
      expect([text.exit, text.stdout]).toEqual([0, expect.stringMatching(/\nverified\n$/)]);
      const front = await ceremony.run('privacy', ['status', '--json']);
      const section = (at(front.json, 'checks') as readonly { id: string }[]).find(({ id }) => id === 'backup');
      expect(section).toMatchObject({ status: 'pass', detail: expect.stringMatching(/^backup 2, complete, signed /) });
    });

    it('say what differs', async () => {
      const same = await policy('privacy', 'diff');
      expect([same.exit, same.json]).toMatchObject([0, { verdict: 'verified', differences: [] }]);
      const between = await policy('privacy', 'diff', '--from', '1', '--to', '2');
      expect([between.exit, between.json]).toMatchObject([3, { differences: [{ change: 'changed' }] }]);
      const text = await plain('privacy', 'diff', 'case-data', '--from', '1');
      expect([text.exit, text.stdout]).toEqual([3, expect.stringContaining('personal-2')]);
      const none = await policy('privacy', 'diff', '--from', '9');
      expect([none.exit, none.json]).toMatchObject([2, { error: { code: 'NOT_FOUND' } }]);
    });

    it('ask for nothing where the live policy is the one of the backup', async () => {
      const [restored, text] = [
        await policy('architect', 'restore', 'case-data', '--reason', 'a drill'),
        await plain('architect', 'restore', 'case-data', '--from', '1'),
      ];
      expect([restored.exit, restored.json]).toMatchObject([0, { restore: { backup: { sequence: 2 }, newest: 2 } }]);
      expect(restored.json).not.toHaveProperty('request');
      expect([text.exit, text.stdout]).toEqual([0, expect.stringContaining('nothing is asked for')]);
    });
  });

  describe('one flipped byte', () => {
    const paths = () => {
      const all = git('-C', origin, 'ls-tree', '-r', '--name-only', 'main').split('\n');
      const ledger = all.filter((path) => path.startsWith('ledger/'));
      const own = all.filter((path) => /^backups\/.*(policy|principals)\.json$/.test(path));
      return { rules: ['plan/1.json', 'roster/1.json'], ledger: [ledger[1] ?? '', ledger.at(-1) ?? ''], own };
    };
    const observe = async (name: string, bare: string) => {
      const { json } = await ceremony.ok('architect', 'pin');
      const dir = join(ceremony.dir, `${name}-observer`);
      const env = { CUSTODY_REPO: dir, XDG_STATE_HOME: join(ceremony.dir, `${name}-state`) };
      const words = ['join', bare, dir, '--genesis', textAt(json, 'genesis')];
      return { joined: await ceremony.run('architect', [...words, '--json'], env), dir, env };
    };

    it('of plan, roster or ledger makes join end with exit 3, naming the file', async () => {
      const { rules, ledger } = paths();
      for (const path of [...rules, ledger[0] ?? '']) {
        const name = path.replaceAll(/[/.]/g, '-');
        const { joined, dir } = await observe(name, flippedUpstream(name, path));
        expect([joined.exit, textAt(joined.json, 'error', 'message')], path).toEqual([
          3,
          expect.stringContaining(path),
        ]);
        expect(existsSync(join(dir, '.git')), path).toBe(false);
      }
    });

    it('of a backup or of the last entry about one makes policy verify end with exit 3, naming the file', async () => {
      const { own, ledger } = paths();
      for (const path of [own[0] ?? '', ledger[1] ?? '']) {
        const name = path.replaceAll(/[/.]/g, '-');
        const { joined, env } = await observe(name, flippedUpstream(name, path));
        const outcome =
          joined.exit === 0 ? await ceremony.run('architect', ['policy', 'verify', '--json'], env) : joined;
        expect(outcome.exit, path).toBe(3);
        expect(outcome.stdout, path).toContain(path);
      }
    });

    it('within .git itself names the file there and what it held, for every command', async () => {
      const dir = join(ceremony.dir, 'damaged');
      cpSync(ceremony.clone('privacy'), dir, { recursive: true });
      const env = { CUSTODY_REPO: dir };
      const sums = git('-C', dir, 'rev-parse', 'refs/custody/main:backups/SHA256SUMS');
      const pack = join(dir, '.git/objects/pack');
      for (const name of readdirSync(pack).filter((one) => one.endsWith('.pack'))) {
        const bytes = readFileSync(join(pack, name));
        rmSync(join(pack, name));
        rmSync(join(pack, name.replace(/pack$/, 'idx')));
        execFileSync('git', ['-C', dir, 'unpack-objects', '-q'], { input: bytes });
      }
      const loose = `.git/objects/${sums.slice(0, 2)}/${sums.slice(2)}`;
      const bytes = readFileSync(join(dir, loose));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      rmSync(join(dir, loose));
      writeFileSync(join(dir, loose), bytes);
      const outcome = await ceremony.run('privacy', ['policy', 'verify', '--json'], env);
      expect([outcome.exit, at(outcome.json, 'verdict')]).toEqual([3, 'refused']);
      expect(failedIn(outcome)[0]).toMatchObject({
        id: 'objects',
        detail: expect.stringContaining(`${loose} (backups/SHA256SUMS)`),
      });
      const diff = await ceremony.run('privacy', ['policy', 'diff', '--json'], env);
      expect([diff.exit, diff.json]).toMatchObject([3, { error: { code: 'CLONE_DAMAGED' } }]);
    });

    it('of what this clone has already is a history that was rewritten', async () => {
      for (const path of paths().rules) {
        const name = `seen-${path.replaceAll(/[/.]/g, '-')}`;
        pointTo(ceremony.clone('deputy'), flippedUpstream(name, path));
        const outcome = await policy('deputy', 'verify');
        expect([outcome.exit, outcome.json], path).toMatchObject([3, { error: { code: 'HISTORY_REWRITTEN' } }]);
      }
      pointTo(ceremony.clone('deputy'), origin);
    });
  });

  describe('a remote that goes back', () => {
    it('is refused by verify and by backup', async () => {
      const now = head();
      git('-C', origin, 'update-ref', 'refs/heads/main', root);
      for (const words of [['verify'], ['backup']]) {
        const [json, text] = [await policy('privacy', ...words), await plain('privacy', ...words)];
        expect([json.exit, json.json]).toMatchObject([
          3,
          { error: { code: expect.stringMatching(/ROLLBACK|HISTORY/) } },
        ]);
        expect([text.exit, text.stdout]).toEqual([3, '']);
      }
      git('-C', origin, 'update-ref', 'refs/heads/main', now);
      expect(failedIn(await policy('privacy', 'verify'))).toEqual([]);
    });
  });

  describe('an older, weaker policy', () => {
    it('T42 is said by policy restore to who asks, and by keys approve to who is to sign', async () => {
      const { Policy: planned = '' } = await livePolicy();
      const outsider = 'arn:aws:iam::000000000000:role/outsider';
      const more = { Sid: 'More', Effect: 'Allow', Principal: { AWS: outsider }, Action: 'kms:Decrypt', Resource: '*' };
      const document = JSON.parse(planned) as { Statement: unknown[] };
      await putPolicy(JSON.stringify({ ...document, Statement: [...document.Statement, more] }));
      const weak = await policy('architect', 'backup');
      expect([weak.exit, at(weak.json, 'backup', 'sequence')]).toEqual([0, 3]);
      await putPolicy(planned);
      const strong = await policy('architect', 'backup');
      expect([strong.exit, at(strong.json, 'backup', 'sequence')]).toEqual([0, 4]);

      const words = ['restore', 'case-data', '--from', '3', '--reason', 'it worked then'];
      const asked = await plain('architect', ...words);
      expect(asked.exit).toBe(0);
      expect(asked.stdout.replaceAll(/\s+/g, ' ')).toContain(
        `An older, weaker policy would return: more power for ${outsider}.`,
      );
      const again = await policy('architect', ...words);
      const gained = [{ principal: outsider, gains: ['Decrypt'], loses: [], conditional: [] }];
      expect([again.exit, again.json]).toMatchObject([
        0,
        { restore: { newest: 4, weaker: [outsider], againstLive: gained, againstNewest: gained } },
      ]);
      const screen = await ceremony.run('privacy', ['keys', 'approve', textAt(again.json, 'request', 'id')]);
      expect(screen.exit).toBe(2);
      expect(screen.stdout + screen.stderr).toMatch(/Against the newest backup \(4 of [^)]*\)\s+[^\n]*outsider/);
      expect((await livePolicy()).Policy).toBe(planned);
    });
  });
});
