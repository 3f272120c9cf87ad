import { CustodyError } from '../base/errors.js';
import { readPassphraseFd } from '../fs/passphrase-fd.js';

/** The passphrase of a local key: from a file descriptor, or asked for at the terminal; never a flag or variable. */
export async function readPassphrase(
  fd: number | undefined,
  interactive: boolean,
  message = 'Passphrase of your signing key',
): Promise<Buffer> {
  if (fd !== undefined) return readPassphraseFd(fd);
  if (!interactive) {
    throw new CustodyError(
      'SIGNER_LOCKED',
      'the signing key needs its passphrase, and there is no terminal to ask at',
      {
        suggestions: ['Give --passphrase-fd N, for example: --passphrase-fd 3 3< <(pass show custody)'],
      },
    );
  }
  const { password } = await import('@inquirer/prompts');
  return Buffer.from(await password({ message, mask: true }, { output: process.stderr }), 'utf8');
}
