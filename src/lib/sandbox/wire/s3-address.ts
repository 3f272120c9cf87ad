import type { HttpRequest } from './message.js';

/** Which bucket and object a request names; null: none. */
export interface S3Address {
  readonly bucket: string | null;
  readonly key: string | null;
  readonly query: ReadonlyMap<string, string>;
}

/** "Virtual hosting of buckets": the bucket stands in front of S3's own host. */
const VIRTUAL =
  /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.(?:s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com|localhost)(?::\d{1,5})?$/;

/** Reads bucket, key and query of a request, path-style or virtual-hosted; null where something is not well encoded. */
export function addressOf({ target, headers }: HttpRequest): S3Address | null {
  const [path = '/', ...rest] = target.split('?');
  const query = parseQuery(rest.join('?'));
  const hosted = VIRTUAL.exec((headers.host ?? '').toLowerCase())?.[1];
  const names = hosted === undefined ? path.slice(1) : `${hosted}${path === '/' ? '' : path}`;
  const at = names.indexOf('/');
  const bucket = decode(at < 0 ? names : names.slice(0, at));
  const key = decode(at < 0 ? '' : names.slice(at + 1));
  if (!path.startsWith('/') || query === null || bucket === null || key === null) return null;
  return { bucket: bucket === '' ? null : bucket, key: key === '' ? null : key, query };
}

function parseQuery(text: string): ReadonlyMap<string, string> | null {
  const query = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const at = pair.indexOf('=');
    const name = decode((at < 0 ? pair : pair.slice(0, at)).replaceAll('+', ' '));
    const value = decode((at < 0 ? '' : pair.slice(at + 1)).replaceAll('+', ' '));
    if (name === null || value === null || query.has(name)) return null;
    query.set(name, value);
  }
  return query;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
