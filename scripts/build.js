// Compiles src to dist; run by `prepare`, so that `npm ci` alone leaves a working tool.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
const require = createRequire(import.meta.url);
rmSync(new URL('dist', root), { recursive: true, force: true });
const tsc = require.resolve('typescript/lib/tsc.js');
const built = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
process.exit(built.status ?? 1);
