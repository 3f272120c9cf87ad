// Writes oclif.manifest.json from dist; with --check only compares. A stale manifest hides commands.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatManifest } from './manifest-format.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = new URL('../oclif.manifest.json', import.meta.url);
const text = await formatManifest(root);

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (read(file) !== text) {
  process.stderr.write('oclif.manifest.json does not fit the commands: run npm run build && npm run manifest\n');
  process.exitCode = 1;
}

function read(url) {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return null;
  }
}
