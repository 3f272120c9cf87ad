import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from '../support/cli.js';

/** Appends what it is given and the names of its variables to the file it is told; fails when there is a file `fail`. */
const PROGRAM =
  "const fs=require('fs');const f=process.argv[1];if(fs.existsSync(f+'.fail'))process.exit(7);fs.appendFileSync(f,fs.readFileSync(0,'utf8'));fs.writeFileSync(f+'.env',Object.keys(process.env).join())";

let ceremony: Ceremony;
let folder: string;
let file: string;
let command: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custody-notify-'));
  file = join(folder, 'notices');
  command = [process.execPath, '-e', PROGRAM, file];
  ceremony = await Ceremony.found((draft) => `${draft}\nnotify:\n  command: ${JSON.stringify(command)}\n`);
}, 120_000);

afterAll(async () => {
  await ceremony.end();
  await rm(folder, { recursive: true, force: true });
});

describe('notify', () => {
  it('runs the plan’s program once for each notice, after this machine’s user has accepted it', async () => {
    const { json } = await ceremony.ok('architect', 'keys', 'apply', '--reason', 'first installation');
    const ids = (at(json, 'requests') as readonly unknown[]).map((item) => textAt(item, 'id'));
    const refused = await ceremony.run('privacy', ['notify', '--json']);
    expect(refused).toMatchObject({ exit: 3, json: { error: { code: 'REFUSED' } } });
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
    const other = await ceremony.run('privacy', ['notify', '--accept', `sha256:${'0'.repeat(64)}`, '--json']);
    expect(other.exit).toBe(3);
    const told = await ceremony.ok('privacy', 'notify', '--accept', textAt(refused.json, 'error', 'details', 'digest'));
    expect(at(told.json, 'notices')).toHaveLength(ids.length);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => textAt(JSON.parse(line), 'request', 'id')).sort()).toEqual([...ids].sort());
    expect(await readFile(`${file}.env`, 'utf8')).not.toMatch(/AWS|CUSTODY/);
    expect((await ceremony.ok('privacy', 'notify')).json).toMatchObject({ notices: [], failed: [] });
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(ids.length);
    // Another custodian of this machine is told too; a notice whose program failed is given again.
    await writeFile(`${file}.fail`, '');
    const failed = await ceremony.run('deputy', ['notify', '--json']);
    expect(failed).toMatchObject({ exit: 5, json: { notices: [] } });
    expect(at(failed.json, 'failed', '0')).toMatchObject({ because: 'it ended with 7' });
    await rm(`${file}.fail`);
    const again = await ceremony.ok('deputy', 'notify');
    expect(at(again.json, 'notices')).toHaveLength(ids.length);
  });
});
