import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCanonical } from '../../src/lib/base/canonical-json.js';
import { formatPublicKeyPem, type Signer } from '../../src/lib/base/signature.js';
import { type OpenRecord, seal } from '../../src/lib/record/envelope.js';
import { predicateTypeOf, type RecordKind, type Statement } from '../../src/lib/record/statement.js';
import { approval, createTeam, intent, receipt, request, type Team } from '../support/people.js';

const run = promisify(execFile);
const cosign = process.env.CUSTODY_PEER_COSIGN;

/** Stock Cosign verifies records with a key and the artifact alone: docs/records.md gives the line. Its path comes in CUSTODY_PEER_COSIGN. */
describe.skipIf(!cosign)(`stock cosign${cosign ? '' : ' (skipped: CUSTODY_PEER_COSIGN is not set)'}`, () => {
  let dir: string;
  let team: Team;
  let asked: OpenRecord<'request'>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-cosign-'));
    team = createTeam();
    asked = await request(team, 'architect');
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** The exit status of `cosign verify-blob-attestation` over a record, its artifact and one key. */
  async function verify(
    kind: RecordKind,
    record: Uint8Array,
    artifact: string | Uint8Array,
    signer: Signer,
  ): Promise<number> {
    const [bundle, key, blob] = ['record.json', 'key.pem', 'artifact'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(bundle, record);
    writeFileSync(key, formatPublicKeyPem(signer.publicKey));
    writeFileSync(blob, artifact);
    const type = ['--type', predicateTypeOf(kind)];
    const words = [
      'verify-blob-attestation',
      '--bundle',
      bundle,
      '--key',
      key,
      '--insecure-ignore-tlog',
      ...type,
      blob,
    ];
    return run(String(cosign), words, { env: { PATH: process.env.PATH, HOME: dir } }).then(
      () => 0,
      (cause: { code?: number }) => cause.code ?? -1,
    );
  }

  const sealed = (record: { readonly statement: Statement }, signer: Signer) => seal(record.statement, signer);
  const calls = () => formatCanonical(asked.statement.predicate.calls);

  it('verifies a request over its canonical calls', async () => {
    const { architect } = team.signers;
    expect(await verify('request', await sealed(asked, architect), calls(), architect)).toBe(0);
  });

  it('verifies an approval over the payload of the request, by P-256 and by Ed25519', async () => {
    for (const who of ['deputy', 'privacy'] as const) {
      const signer = team.signers[who];
      const given = await approval(team, asked, who);
      expect(await verify('approval', await sealed(given, signer), asked.payload, signer)).toBe(0);
    }
  });

  it('verifies a receipt over the payload of the intent', async () => {
    const begun = await intent(team, asked, 'deputy', []);
    const done = await receipt(team, asked, begun, 'deputy');
    expect(await verify('receipt', await sealed(done, team.signers.deputy), begun.payload, team.signers.deputy)).toBe(
      0,
    );
  });

  it('refuses another key, another artifact, another kind and an edited payload', async () => {
    const { architect, deputy } = team.signers;
    const file = await sealed(asked, architect);
    expect(await verify('request', file, calls(), deputy)).not.toBe(0);
    expect(await verify('request', file, `${calls()} `, architect)).not.toBe(0);
    expect(await verify('approval', file, calls(), architect)).not.toBe(0);
    const json = JSON.parse(Buffer.from(file).toString('utf8')) as { dsseEnvelope: { payload: string } };
    const payload = Buffer.from(json.dsseEnvelope.payload, 'base64')
      .toString('utf8')
      .replace('a year old', 'two years');
    json.dsseEnvelope.payload = Buffer.from(payload).toString('base64');
    expect(await verify('request', Buffer.from(JSON.stringify(json)), calls(), architect)).not.toBe(0);
  });
});
