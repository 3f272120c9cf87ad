import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { filesOf, readStateFacts, readStories } from '../../../support/facts/fact.js';
import { playStateFact } from '../../../support/facts/key-state.js';
import { playFact } from '../../../support/facts/play.js';
import { type Served, serveFacts } from '../../../support/facts/served.js';

/** The same facts through sockets: signed requests, a fresh account for each fact, every answer read by the service model. */
let served: Served;

beforeAll(async () => {
  served = await serveFacts();
});

beforeEach(() => served.reset());

afterAll(async () => {
  await served.stop();
  expect(served.bugs).toEqual([]);
});

describe.each(filesOf('story').map((file) => [file.file, file] as const))('%s, over HTTP', (_, file) => {
  const facts = readStories(file).filter(({ requests }) => requests.every(([, , how]) => how?.as !== 'root'));

  it.each(facts.map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playFact(served.stage, fact);
  });
});

describe.each(filesOf('state').map((file) => [file.file, file] as const))('%s, over HTTP', (_, file) => {
  it.each(readStateFacts(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playStateFact(served.stage, fact);
  });
});
