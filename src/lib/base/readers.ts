import { type Digest, isDigest } from './bytes.js';
import { object, type Reader, type Shaped, text, where } from './fields.js';
import { isInstant } from './time.js';

/** Readers of what many files name in the same way. */

export const digest: Reader<Digest> = where(isDigest, 'sha256: and 64 hex characters');
export const instant = where(isInstant, 'an instant like 2026-01-31T09:00:00.000Z');
/** The first 16 hex characters of a repository's genesis digest. */
export const repositoryId = text({ max: 16, pattern: /^[0-9a-f]{16}$/, expected: '16 hex characters' });
export const accountId = text({ max: 12, pattern: /^\d{12}$/, expected: '12 digits' });
export const commitId = text({ max: 40, pattern: /^[0-9a-f]{40}$/, expected: 'a commit id of 40 hex characters' });

/** Which program signed: two custodians can compare the digest (T62). */
export const toolIdentity = object({ name: text({ max: 40 }), version: text({ max: 40 }), digest });
export type ToolIdentity = Shaped<{ name: Reader<string>; version: Reader<string>; digest: Reader<Digest> }>;
