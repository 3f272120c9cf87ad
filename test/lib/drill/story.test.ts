import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await createDrillStage();
  await stage.beat('architect', 'privacy', 'deputy');
  await stage.backUp();
  stage.office.clock.advance(3600);
}, 120_000);
afterAll(() => stage?.office.close());

describe('a drill', () => {
  it('is verified', async () => {
    const first = await stage.drill();
    console.log(first.said.checks.map((c) => `${c.status} ${c.id} ${c.millis} ${c.detail}`).join('\n'));
    stage.office.clock.advance(3600);
    const second = await stage.drill();
    console.log(
      second.said.verdict,
      second.said.checks
        .filter((c) => c.status !== 'pass')
        .map((c) => `${c.status} ${c.id} ${c.millis} ${c.detail}`)
        .join('\n'),
    );
  }, 60_000);
});
