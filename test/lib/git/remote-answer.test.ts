import { describe, expect, it } from 'vitest';
import { faultOf, judgePush } from '../../../src/lib/git/remote-answer.js';

const answer = (why: string) => `To /srv/o.git\n!\tabc:refs/heads/main\t${why}\nDone\n`;
const FAILED = answer('[remote rejected] (failed to update ref)');
const FILE = '/srv/o.git/./refs/heads/main.lock';
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('what a refused push means', () => {
  it('a file in the way is named', () => {
    const errors = `remote: error: cannot lock ref 'refs/heads/main': Unable to create '${FILE}': File exists.\n`;
    expect(judgePush(FAILED, errors)).toEqual({ file: FILE });
    const why = answer(
      `[remote rejected] (cannot lock ref 'refs/heads/main': Unable to create '${FILE}': File exists.)`,
    );
    expect(judgePush(why, '')).toEqual({ file: FILE });
  });

  it.each([
    ['the head moved', FAILED, "remote: error: cannot lock ref 'refs/heads/main': is at 1 but expected 2\n"],
    ['the lease is stale', answer('[rejected] (stale info)'), ''],
    ['no file is named', FAILED, "remote: error: Unable to create '': File exists.\n"],
    ['the name is endless', FAILED, `remote: error: Unable to create '${'x'.repeat(2000)}.lock': File exists.\n`],
    ['it is no lock file', FAILED, "remote: error: Unable to create '/srv/o.git/refs/heads/main': File exists.\n"],
  ])('another one was faster: %s', (_, output, errors) => {
    expect(judgePush(output, errors)).toBe('moved');
  });

  it('a hook that only speaks of a lock is a refusal all the same', () => {
    const errors = `remote: Unable to create '${FILE}': File exists.\n`;
    expect(() => judgePush(answer('[remote rejected] (pre-receive hook declined)'), errors)).toThrow(code('DENIED'));
    expect(() => judgePush('', errors)).toThrow(code('REMOTE_UNREACHABLE'));
  });
});

describe('what a failed fetch means', () => {
  const id = '6732ec9a83be58320e1ceb0ab3d1f78fa424f530';
  const stored = `loose object ${id} (stored in ./objects/67/${id.slice(2)})`;

  it('an object of the remote that is not what its name says is refused, and named', () => {
    const said = `remote: error: corrupt loose object '${id}'\nremote: fatal: ${stored} is corrupt\nfatal: early EOF\n`;
    expect(faultOf(said, 'fetch')).toMatchObject({ code: 'TREE_MALFORMED', message: expect.stringContaining(stored) });
    const last = 'fatal: git upload-pack: aborting due to possible repository corruption on the remote side.';
    expect(faultOf(last, 'fetch').code).toBe('TREE_MALFORMED');
  });

  it.each([
    ['fatal: early EOF'],
    ['fatal: protocol error: bad pack header'],
    ['fatal: unable to access: Could not resolve host: loose.object.example.com'],
  ])('%s is worth another try', (said) => {
    expect(faultOf(said, 'fetch').code).toBe('REMOTE_UNREACHABLE');
  });
});
