import { describe, it } from 'vitest';
import { benchStage } from '../../../support/facts/bench-stage.js';
import { filesOf, readStateFacts, readStories } from '../../../support/facts/fact.js';
import { playStateFact } from '../../../support/facts/key-state.js';
import { playFact } from '../../../support/facts/play.js';
import { directTransport, factSandbox, sandboxStage } from '../../../support/facts/served.js';

/** KMS is its state machine alone; STS and IAM live by the whole sandbox, here without a socket. */
function stageFor(service: string) {
  if (service === 'kms') return benchStage();
  const { sandbox, asked } = factSandbox();
  return sandboxStage(sandbox, asked, directTransport(sandbox));
}

describe.each(filesOf('story').map((file) => [file.file, file] as const))('%s, in process', (_, file) => {
  it.each(readStories(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playFact(stageFor(file.service), fact);
  });
});

describe.each(filesOf('state').map((file) => [file.file, file] as const))('%s, in process', (_, file) => {
  it.each(readStateFacts(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playStateFact(benchStage(), fact);
  });
});
