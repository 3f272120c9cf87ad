import { describe, expect, it } from 'vitest';
import { expirySecondsOf } from '../../../src/lib/backup/make.js';
import { readFields } from '../../../src/lib/base/fields.js';
import { parseRemoteUrl } from '../../../src/lib/git/url.js';
import { REMOTE } from '../../../src/lib/plan/grammar.js';
import { PLAN_SHAPE } from '../../../src/lib/plan/shape.js';
import { createTeam } from '../../support/people.js';

const read = (value: unknown) => readFields(PLAN_SHAPE.backup.stored, value, 'backup', 'PLAN_INVALID');

describe('where backups lie', () => {
  it.each([
    '/srv/git/keys.git',
    'file:///srv/keys.git',
    'https://git.example.com/a/keys.git',
    'https://ci@git.example.com:8443/keys',
    'ssh://git@host/keys.git',
    'git@host:keys/backups.git',
  ])('%s is an address, to the plan and to git', (url) => {
    expect(read({ repository: url, mirrors: [url] })).toEqual({ repository: url, mirrors: [url] });
    expect(parseRemoteUrl(url).text).toBe(url);
  });

  it.each([
    'ext::sh',
    'ext::sh -c x',
    'http://host/keys',
    'git://host/keys',
    'https://user:secret@host/keys',
    '-x',
    '--upload-pack=x',
    'host:keys',
    'git@host:-x',
    'git@host://x',
    'keys',
    '../keys',
    'https://host',
    '',
    'https://host/a b',
  ])('T34 %j is none', (url) => {
    expect(REMOTE.test(url)).toBe(false);
    expect(() => read({ repository: url })).toThrow('address of a Git repository');
  });

  it.each([
    { expirySeconds: 59 },
    { expirySeconds: '1d' },
    { mirrors: [] },
    // One place says who signs keyless: `sigstore`.
    { signers: [{ issuer: 'https://a.example', subject: 'x' }] },
    { more: 1 },
  ])('%j is refused', (value) => {
    expect(() => read(value)).toThrow();
  });

  it('without a word of it, a backup is fresh for the recovery point objective', () => {
    const { plan } = createTeam().plan;
    expect(expirySecondsOf(plan)).toBe(plan.recovery.rpoSeconds);
    expect(expirySecondsOf({ ...plan, backup: { expirySeconds: 90 } })).toBe(90);
  });
});
