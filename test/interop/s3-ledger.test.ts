import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendEvents } from '../../src/lib/ledger/append.js';
import { verifyChain } from '../../src/lib/ledger/chain.js';
import { judgeHistories } from '../../src/lib/ledger/histories.js';
import type { ObjectStore } from '../../src/lib/ledger/objects.js';
import { slotName } from '../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../support/ledger-writers.js';
import { BUCKET, S3_PEERS, type S3PeerName, type S3Server, startS3 } from '../support/s3-servers.js';
import { LEDGER_KEY, openS3Objects } from '../support/s3-world.js';
import { buildWriters, type Writers } from '../support/writers.js';

/** What each server does where S3 refuses, or where it differs from S3: when one of these is mended we want to know. */
interface Manners {
  /** Its KMS key; what is sent to S3 is the ARN of one. */
  readonly keyArn: string;
  readonly deletesVersion: boolean;
  readonly shortens: boolean;
  readonly weakens: boolean;
  readonly suspends: boolean;
  /** S3: a delete marker makes the name free for `If-None-Match: *`. */
  readonly markerReopens: boolean;
  readonly tellsRetention: boolean;
}

const S3_ITSELF = {
  keyArn: LEDGER_KEY,
  deletesVersion: false,
  shortens: false,
  weakens: false,
  suspends: false,
  markerReopens: true,
  tellsRetention: true,
};
const MANNERS: Readonly<Record<S3PeerName, Manners>> = {
  minio: { ...S3_ITSELF, keyArn: 'custody-ledger' },
  versitygw: { ...S3_ITSELF, markerReopens: false },
  // moto 5.2.5 shortens and weakens COMPLIANCE and suspends versions; it answers GetObjectRetention with 500.
  moto: { ...S3_ITSELF, shortens: true, weakens: true, suspends: true, tellsRetention: false },
};

const DAYS = 30;
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
const did = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  );

describe.each(Object.keys(MANNERS) as S3PeerName[])('the audit ledger on %s', (name) => {
  const variable = `CUSTODY_PEER_${name.toUpperCase()}`;
  describe.skipIf(!S3_PEERS[name])(S3_PEERS[name] ? 'as a server' : `(skipped: ${variable} is not set)`, () => {
    const manners = MANNERS[name];
    let server: S3Server;
    let writers: Writers;
    let objects: ObjectStore;
    beforeAll(async () => {
      [server, writers] = await Promise.all([startS3(name), buildWriters()]);
      objects = await open();
    });
    afterAll(async () => {
      await server?.stop();
      writers?.close();
    });

    const peer = () => ({
      endpointUrl: server.endpointUrl,
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    });
    // moto's 500s are not worth a wait.
    const retry = { maxAttempts: 2, baseMillis: 1, capMillis: 1, untilMillis: 1000 };
    const open = () => openS3Objects({ ...peer(), retry }, { keyArn: manners.keyArn, retentionDays: DAYS });
    const entriesOf = async () => {
      const entries: Uint8Array[] = [];
      for await (const batch of createSlotLedger(await open()).batches()) entries.push(...batch.entries);
      return entries;
    };
    const versionsOf = async (key: string) => {
      const found = await server.client.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: key }));
      return found.Versions ?? [];
    };

    // One story, in this order: what is written here is attacked below.
    it('T41 three processes at once give one verified chain; T40 it is damaged, and each damage is found', async () => {
      const runs = await Promise.all(
        ['ada', 'bob', 'cyn'].map((writer) => writers.run({ s3: peer(), keyArn: manners.keyArn, writer, count: 8 })),
      );
      const acks = runs.flatMap((run) => run.acks);
      const entries = await entriesOf();
      expect(verifyChain(entries)).toMatchObject({ verdict: 'verified', count: 24 });
      for (const { writer, number, sequence } of acks) {
        const entry = JSON.parse(Buffer.from(entries[sequence] ?? []).toString());
        expect([entry.by, entry.facts.number]).toEqual([writer, number]);
      }
      if (manners.tellsRetention) {
        expect(await judgeHistories(objects, DAYS)).toEqual([]);
      } else {
        await expect(judgeHistories(objects, DAYS)).rejects.toEqual(expect.objectContaining({ code: 'UNAVAILABLE' }));
      }
      await attackLock();
      await attackNames(entries);
    });

    async function attackLock(): Promise<void> {
      const Key = `custody/${slotName(0)}`;
      const VersionId = (await versionsOf(Key))[0]?.VersionId;
      const target = { Bucket: BUCKET, Key, VersionId, BypassGovernanceRetention: true };
      expect(await did(server.client.send(new DeleteObjectCommand(target)))).toBe(manners.deletesVersion);
      const retain = (Mode: 'COMPLIANCE' | 'GOVERNANCE', days: number) =>
        did(
          server.client.send(
            new PutObjectRetentionCommand({ ...target, Retention: { Mode, RetainUntilDate: inDays(days) } }),
          ),
        );
      expect(await retain('COMPLIANCE', 1)).toBe(manners.shortens);
      expect(await retain('GOVERNANCE', DAYS)).toBe(manners.weakens);
      expect(await retain('COMPLIANCE', DAYS + 30)).toBe(true);
      const held = server.client.send(new GetObjectRetentionCommand({ Bucket: BUCKET, Key, VersionId }));
      expect(await did(held)).toBe(manners.tellsRetention);
    }

    async function attackNames(entries: readonly Uint8Array[]): Promise<void> {
      const last = slotName(23);
      await server.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `custody/${slotName(5)}`, Body: 'forged' }));
      await server.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `custody/${last}` }));
      // The first version counts: nothing of the chain has changed for who reads it.
      expect(await entriesOf()).toEqual(entries);
      expect(await (await open()).create(last, Buffer.from('fork'))).toBe(manners.markerReopens ? 'created' : 'exists');
      expect((await appendEvents(createSlotLedger(await open()), [ledgerEvent(1)], patient())).first).toBe(24);
      if (manners.tellsRetention) {
        const faults = await judgeHistories(objects, DAYS);
        expect(faults.map(({ name: object, sequence, message }) => [object, sequence, message])).toEqual([
          [slotName(5), 5, expect.stringMatching(/^2 versions/)],
          [last, 23, expect.stringContaining('a delete marker over it')],
        ]);
        expect(faults[1]?.message.startsWith('2 versions')).toBe(manners.markerReopens);
      }
      const suspended = server.client.send(
        new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Suspended' } }),
      );
      expect(await did(suspended)).toBe(manners.suspends);
    }
  });
});
