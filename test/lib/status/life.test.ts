import { describe, expect, it } from 'vitest';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import type { OpenRecord } from '../../../src/lib/record/envelope.js';
import { open } from '../../../src/lib/record/envelope.js';
import { HEARTBEAT_FOLDER } from '../../../src/lib/record/paths.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { beat } from '../../../src/lib/request/heartbeat.js';
import { livesOf } from '../../../src/lib/status/life.js';
import { createOffice, type Office } from '../../support/office.js';
import type { Who } from '../../support/people.js';

const DAY = 86_400;

async function heartbeatsOf(office: Office, ...people: readonly Who[]): Promise<readonly OpenRecord[]> {
  for (const who of people) await beat(office.desk(who).ports, office.desk(who).actor);
  const { view } = await lookUp(office.desk('architect').ports, 'remote');
  const files = await view.read(await view.pathsUnder(`${HEARTBEAT_FOLDER}/`));
  return [...files].map(([path, bytes]) => open(bytes, path));
}

async function lives(office: Office, records: readonly OpenRecord[], now: Instant) {
  return livesOf(await lookUp(office.desk('architect').ports, 'remote'), records, now);
}

describe('signs of life', () => {
  it('are what a seat signed last, whatever it is', async () => {
    const office = await createOffice();
    office.clock.advance(50 * DAY);
    const records = await heartbeatsOf(office, 'privacy');
    const found = await lives(office, records, office.clock.now());
    expect(found.map(({ id, by, ageDays }) => [id, by, ageDays])).toEqual([
      ['architect', 'genesis', 51],
      ['privacy', 'heartbeat', 0],
      ['deputy', 'genesis', 51],
    ]);
  });

  it('T28 are stale after 100 days, to the day', async () => {
    const office = await createOffice();
    const records = await heartbeatsOf(office, 'privacy');
    const at = office.clock.now();
    const stale = async (seconds: number) => (await lives(office, records, addSeconds(at, seconds)))[1]?.stale;
    expect(await stale(100 * DAY)).toBe(false);
    expect(await stale(100 * DAY + 1)).toBe(true);
  });

  it('are not those that are dated ahead, of another repository, or by a key that is not the seat’s', async () => {
    const office = await createOffice();
    office.clock.advance(50 * DAY);
    const records = await heartbeatsOf(office, 'privacy');
    const [record] = records;
    if (record?.statement.kind !== 'heartbeat') throw new Error('there is no heartbeat');
    const now = office.clock.now();
    const byOf = async (changed: OpenRecord, at = now) => (await lives(office, [changed], at))[1]?.by;
    expect(await byOf(record)).toBe('heartbeat');
    expect(await byOf(record, addSeconds(now, -301))).toBe('genesis');
    expect(await byOf(record, addSeconds(now, -299))).toBe('heartbeat');
    const { statement } = record;
    const other = (predicate: object): OpenRecord =>
      ({ ...record, statement: { ...statement, predicate: { ...statement.predicate, ...predicate } } }) as OpenRecord;
    expect(await byOf(other({ repository: '0000000000000000' }))).toBe('genesis');
    expect((await lives(office, [other({ by: 'deputy' })], now))[2]?.by).toBe('genesis');
    const broken = { ...record, signature: Buffer.from('no signature') } as unknown as OpenRecord;
    expect(await byOf(broken)).toBe('genesis');
  });

  it('are of the key that is listed now: whoever has lost the first one is not taken for alive', async () => {
    const office = await createOffice();
    const state = await lookUp(office.desk('architect').ports, 'remote');
    const [first, ...others] = state.roster.custodians;
    if (!first) throw new Error('there is no seat');
    const keys = office.team.roster.automation[0]?.keys ?? [];
    const roster = { ...state.roster, custodians: [{ ...first, keys }, ...others], automation: [] };
    const found = livesOf({ ...state, roster }, [], addSeconds(state.roster.createdAt, 101 * DAY));
    expect(found[0]).toMatchObject({ id: first.id, by: null, lastAt: null, ageDays: null, stale: true });
    expect(livesOf({ ...state, roster }, [], addSeconds(state.roster.createdAt, DAY))[0]?.stale).toBe(false);
  });
});
