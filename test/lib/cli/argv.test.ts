import { describe, expect, it } from 'vitest';
import { commandWords, hoistGlobalFlags } from '../../../src/lib/cli/argv.js';

describe('leading global flags', () => {
  it.each([
    { why: 'none', argv: ['keys', 'list'], expected: ['keys', 'list'] },
    { why: 'with a value', argv: ['--repo', 'd', 'keys', 'list'], expected: ['keys', 'list', '--repo', 'd'] },
    { why: 'with =', argv: ['--repo=d', '--json', 'keys'], expected: ['keys', '--repo=d', '--json'] },
    {
      why: "a child's flags stay behind --",
      argv: ['--as', 'x', 'token', 'exec', '--', 'cmd', '--json'],
      expected: ['token', 'exec', '--as', 'x', '--', 'cmd', '--json'],
    },
    { why: 'unknown ones stay for the parser to refuse', argv: ['--nosuch', 'keys'], expected: ['--nosuch', 'keys'] },
    { why: 'a value that looks like a command', argv: ['--as', 'keys', 'list'], expected: ['list', '--as', 'keys'] },
  ])('$why', ({ argv, expected }) => {
    expect(hoistGlobalFlags(argv)).toEqual(expected);
  });

  it('words of the command end at the first flag', () => {
    expect(commandWords(['--json', 'keys', 'rotate', 'a', '--due', 'b'])).toEqual(['keys', 'rotate', 'a']);
  });
});
