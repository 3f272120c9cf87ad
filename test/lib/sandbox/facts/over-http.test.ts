import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FactOptions, filesOf, readStateFacts, readStories } from '../../../support/facts/fact.js';
import { playStateFact } from '../../../support/facts/key-state.js';
import { playFact } from '../../../support/facts/play.js';
import { type Served, serveFacts } from '../../../support/facts/served.js';

/** The same facts through sockets: signed requests, a fresh account for each fact, every answer read by the service model. */
let plain: Served;
let limited: Served;

beforeAll(async () => {
  plain = await serveFacts();
  limited = await serveFacts({ quotas: true });
});

afterAll(async () => {
  for (const served of [plain, limited]) {
    await served.stop();
    expect(served.bugs).toEqual([]);
  }
});

function stageFor({ quotas }: FactOptions = {}) {
  const served = quotas ? limited : plain;
  served.reset();
  return served.stage;
}

describe.each(filesOf('story').map((file) => [file.file, file] as const))('%s, over HTTP', (_, file) => {
  const facts = readStories(file).filter(({ requests }) => requests.every(([, , how]) => how?.as !== 'root'));

  it.each(facts.map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playFact(stageFor(fact.options), fact);
  });
});

describe.each(filesOf('state').map((file) => [file.file, file] as const))('%s, over HTTP', (_, file) => {
  it.each(readStateFacts(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playStateFact(stageFor(), fact);
  });
});
