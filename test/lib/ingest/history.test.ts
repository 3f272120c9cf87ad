import { describe, expect, it } from 'vitest';
import { addSeconds, parseInstant } from '../../../src/lib/base/time.js';
import { sourceOfHistory } from '../../../src/lib/ingest/from-history.js';
import type { HistoryTopic, TrailHistory } from '../../../src/lib/trail/files.js';
import { guid, trailRecord } from '../../support/trail-fixture.js';

const NOW = parseInstant('2026-03-02T12:00:00.000Z');
const REGIONS = ['eu-central-1', 'eu-west-1'];

/** A history with so many events in each hour of its last day; `asked` are the windows. */
function historyOf(anHour: number) {
  const asked: { region: string; topic: HistoryTopic; from: string; until: string }[] = [];
  const history: TrailHistory = {
    async *pages(region, topic, from, until) {
      asked.push({ region, topic, from, until });
      for (let at = addSeconds(NOW, -86_400); at < NOW; at = addSeconds(at, 3600)) {
        const inside = at >= from && at < until;
        const record = trailRecord(guid(1), at) as never;
        if (inside)
          yield {
            records: Array.from({ length: anHour }, (_, index) => ({ at: index + 1, record, canonical: null })),
            refused: [],
          };
      }
    },
  };
  return { history, asked };
}

async function countOf(anHour: number, from = addSeconds(NOW, -90 * 86_400)) {
  const { history, asked } = historyOf(anHour);
  const around = { from, until: NOW, now: NOW, tell: () => undefined };
  const source = sourceOfHistory({ history, regions: REGIONS, buckets: [], ...around });
  let count = 0;
  for await (const { content } of source.batches()) count += 'records' in content ? content.records.length : 0;
  return { count, asked: asked.filter(({ region }) => region === REGIONS[0]), end: source.end() };
}

describe('the event history', () => {
  it('is asked for in few and long slices without gap or overlap while it holds little', async () => {
    const { count, asked, end } = await countOf(1);
    expect(count).toBe(48);
    expect(asked.length).toBeLessThan(8);
    expect(new Set(asked.map(({ topic }) => JSON.stringify(topic)))).toEqual(
      new Set(['{"source":"kms.amazonaws.com"}']),
    );
    for (const [at, { from }] of asked.slice(1).entries()) expect(from).toBe(asked[at]?.until);
    expect(end).toMatchObject({ mark: addSeconds(NOW, -900), gaps: [] });
  });

  it("is asked for what was done to the ledger's buckets, in their Regions", async () => {
    const { history, asked } = historyOf(1);
    const buckets = [{ region: 'eu-north-1', bucket: 'acme-audit' }];
    const around = { from: addSeconds(NOW, -3600), until: NOW, now: NOW, tell: () => undefined };
    const source = sourceOfHistory({ history, regions: REGIONS, buckets, ...around });
    for await (const _ of source.batches()) {
      // The question is what was asked.
    }
    expect(asked.filter(({ region }) => region === 'eu-north-1').map(({ topic }) => topic)).toEqual([
      { resource: 'acme-audit' },
    ]);
  });

  it('is asked for again in shorter slices where it holds more than can be held', async () => {
    const { count, asked } = await countOf(20_000);
    expect(count).toBe(2 * 24 * 20_000);
    expect(asked.length).toBeGreaterThan(12);
  });

  it('says what it does not go back to (T66)', async () => {
    const { end } = await countOf(1, addSeconds(NOW, -100 * 86_400));
    expect(end.gaps).toEqual([expect.stringContaining('keeps 90 days: nothing is known from')]);
  });

  it('is given up where a quarter of an hour is too much', async () => {
    await expect(countOf(60_000)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
