// Start-up of whole processes: bare Node, a bare oclif command, and custody on a repository with many requests.
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openClonePin } from '../build/lib/fs/clone-pin.js';
import { writeDraft } from '../build/lib/fs/folder.js';
import { createClone } from '../build/lib/git/clone.js';
import { createRepository, removeFolder } from './fixture.js';
import { inTurns, runOk } from './measure.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const custody = join(root, 'bin', 'run.js');

/** @returns {Promise<{ name: string, requests: number, millis: Record<string, number>, ratios: Record<string, number> }>} */
export async function benchStartup(requests = 1000, rounds = 7) {
  const dir = mkdtempSync(join(tmpdir(), 'custody-bench-'));
  try {
    const { origin, genesis } = await createRepository(dir, requests);
    const clone = join(dir, 'clone');
    await createClone(clone, origin, process.env);
    await writeDraft(clone, '# a draft is not read here\n');
    await openClonePin(clone).write({ schema: 1, genesis, as: 'architect' });
    const env = { PATH: process.env.PATH, HOME: dir, XDG_STATE_HOME: join(dir, 'state') };
    const pending = ['keys', 'pending', '--repo', clone, '--json'];
    const once = (command) => () => runOk(command, { env });
    const node = process.execPath;
    const millis = await inTurns(
      {
        'node -e 0': once([node, '-e', '0']),
        'bare oclif command': once([node, bareOclif(dir), 'hello']),
        'custody --version': once([node, custody, '--version']),
        'keys pending': once([node, custody, ...pending]),
        'keys pending --offline': once([node, custody, ...pending, '--offline']),
      },
      rounds,
    );
    const floor = millis['node -e 0'];
    const ratios = Object.fromEntries(Object.entries(millis).map(([name, value]) => [name, value / floor]));
    return { name: 'startup', requests, millis, ratios };
  } finally {
    removeFolder(dir);
  }
}

/** The smallest project that oclif runs: one command, explicit, found without a manifest. */
function bareOclif(dir) {
  const at = join(dir, 'bare');
  mkdirSync(join(at, 'commands'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(at, 'node_modules'));
  const manifest = { name: 'bare', version: '1.0.0', type: 'module', oclif: { bin: 'bare', commands: './commands' } };
  writeFileSync(join(at, 'package.json'), JSON.stringify(manifest));
  const command =
    "import { Command } from '@oclif/core';\nexport default class Hello extends Command {\n  async run() {\n    this.log('hello');\n  }\n}\n";
  writeFileSync(join(at, 'commands', 'hello.js'), command);
  writeFileSync(
    join(at, 'run.js'),
    "import { execute } from '@oclif/core';\nawait execute({ dir: import.meta.url });\n",
  );
  return join(at, 'run.js');
}
