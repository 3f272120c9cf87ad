import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony, type Player } from '../support/cli.js';
import { type Answer, atTerminal, CTRL_C, ENTER, hasTerminals } from '../support/terminal.js';

/** What only a person at a terminal can do, in a pseudo terminal; and the end of a key in real processes, which needs it. */

let ceremony: Ceremony;
beforeAll(async () => {
  ceremony = await Ceremony.found();
}, 120_000);
afterAll(async () => {
  await (ceremony as Ceremony | undefined)?.end();
});

const NAME = 'type the name of the key (case-data):';
const DIGEST = 'type the last six characters of the digest';

const typed = (player: Player, words: readonly string[], ...answers: readonly Answer[]) =>
  atTerminal(words, ceremony.environment(player), answers);

/** Where the upstream stands: whoever asks for something or signs moves it. */
const head = () => execFileSync('git', ['-C', join(ceremony.dir, 'origin.git'), 'rev-parse', 'main']).toString();

let id = '';
let digest = '';

/** Two who sit at a terminal sign the deletion. */
async function signedByTwo(): Promise<void> {
  for (const player of ['architect', 'privacy'] as const) {
    const last: Answer = [DIGEST, `${digest.slice(-6)}${ENTER}`];
    const { exit, text } = await typed(player, ['keys', 'approve', id], last, [NAME, `case-data${ENTER}`]);
    expect(exit, text).toBe(0);
    expect(text).toContain(`Signed as ${player}`);
  }
}

/** A custodian is at work later on, so that the deputy's view counts as fresh. */
async function later(seconds: number): Promise<void> {
  ceremony.serving.sandbox.advance(seconds);
  await ceremony.ok('privacy', 'heartbeat');
}

const DAY = 86_400;

describe.skipIf(!hasTerminals())('at a terminal (script of util-linux)', { shuffle: false }, () => {
  it('the name of the key: another one is refused, ctrl-C ends it, and neither asks for anything', async () => {
    const words = ['keys', 'delete', 'case-data', '--reason', 'no one needs it'];
    const before = head();
    const wrong = await typed('architect', words, [NAME, `root${ENTER}`]);
    expect(wrong.exit).toBe(2);
    expect(wrong.text).toContain('that is not the name of the key: nothing was signed');
    expect(wrong.text).toContain('custody keeps no list');
    const left = await typed('architect', words, [NAME, `case-data${CTRL_C}`]);
    expect(left.exit).toBe(130);
    expect(head()).toBe(before);
    const right = await typed('architect', words, [NAME, `case-data${ENTER}`]);
    expect(right.exit, right.text).toBe(0);
    expect(head()).not.toBe(before);
    id = /r-[a-z2-7]{10}/.exec(right.text)?.[0] ?? '';
    digest = /sha256:[0-9a-f]{64}/.exec(right.text)?.[0] ?? '';
  });

  it('the digest and the name: nothing is signed by halves', async () => {
    const before = head();
    const last = digest.slice(-6);
    const words = ['keys', 'approve', id];
    const other = await typed('architect', words, [
      DIGEST,
      `${last.startsWith('0') ? '1' : '0'}${last.slice(1)}${ENTER}`,
    ]);
    expect([other.exit, other.text.includes('nothing was signed')]).toEqual([130, true]);
    const wrong = await typed('privacy', words, [DIGEST, `${last}${ENTER}`], [NAME, `case_data${ENTER}`]);
    expect([wrong.exit, wrong.text.includes('nothing was signed')]).toEqual([2, true]);
    const atName = await typed('privacy', words, [DIGEST, `${last}${ENTER}`], [NAME, CTRL_C]);
    expect(atName.exit).toBe(130);
    expect(head()).toBe(before);
    await signedByTwo();
  });

  it('the deletion runs after its cool-off, and one custodian stops it', async () => {
    await later(DAY + 3600);
    await ceremony.ok('deputy', 'keys', 'execute', id);
    const { json } = await ceremony.ok('privacy', 'keys', 'cancel-deletion', 'case-data', '--reason', 'still in use');
    expect(json).toMatchObject({ created: true, receipt: { outcome: 'executed' }, request: { state: 'executed' } });
  });

  it('deleted again, 31 days later its destruction is certified by two, and stays told', async () => {
    const { json } = await ceremony.ok('architect', 'keys', 'delete', 'case-data', '--confirm', 'case-data');
    expect(at(json, 'request', 'preState', 'state')).toBe('Disabled');
    [id, digest] = [textAt(json, 'request', 'id'), textAt(json, 'request', 'digest')];
    await signedByTwo();
    await later(DAY + 3600);
    await ceremony.ok('deputy', 'keys', 'execute', id);
    await ceremony.ok('deputy', 'sandbox', 'advance', '31d', '--dir', join(ceremony.dir, 'sandbox'));
    const opened = (await ceremony.ok('architect', 'keys', 'confirm-destroyed', 'case-data')).json;
    const certificate = textAt(opened, 'request', 'id');
    for (const player of ['architect', 'privacy'] as const)
      await ceremony.ok(player, 'keys', 'approve', certificate, '--reviewed', textAt(opened, 'request', 'digest'));
    await ceremony.ok('deputy', 'keys', 'execute', certificate);
    const shown = (await ceremony.ok('privacy', 'keys', 'show', 'case-data')).json;
    expect(shown).toMatchObject({ key: null, destroyed: [{ certificate, deletion: id }] });
    expect([...(at(shown, 'destroyed', 0, 'certifiedBy') as readonly string[])].sort()).toEqual([
      'architect',
      'privacy',
    ]);
  });
});
