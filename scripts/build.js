// Bundles src to dist, one file a command with what they share in chunks: loading hundreds of small modules was two
// thirds of a command's start. Packages stay outside. Run by `prepare`, so that `npm ci` alone leaves a working tool.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const commands = readdirSync(`${root}src/commands`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `${root}src/commands/${name}`);
rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: [...commands, `${root}src/lib/cli/main.ts`],
  outbase: `${root}src`,
  outdir: `${root}dist`,
  chunkNames: 'chunks/[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  target: 'node20.17',
  format: 'esm',
  // Names of classes and functions stay as they are written: errors of ours can be read.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
});
