// Bundles src and the packages that it uses to dist, one file a command with what they share in chunks: loading more
// than a thousand small modules was two thirds of a command's start. So the tool's digest covers its packages, too.
// Run by `prepare`, so that `npm ci` alone leaves a working tool.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const commands = readdirSync(`${root}src/commands`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `${root}src/commands/${name}`);
rmSync(`${root}dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [...commands, `${root}src/lib/cli/main.ts`],
  outbase: `${root}src`,
  outdir: `${root}dist`,
  chunkNames: 'chunks/[hash]',
  bundle: true,
  splitting: true,
  // What the framework loads only where a plugin is written in TypeScript.
  external: ['typescript', 'ts-node', 'tsx'],
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20.17',
  format: 'esm',
  // Names of classes and functions stay as they are written: errors of ours can be read.
  minify: false,
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: true,
  // CommonJS packages ask for these; a module of the standard has none of them.
  banner: {
    js: [
      "import { createRequire as createRequireOfChunk } from 'node:module';",
      'const require = createRequireOfChunk(import.meta.url);',
      'const __filename = import.meta.filename ?? require("node:url").fileURLToPath(import.meta.url);',
      'const __dirname = require("node:path").dirname(__filename);',
    ].join('\n'),
  },
});
assertNamesSurvive(metafile.inputs);

/** A CommonJS package loaded by `import()` would come without its names: only `default` is left of it in a bundle. */
function assertNamesSurvive(inputs) {
  for (const [path, { imports }] of Object.entries(inputs)) {
    for (const { kind, path: target } of imports) {
      if (kind !== 'dynamic-import' || inputs[target]?.format !== 'cjs' || path.startsWith('node_modules/')) continue;
      throw new Error(`${path} loads ${target} by import(): import it by name in a file of ours and load that one`);
    }
  }
}
