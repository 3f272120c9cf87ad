import { execFile } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from './built.js';

const run = promisify(execFile);
const terraform = process.env.CUSTODY_PEER_TERRAFORM;
const provider = process.env.CUSTODY_PEER_TERRAFORM_AWS;

/** Terraform and its AWS provider; undefined where nobody installed them (see .ci/run). */
export const TERRAFORM = terraform && provider;

export type CallTerraform = (...words: string[]) => Promise<string>;

/**
 * Terraform in a folder of its own over one of `test/interop/peer`.
 * @returns its standard output; a status other than 0 rejects
 */
export async function openTerraform(
  dir: string,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CallTerraform> {
  const call: CallTerraform = async (...words) => {
    const { stdout } = await run(terraform ?? '', [...words, '-no-color'], {
      cwd: dir,
      env: { ...env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      timeout: 110_000,
      maxBuffer: 1 << 26,
    });
    return stdout;
  };
  const plugins = join(dir, 'plugins');
  mkdirSync(plugins);
  linkOrCopy(provider ?? '', join(plugins, 'terraform-provider-aws_v1.60.0_x4'));
  copyFileSync(join(PACKAGE_ROOT, 'test/interop/peer', name, 'main.tf'), join(dir, 'main.tf'));
  await call('init', `-plugin-dir=${plugins}`);
  return call;
}

/** 95 MB: a link where the peers lie on the same file system. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
