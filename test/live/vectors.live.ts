import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { expect, it } from 'vitest';
import { openHttp } from '../support/facts/http.js';
import { runLive } from './run.js';
import { readLiveSettings } from './settings.js';

/** Plays the vectors on the account of the caller's credentials: docs/fidelity.md. */
it('the facts hold on AWS', async () => {
  const settings = readLiveSettings(process.env);
  const hostOf = (service: string, region: string) =>
    service === 'iam' ? 'iam.amazonaws.com' : `${service}.${region}.amazonaws.com`;
  const http = openHttp((service, region) => `https://${hostOf(service, region)}/`);
  const provider = fromNodeProviderChain();
  try {
    const { rows, leftovers } = await runLive({
      settings,
      transport: http.transport,
      hostOf,
      credentials: async () => await provider(),
      nowMillis: Date.now,
      wait: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
      print: (line) => process.stdout.write(`${line}\n`),
    });
    expect(leftovers).toEqual([]);
    expect(rows.filter(({ verdict }) => verdict === 'differs')).toEqual([]);
  } finally {
    http.close();
  }
});
