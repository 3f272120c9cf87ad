import { afterEach, expect, it } from 'vitest';
import { createS3Trail } from '../../../src/lib/aws/s3-trail.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import { ingestFrom, trailAws, trailPlace } from '../../support/trail-aws.js';
import { digestsOf, TRAIL_START, trailBucket, trailSigner } from '../../support/trail-fixture.js';
import { serveTrail, type TrailServer } from '../../support/trail-server.js';

const signer = trailSigner();
let server: TrailServer;
afterEach(() => server.close());

it('a trail in S3 is taken in over pages of three, with the keys of ListPublicKeys asked once a day', async () => {
  server = await serveTrail(trailBucket({ signer, hours: 4 }), [signer], 3);
  expect(await ingestFrom(server.url, 4)).toMatchObject({ verdict: 'verified', counts: { taken: 16 } });
  expect(server.asked.filter((asked) => asked === 'ListPublicKeys')).toHaveLength(1);
});

it('a digest that is gone when it is read, a missing signature and other keys are not clean', async () => {
  const objects = trailBucket({ signer });
  delete objects.get(digestsOf(objects)[2] ?? '')?.metadata.signature;
  server = await serveTrail(objects, [signer]);
  expect(await ingestFrom(server.url)).toMatchObject({
    verdict: 'unproven',
    findings: [{ id: 'digest-unsigned' }, { id: 'cut-tail' }, {}, {}],
  });
  await server.close();
  server = await serveTrail(trailBucket({ signer }), [trailSigner()]);
  expect((await ingestFrom(server.url)).findings[0]?.id).toBe('public-key');
});

it('lists from the day on, below a prefix, of the Regions alone, and does not know what is not there', async () => {
  const start = addSeconds(TRAIL_START, 86_400);
  const [before, after] = [trailBucket({ signer, prefix: 'org/' }), trailBucket({ signer, prefix: 'org/', start })];
  const others = trailBucket({ signer, prefix: 'org/', region: 'us-east-1' });
  server = await serveTrail(new Map([...before, ...after, ...others]), [signer]);
  const aws = await trailAws(server.url);
  const files = createS3Trail(aws, trailPlace('org'));
  const places: string[] = [];
  for await (const { place } of files.list(start)) places.push(place);
  expect(places.sort()).toEqual([...after.keys()].map((key) => `s3://trail-bucket/${key}`).sort());
  const gone = 's3://trail-bucket/org/none.json.gz';
  expect(await files.read({ name: gone, place: gone })).toBeNull();
  aws.close();
});
