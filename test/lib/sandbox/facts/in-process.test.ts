import { describe, it } from 'vitest';
import { benchStage } from '../../../support/facts/bench-stage.js';
import { type Fact, filesOf, readStateFacts, readStories } from '../../../support/facts/fact.js';
import { playStateFact } from '../../../support/facts/key-state.js';
import { playFact } from '../../../support/facts/play.js';
import { directTransport, factSandbox, sandboxStage } from '../../../support/facts/served.js';

/** The files of KMS are played on its state machine alone; the others live by the whole sandbox, here without a socket. */
function stageFor(file: string, { options = {} }: Fact) {
  if (file.startsWith('kms-')) return benchStage();
  const made = factSandbox(options);
  return sandboxStage(made, directTransport(made.sandbox));
}

describe.each(filesOf('story').map((file) => [file.file, file] as const))('%s, in process', (_, file) => {
  it.each(readStories(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playFact(stageFor(file.file, fact), fact);
  });
});

describe.each(filesOf('state').map((file) => [file.file, file] as const))('%s, in process', (_, file) => {
  it.each(readStateFacts(file).map((fact) => [fact.fact, fact] as const))('%s', async (_name, fact) => {
    await playStateFact(benchStage(), fact);
  });
});
