// Fifty custodians publish to one bare remote at once, against fifty writers that do the same with git alone.
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClone } from '../build/lib/git/clone.js';
import { createRepository, removeFolder } from './fixture.js';
import { runOk } from './measure.js';

const one = fileURLToPath(new URL('publish-one.js', import.meta.url));

/** What each raw writer does: fetch, commit on the newest head, push, and again with jitter when the head moved. */
const RAW = `
set -eu
export GIT_DIR="$1" GIT_AUTHOR_NAME=raw GIT_AUTHOR_EMAIL=raw@localhost GIT_COMMITTER_NAME=raw GIT_COMMITTER_EMAIL=raw@localhost
export GIT_INDEX_FILE="$1/index-$2"
blob=$(head -c 600 /dev/urandom | git hash-object -w --stdin)
while :; do
  git fetch -q origin +refs/heads/main:refs/remotes/origin/main
  head=$(git rev-parse refs/remotes/origin/main)
  git read-tree "$head"
  git update-index --add --cacheinfo "100644,$blob,records/heartbeats/$2.json"
  commit=$(git commit-tree "$(git write-tree)" -p "$head" -m raw)
  git push -q origin "$commit:refs/heads/main" 2>/dev/null && exit 0
  sleep "0.$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')"
done`;

/** @returns {Promise<{ name: string, writers: number, custodyMillis: number, rawMillis: number, ratio: number, lost: number }>} */
export async function benchPublish(writers = 50) {
  const env = { PATH: process.env.PATH, HOME: tmpdir(), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
  const custody = await race('custody', writers, (dir, name) => runOk([process.execPath, one, dir, name], { env }));
  const raw = await race('raw', writers, (dir, name) =>
    runOk(['sh', '-c', RAW, 'raw', join(dir, '.git'), name], { env }),
  );
  return {
    name: 'publish',
    writers,
    custodyMillis: custody.millis / writers,
    rawMillis: raw.millis / writers,
    ratio: custody.millis / raw.millis,
    lost: custody.lost + raw.lost,
  };
}

async function race(kind, writers, write) {
  const root = mkdtempSync(join(tmpdir(), `custody-bench-${kind}-`));
  try {
    const { origin } = await createRepository(root, 10);
    const names = Array.from({ length: writers }, (_, n) => createHash('sha256').update(`${kind} ${n}`).digest('hex'));
    const dirs = [];
    for (const [n] of names.entries()) {
      const dir = join(root, `clone-${n}`);
      await createClone(dir, origin, process.env);
      writeFileSync(join(dir, 'custody.yaml'), '# none\n');
      dirs.push(dir);
    }
    const start = performance.now();
    await Promise.all(names.map((name, n) => write(dirs[n], name)));
    const millis = performance.now() - start;
    const { stdout } = await runOk([
      'git',
      '--git-dir',
      origin,
      'ls-tree',
      '-r',
      '--name-only',
      'main',
      'records/heartbeats/',
    ]);
    const kept = new Set(stdout.split('\n'));
    return { millis, lost: names.filter((name) => !kept.has(`records/heartbeats/${name}.json`)).length };
  } finally {
    removeFolder(root);
  }
}
