import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/lib/base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../../../src/lib/base/dsse.js';
import { hintOf } from '../../../../src/lib/base/signature.js';
import { instantFromMillis } from '../../../../src/lib/base/time.js';
import { createCertifier } from '../../../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../../../src/lib/net/witnesses.js';
import {
  BUNDLE_MEDIA_TYPE,
  type Bundle,
  formatBundle,
  parseBundle,
} from '../../../../src/lib/signing/sigstore/bundle.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot, type TrustedRoot } from '../../../../src/lib/signing/sigstore/trusted-root.js';
import { createStatementVerifier, type Trust, verifyBundle } from '../../../../src/lib/signing/sigstore/verify.js';
import { localSigner } from '../../../support/sealed.js';
import { ISSUER, SigstoreWorld, SUBJECT, type TrustedRootJson } from '../../../support/sigstore-world.js';

const clock = { now: () => instantFromMillis(Date.now()) };
const identity = { issuer: ISSUER, subject: SUBJECT };
const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const MALFORMED = { code: 'RECORD_MALFORMED', exit: 3 };
const INVALID = { code: 'SIGNATURE_INVALID', exit: 3 };
const UNKNOWN = { code: 'SIGNER_UNKNOWN', exit: 3 };

type Json = Record<string, never>;

describe('what a bundle cannot get past', () => {
  let world: SigstoreWorld;
  let stranger: SigstoreWorld;
  let v1: Uint8Array;
  let v2: Uint8Array;
  let other: Uint8Array;
  let foreign: Uint8Array;
  const roots = new Map<1 | 2 | null, TrustedRoot>();

  const sealIn = async (where: SigstoreWorld, api: 1 | 2, what: Buffer = statement) => {
    const instance = where.instance(api);
    const certify = createCertifier(where.url, async () => where.token(), clock);
    const root = parseTrustedRoot(where.root(api));
    return (
      await openKeylessStatementSigner(
        certify,
        null,
        createWitnesses(instance, () => true),
        root,
      )
    ).seal(what);
  };
  beforeAll(async () => {
    [world, stranger] = await Promise.all([SigstoreWorld.start(), SigstoreWorld.start()]);
    for (const api of [1, 2, null] as const) roots.set(api, parseTrustedRoot(world.root(api)));
    [v1, v2, other] = await Promise.all([sealIn(world, 1), sealIn(world, 2), sealIn(world, 2, Buffer.from('{}'))]);
    foreign = await sealIn(stranger, 2);
  });
  afterAll(async () => {
    await world.stop();
    await stranger.stop();
  });

  const trust = (api: 1 | 2 | null = 2, identities = [identity]): Trust => ({
    keys: [],
    identities,
    root: roots.get(api) ?? null,
  });
  /** A bundle with parts replaced, well-formed. */
  const rebuilt = (file: Uint8Array, change: (bundle: Bundle) => Partial<Bundle>) => {
    const bundle = parseBundle(file);
    return formatBundle({ ...bundle, ...change(bundle) });
  };
  /** A bundle with its text changed. */
  const edited = (file: Uint8Array, change: (json: Json) => unknown) => {
    const json = JSON.parse(Buffer.from(file).toString('utf8')) as Json;
    change(json);
    return Buffer.from(JSON.stringify(json));
  };
  const checkpoint = (file: Uint8Array, change: (envelope: string) => string) =>
    rebuilt(file, ({ logEntries }) => ({
      logEntries: logEntries.map((entry) => ({
        ...entry,
        inclusionProof: {
          ...entry.inclusionProof,
          checkpoint: { envelope: change(entry.inclusionProof.checkpoint.envelope) },
        },
      })),
    }));

  it('verifies as it is', async () => {
    expect(await verifyBundle(v1, trust(1))).toMatchObject({ logged: 1, signer: { kind: 'keyless', ...identity } });
    expect(await verifyBundle(v2, trust(2))).toMatchObject({ logged: 1 });
    const opened = await createStatementVerifier(trust()).open(v2);
    expect(Buffer.from(opened.statement)).toEqual(statement);
  });

  describe('identity (T20)', () => {
    it('a keyless bundle given to a verifier of keys is refused', async () => {
      const { signer } = localSigner();
      const keys = { keys: [signer.publicKey], identities: [], root: trust().root };
      await expect(verifyBundle(v2, keys)).rejects.toMatchObject(UNKNOWN);
    });

    it('nobody trusted: nobody counts (T23)', async () => {
      const nobody = { keys: [], identities: [], root: trust().root };
      await expect(verifyBundle(v2, nobody)).rejects.toMatchObject(UNKNOWN);
      const bare = await createKeyStatementSigner(localSigner().signer, {}, null).seal(statement);
      await expect(verifyBundle(bare, nobody)).rejects.toMatchObject(UNKNOWN);
      await expect(verifyBundle(v2, { ...trust(), root: null })).rejects.toMatchObject({ code: 'UNPROVEN', exit: 3 });
    });

    it.each([
      ['a part of the name', SUBJECT.slice(0, 28)],
      ['a longer name', `${SUBJECT}-evil`],
      ['a pattern that fits', SUBJECT.replaceAll('.', '[.]')],
      ['any', '.*'],
      ['another case', SUBJECT.toUpperCase()],
      ['white space', ` ${SUBJECT}`],
      ['nothing', ''],
    ])('%s is not the subject', async (_, subject) => {
      await expect(verifyBundle(v2, trust(2, [{ ...identity, subject }]))).rejects.toMatchObject(UNKNOWN);
    });

    it.each([`${ISSUER}/`, ISSUER.replace('https', 'http'), 'https://issuer', '.*', ''])(
      '%s is not the issuer',
      async (issuer) => {
        await expect(verifyBundle(v2, trust(2, [{ ...identity, issuer }]))).rejects.toMatchObject(UNKNOWN);
      },
    );

    it('is one of several that are trusted', async () => {
      const several = [{ ...identity, subject: 'https://github.com/acme/other' }, identity];
      expect(await verifyBundle(v2, trust(2, several))).toMatchObject({ signer: identity });
    });

    it('issuer of one and subject of the other trusted identity make no third one', async () => {
      const mixed = [
        { issuer: ISSUER, subject: 'https://github.com/acme/other' },
        { issuer: 'https://other.local.test', subject: SUBJECT },
      ];
      await expect(verifyBundle(v2, trust(2, mixed))).rejects.toMatchObject(UNKNOWN);
    });

    it('the same name, certified by an authority of one’s own, is refused', async () => {
      await expect(verifyBundle(foreign, trust())).rejects.toMatchObject(INVALID);
      const own = rebuilt(v2, () => ({ material: parseBundle(foreign).material }));
      await expect(verifyBundle(own, trust())).rejects.toMatchObject(INVALID);
    });
  });

  describe('parts that do not agree (T21)', () => {
    const replacements: [string, (bundle: Bundle) => Partial<Bundle>][] = [
      ['payload', ({ content }) => ({ content: { ...content, payload: Buffer.from('{}') } as Bundle['content'] })],
      [
        'signature of another bundle',
        () => ({ content: { ...parseBundle(other).content, payload: statement } as never }),
      ],
      ['certificate of another bundle', () => ({ material: parseBundle(other).material })],
      ['log entry of another bundle', () => ({ logEntries: parseBundle(other).logEntries })],
      ['timestamp of another bundle', () => ({ timestamps: parseBundle(other).timestamps })],
      ['log entry of an untrusted log', () => ({ logEntries: parseBundle(foreign).logEntries })],
      ['timestamp of an untrusted authority', () => ({ timestamps: parseBundle(foreign).timestamps })],
      [
        'one more timestamp, untrusted',
        ({ timestamps }) => ({ timestamps: [...timestamps, ...parseBundle(foreign).timestamps] }),
      ],
      [
        'one more log entry, untrusted',
        ({ logEntries }) => ({ logEntries: [...logEntries, ...parseBundle(foreign).logEntries] }),
      ],
      ['one log entry twice', ({ logEntries }) => ({ logEntries: [...logEntries, ...logEntries] })],
      [
        'two log entries of one log',
        ({ logEntries }) => ({ logEntries: [...logEntries, ...parseBundle(other).logEntries] }),
      ],
      ['one timestamp twice', ({ timestamps }) => ({ timestamps: [...timestamps, ...timestamps] })],
      ['no log entry, where the root lists a log', () => ({ logEntries: [] })],
      ['no witnessed time', () => ({ timestamps: [] })],
    ];
    it.each(replacements)('%s', async (_, change) => {
      await expect(verifyBundle(rebuilt(v2, change), trust())).rejects.toMatchObject(INVALID);
    });

    it('an entry that the log proves, but for another key or digest', async () => {
      const [entry] = parseBundle(v2).logEntries;
      const body = String(entry?.canonicalizedBody);
      const { material, content } = parseBundle(v2);
      const certificate = material.kind === 'certificate' ? material.der.toString('base64') : '';
      const digest = sha256(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, statement)).toString('base64');
      const changes = [
        [certificate, localSigner().signer.publicKey.spki.toString('base64')],
        [digest, sha256(statement).toString('base64')],
        [digest, sha256('other').toString('base64')],
        [content.signature.toString('base64'), Buffer.from('other').toString('base64')],
      ] as const;
      for (const [from, to] of changes) {
        expect(body).toContain(from);
        const forged = edited(v2, (json) => {
          const { verificationMaterial } = json as unknown as { verificationMaterial: { tlogEntries: unknown[] } };
          const { inclusionPromise: _none, ...logged } = world.entry2(Buffer.from(body.replace(from, to)));
          verificationMaterial.tlogEntries = [logged];
        });
        await expect(verifyBundle(forged, trust())).rejects.toMatchObject(INVALID);
      }
    });

    it('witnesses beside the signature of a key: what they say is asked, though none is needed', async () => {
      const { signer } = localSigner();
      const keys = { keys: [signer.publicKey], identities: [], root: trust().root };
      const bare = await createKeyStatementSigner(signer, {}, null).seal(statement);
      const { logEntries, timestamps } = parseBundle(v2);
      const theirs = parseBundle(foreign);
      for (const change of [
        { logEntries },
        { timestamps },
        { logEntries: theirs.logEntries },
        { timestamps: theirs.timestamps },
      ]) {
        const file = rebuilt(bare, () => change);
        await expect(verifyBundle(file, keys)).rejects.toMatchObject(INVALID);
        await expect(verifyBundle(file, { ...keys, root: null })).rejects.toMatchObject({ code: 'UNPROVEN' });
      }
    });

    it('a proof of another tree than its checkpoint is of', async () => {
      for (const change of [{ treeSize: '2' }, { rootHash: Buffer.alloc(32) }]) {
        const file = rebuilt(v2, ({ logEntries }) => ({
          logEntries: logEntries.map((entry) => ({ ...entry, inclusionProof: { ...entry.inclusionProof, ...change } })),
        }));
        await expect(verifyBundle(file, trust())).rejects.toMatchObject(INVALID);
      }
    });

    it('a file whose digest is another one than in the bundle', async () => {
      const { signer } = localSigner();
      const [file, fake] = [Buffer.from('file'), Buffer.from('fake')];
      const material = { kind: 'key', hint: hintOf(signer.publicKey) } as const;
      const signature = Buffer.from(await signer.sign(file));
      const message = (digest: Buffer) =>
        formatBundle({ content: { kind: 'message', digest, signature }, material, logEntries: [], timestamps: [] });
      const keys = { keys: [signer.publicKey], identities: [], root: null };
      expect(await verifyBundle(message(sha256(file)), keys, file)).toMatchObject({ statement: null });
      await expect(verifyBundle(message(sha256(fake)), keys, file)).rejects.toMatchObject(INVALID);
      await expect(verifyBundle(message(sha256(fake)), keys, fake)).rejects.toMatchObject(INVALID);
      await expect(verifyBundle(message(sha256(file)), keys)).rejects.toMatchObject({ code: 'UNPROVEN' });
      await expect(createStatementVerifier(keys).open(message(sha256(file)))).rejects.toMatchObject({
        code: 'UNPROVEN',
      });
    });

    it('another payload type, though signed as such', async () => {
      const { signer } = localSigner();
      const payloadType = 'application/vnd.evil+json';
      const signature = Buffer.from(await signer.sign(preAuthEncoding(payloadType, statement)));
      const file = formatBundle({
        content: { kind: 'dsse', payloadType, payload: statement, signature, keyid: '' },
        material: { kind: 'key', hint: '' },
        logEntries: [],
        timestamps: [],
      });
      const keys = { keys: [signer.publicKey], identities: [], root: null };
      await expect(verifyBundle(file, keys)).rejects.toMatchObject(MALFORMED);
    });
  });

  describe('a checkpoint that is an attack', () => {
    it.each([
      ['a slow pattern as name', `(${'a+'.repeat(20)})+$${'a'.repeat(50)}!`],
      ['an invalid pattern as name', '[unclosed'],
      ['any name', '.*'],
      ['an empty name', ''],
    ])('%s: refused at once', async (_, name) => {
      const started = performance.now();
      const file = checkpoint(v2, (envelope) => envelope.replace(/\u2014 \S+/, `\u2014 ${name}`));
      await expect(verifyBundle(file, trust())).rejects.toMatchObject({ exit: 3 });
      expect(performance.now() - started).toBeLessThan(20_000);
    });

    it('a slow name beside the true signature, with its key hint', async () => {
      const file = checkpoint(v2, (envelope) => {
        const line = envelope.slice(envelope.indexOf('\u2014'));
        return envelope.replace(line, `${line.replace(/\u2014 \S+/, `\u2014 ${'(a*)*'.repeat(10)}b`)}${line}`);
      });
      await expect(verifyBundle(file, trust())).rejects.toMatchObject(MALFORMED);
    });

    it.each([
      ['size in another form', (text: string) => text.replace('\n1\n', '\n0x1\n'), MALFORMED],
      ['size that is none', (text: string) => text.replace('\n1\n', '\nmany\n'), MALFORMED],
      ['size of another tree', (text: string) => text.replace('\n1\n', '\n2\n'), INVALID],
      ['root hash of another tree', (text: string) => text.replace(/\n1\n[^\n]+/, `\n1\n${'A'.repeat(43)}=`), INVALID],
      ['no signature', (text: string) => text.slice(0, text.indexOf('\u2014')), MALFORMED],
      ['no empty line', (text: string) => text.replace('\n\n', '\n'), MALFORMED],
      ['junk in the signature', (text: string) => text.replace(/\n$/, '!\n'), MALFORMED],
      ['another log', (text: string) => text.replace(/\u2014 \S+/, '\u2014 rekor.evil.test'), INVALID],
      ['a part of the log’s name', (text: string) => text.replace(/\u2014 \S+/, '\u2014 127.0'), INVALID],
      ['more lines than any log writes', (text: string) => text.replace('\n\n', `${'\nx'.repeat(40)}\n\n`), MALFORMED],
      [
        'more signatures than any log has',
        (text: string) => text + text.slice(text.indexOf('\u2014')).repeat(40),
        MALFORMED,
      ],
      ['another dash', (text: string) => text.replace('\u2014', '-'), MALFORMED],
      ['a word behind the signature', (text: string) => text.replace(/\n$/, ' x\n'), MALFORMED],
      ['a signature that is too short', (text: string) => text.replace(/ \S+\n$/, ' AAAA\n'), MALFORMED],
      ['one more line in the note', (text: string) => text.replace('\n\n', '\nmore\n\n'), INVALID],
    ] as const)('%s', async (_, change, expected) => {
      await expect(verifyBundle(checkpoint(v2, change), trust())).rejects.toMatchObject(expected);
    });
  });

  describe('form', () => {
    const at = (json: Json, ...names: (string | number)[]) =>
      names.reduce<Record<string, unknown>>((value, name) => value[name] as Record<string, unknown>, json);
    const set = (value: Record<string, unknown>, name: string, to: unknown) => {
      value[name] = to;
    };
    const changes: [string, (json: Json) => void][] = [
      ['another version', (json) => set(json, 'mediaType', 'application/vnd.dev.sigstore.bundle.v0.9+json')],
      ['more behind the media type', (json) => set(json, 'mediaType', `${BUNDLE_MEDIA_TYPE};evil`)],
      ['no media type', (json) => set(json, 'mediaType', undefined)],
      ['an unknown field', (json) => set(json, 'extra', 1)],
      ['an unknown field inside', (json) => set(at(json, 'verificationMaterial', 'tlogEntries', 0), 'extra', 1)],
      ['__proto__ as a field', (json) => Object.defineProperty(json, '__proto__', { value: {}, enumerable: true })],
      ['a key beside the certificate', (json) => set(at(json, 'verificationMaterial'), 'publicKey', { hint: '' })],
      ['no material', (json) => set(at(json, 'verificationMaterial'), 'certificate', undefined)],
      [
        'a chain in place of the certificate',
        (json) => set(at(json, 'verificationMaterial'), 'x509CertificateChain', { certificates: [] }),
      ],
      ['no content', (json) => set(json, 'dsseEnvelope', undefined)],
      [
        'two signatures',
        (json) =>
          set(at(json, 'dsseEnvelope'), 'signatures', [
            at(json, 'dsseEnvelope', 'signatures', 0),
            at(json, 'dsseEnvelope', 'signatures', 0),
          ]),
      ],
      ['no signature', (json) => set(at(json, 'dsseEnvelope'), 'signatures', [])],
      [
        'junk in base64',
        (json) => set(at(json, 'dsseEnvelope'), 'payload', `${String(at(json, 'dsseEnvelope').payload)}\n`),
      ],
      ['base64 of a URL', (json) => set(at(json, 'dsseEnvelope'), 'payload', 'e30-')],
      [
        'an entry without proof',
        (json) => set(at(json, 'verificationMaterial', 'tlogEntries', 0), 'inclusionProof', undefined),
      ],
      ['an index that is a number', (json) => set(at(json, 'verificationMaterial', 'tlogEntries', 0), 'logIndex', 1)],
      [
        'an entry of an unknown kind',
        (json) => set(at(json, 'verificationMaterial', 'tlogEntries', 0, 'kindVersion'), 'kind', 'intoto'),
      ],
      [
        'an entry of kind constructor',
        (json) => set(at(json, 'verificationMaterial', 'tlogEntries', 0, 'kindVersion'), 'kind', 'constructor'),
      ],
      [
        'a certificate that is none',
        (json) => set(at(json, 'verificationMaterial', 'certificate'), 'rawBytes', 'MAA='),
      ],
    ];
    it.each(changes)('%s', async (_, change) => {
      await expect(verifyBundle(edited(v2, change), trust())).rejects.toMatchObject(MALFORMED);
    });

    it('one name twice', async () => {
      const text = Buffer.from(v2).toString('utf8');
      const twice = text.replace('{', '{"mediaType":"another",');
      await expect(verifyBundle(Buffer.from(twice), trust())).rejects.toMatchObject(MALFORMED);
    });

    it.each(['__proto__', 'constructor', 'x'.repeat(150), 'SHA256:nobody'])('hint %s finds no key', async (hint) => {
      const { signer } = localSigner();
      const file = await createKeyStatementSigner(signer, {}, null).seal(statement);
      const keys = { keys: [signer.publicKey], identities: [], root: null };
      expect(await verifyBundle(file, keys)).toMatchObject({ signer: { kind: 'key' }, logged: 0, times: [] });
      const hinted = rebuilt(file, () => ({ material: { kind: 'key', hint } }));
      await expect(verifyBundle(hinted, keys)).rejects.toMatchObject(INVALID);
    });

    it('another key than the pinned one', async () => {
      const file = await createKeyStatementSigner(localSigner().signer, {}, null).seal(statement);
      const keys = { keys: [localSigner().signer.publicKey], identities: [], root: null };
      await expect(verifyBundle(file, keys)).rejects.toMatchObject(INVALID);
      const unhinted = rebuilt(file, () => ({ material: { kind: 'key', hint: '' } }));
      await expect(verifyBundle(unhinted, keys)).rejects.toMatchObject(INVALID);
    });
  });

  describe('trusted root', () => {
    const changedRoot = (change: (json: TrustedRootJson) => void) => {
      const json = world.rootJson(2);
      change(json);
      return Buffer.from(JSON.stringify(json));
    };
    const malformed: [string, (json: TrustedRootJson) => void][] = [
      ['a log key without a start', ({ tlogs: [log] }) => log && delete log.publicKey.validFor?.start],
      ['a log key without a time', ({ tlogs: [log] }) => log && delete log.publicKey.validFor],
      ['an unknown field', (json) => Object.assign(json, { extra: 1 })],
      ['another media type', (json) => Object.assign(json, { mediaType: 'application/json' })],
      ['a key that is none', ({ tlogs: [log] }) => log && Object.assign(log.publicKey, { rawBytes: 'A'.repeat(64) })],
      [
        'an unknown kind of key',
        ({ tlogs: [log] }) => log && Object.assign(log.publicKey, { keyDetails: 'constructor' }),
      ],
      ['an address that is none', ({ tlogs: [log] }) => log && Object.assign(log, { baseUrl: 'https://[' })],
    ];
    it.each(malformed)('%s', (_, change) => {
      expect(() => parseTrustedRoot(changedRoot(change))).toThrow(expect.objectContaining(MALFORMED));
    });

    const refusing: [string, (json: TrustedRootJson) => void][] = [
      ['the certificate log is another one', (json) => Object.assign(json, { ctlogs: stranger.rootJson(2).ctlogs })],
      [
        'the authority is another one',
        (json) => Object.assign(json, { certificateAuthorities: stranger.rootJson(2).certificateAuthorities }),
      ],
      [
        'the log’s key had ended',
        ({ tlogs: [log] }) =>
          log &&
          Object.assign(log.publicKey, { validFor: { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' } }),
      ],
      [
        'the log’s key had not begun',
        ({ tlogs: [log] }) => log && Object.assign(log.publicKey, { validFor: { start: '2999-01-01T00:00:00Z' } }),
      ],
      [
        'the log’s address is another one',
        ({ tlogs: [log] }) => log && Object.assign(log, { baseUrl: 'https://rekor.evil.test' }),
      ],
      ['there is no timestamp authority', (json) => Object.assign(json, { timestampAuthorities: [] })],
    ];
    it.each(refusing)('%s: refused', async (_, change) => {
      const root = parseTrustedRoot(changedRoot(change));
      await expect(verifyBundle(v2, { ...trust(), root })).rejects.toMatchObject(INVALID);
    });

    it('lists no log: none is asked for; the certificate log of a certificate must be listed', async () => {
      const stamped = rebuilt(v2, () => ({ logEntries: [] }));
      expect(await verifyBundle(stamped, trust(null))).toMatchObject({ logged: 0 });
      // Nothing but the signature itself speaks of the payload here.
      const payload = { content: { ...parseBundle(v2).content, payload: Buffer.from('{}') } as Bundle['content'] };
      await expect(
        verifyBundle(
          rebuilt(stamped, () => payload),
          trust(null),
        ),
      ).rejects.toMatchObject(INVALID);
      const root = parseTrustedRoot(changedRoot((json) => Object.assign(json, { ctlogs: [] })));
      await expect(verifyBundle(v2, { ...trust(), root })).rejects.toMatchObject(INVALID);
    });
  });

  it('a certificate for a key of another kind is not taken', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const der = publicKey.export({ format: 'der', type: 'spki' });
    const file = rebuilt(v2, () => ({ material: { kind: 'certificate', der } }));
    await expect(verifyBundle(file, trust())).rejects.toMatchObject(MALFORMED);
  });
});
