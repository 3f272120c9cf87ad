// Compiles policies/custody to policies/custody.wasm with the real opa, and writes its digest beside it and into the source;
// with --check only compares. CUSTODY_PEER_OPA names the program, else opa of the PATH. The same opa makes the same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const opa = process.env.CUSTODY_PEER_OPA || 'opa';
const ENTRYPOINTS = ['guard/decision', 'guard/purposes', 'cloudtrail/decision', 'terraform/decision'];

const wasm = compile();
const digest = createHash('sha256').update(wasm).digest('hex');
const files = {
  'policies/custody.wasm': wasm,
  'policies/custody.wasm.sha256': Buffer.from(`${digest}  custody.wasm\n`),
  'src/lib/guard/pinned.ts': Buffer.from(
    `/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */\nexport const POLICY_SHA256 = '${digest}';\n`,
  ),
};
for (const [path, bytes] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(join(root, path), bytes);
  else if (!readFileSync(join(root, path)).equals(bytes)) {
    process.stderr.write(`${path} is not what opa makes of policies/custody: run npm run policies\n`);
    process.exitCode = 1;
  }
}

/** File names are part of what is compiled, so it is always done from the same folder. */
function compile() {
  const dir = mkdtempSync(join(tmpdir(), 'custody-policies-'));
  try {
    const bundle = join(dir, 'bundle.tar.gz');
    const entrypoints = ENTRYPOINTS.flatMap((name) => ['-e', `custody/${name}`]);
    execFileSync(opa, ['build', '-t', 'wasm', ...entrypoints, '-o', bundle, 'custody'], {
      cwd: join(root, 'policies'),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return fileOf(gunzipSync(readFileSync(bundle)), '/policy.wasm');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A file of a tar archive (POSIX.1-2017, pax, "ustar Interchange Format"). */
function fileOf(archive, wanted) {
  for (let at = 0; at + 512 <= archive.length; ) {
    const name = archive.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === wanted) return archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`opa's bundle holds no ${wanted}`);
}
