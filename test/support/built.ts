import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE_ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What runs the built tool calls this first: an old dist would test the code of yesterday. */
export function assertBuilt(): void {
  const built = modified(join(PACKAGE_ROOT, 'dist/lib/cli/main.js'));
  const src = join(PACKAGE_ROOT, 'src');
  const newer = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => modified(join(src, name)) > built);
  if (newer.length > 0) throw new Error(`dist is older than src (${newer[0]}): npm run build`);
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
