import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CustodyError } from '../base/errors.js';
import { quoted } from './tree.js';

/** A remote in one of the forms that we hand to git. */
export interface RemoteUrl {
  readonly text: string;
  /** The folder of a remote on this machine or a shared disk, else null. */
  readonly path: string | null;
}

const HOST = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const USER = '[A-Za-z0-9_][A-Za-z0-9._+-]*';
const PATH = '[A-Za-z0-9._~/+@%-]+';
const SSH = new RegExp(`^ssh://(?:${USER}@)?${HOST}(?::\\d{1,5})?/${PATH}$`);
const HTTPS = new RegExp(`^https://(?:${USER}@)?${HOST}(?::\\d{1,5})?/${PATH}$`);
/** `user@host:path`; a path that starts with a hyphen could pass for an option of a remote program. */
const SCP = new RegExp(`^(?:${USER}@)?${HOST}:(?!-)${PATH}$`);

/**
 * Reads a remote's address: a folder, `file://`, `https://`, `ssh://` or `user@host:path`. A relative folder is made
 * absolute. Everything else is refused: `ext::` and other helpers run programs, a leading hyphen is an option, plain
 * `http:` and `git:` can be changed on the way (T34).
 * @throws CustodyError USAGE
 */
export function parseRemoteUrl(text: string): RemoteUrl {
  if (/[\x00-\x1f\x7f]/.test(text)) throw refused(text, 'it has control characters');
  if (text === '' || text.startsWith('-')) throw refused(text, 'it is empty or starts with a hyphen');
  if (text.includes('::')) throw refused(text, 'it names a remote helper');
  if (text.startsWith('file://')) return { text, path: pathOfFileUrl(text) };
  if (SSH.test(text) || HTTPS.test(text)) return { text, path: null };
  if (text.includes('://'))
    throw refused(text, 'only file, https and ssh are spoken, without a password in the address');
  const colon = text.indexOf(':');
  const slash = text.indexOf('/');
  if (colon >= 0 && (slash < 0 || colon < slash)) {
    if (SCP.test(text)) return { text, path: null };
    throw refused(text, 'it is not user@host:path');
  }
  const path = resolve(text);
  return { text: path, path };
}

function pathOfFileUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new CustodyError('USAGE', `${quoted(text)} is not a file address`, { cause });
  }
}

function refused(text: string, why: string): CustodyError {
  return new CustodyError('USAGE', `${quoted(withoutPassword(text))} cannot be a remote: ${why}`, {
    suggestions: ['Give a folder, an https:// or ssh:// address, or user@host:path.'],
  });
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//***@');
}
