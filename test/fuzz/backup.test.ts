import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBackupStatement,
  HEARTBEAT_TYPE,
  MANIFEST_TYPE,
  type ManifestPredicate,
  parseBackupStatement,
} from '../../src/lib/backup/manifest.js';
import { formatRemembered, parseRemembered } from '../../src/lib/backup/memory.js';
import { KEY_FILES, keyFilePath, parseKeyFilePath } from '../../src/lib/backup/paths.js';
import { formatPrincipals, parsePart, parsePrincipals } from '../../src/lib/backup/snapshot.js';
import { formatSums, parseSums, SumsReader } from '../../src/lib/backup/sums.js';
import { formatText, parseText } from '../../src/lib/backup/text.js';
import { openBundle } from '../../src/lib/base/bundle.js';
import { digestOf } from '../../src/lib/base/bytes.js';
import type { JsonValue } from '../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { keyStatementSigner, keyStatementVerifier } from '../../src/lib/signing/key-statement.js';
import { createSigner, NOON, TOOL } from '../support/people.js';

/** Any bytes give a value or a CustodyError; what is a value is written as it was read. */
function tame(read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    expect(cause).toBeInstanceOf(CustodyError);
  }
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.json().map((text) => Buffer.from(text)),
  fc.string().map((text) => Buffer.from(text)),
);
const PARSERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  sums: (bytes) => parseSums(bytes),
  text: (bytes) => parseText(bytes, 'x'),
  statement: (bytes) => parseBackupStatement(bytes, 'x'),
  principals: (bytes) => parsePrincipals(bytes, 'x'),
  memory: (bytes) => parseRemembered(bytes, 'x'),
  bundle: (bytes) => openBundle(bytes, 'x', 1000),
  ...Object.fromEntries(KEY_FILES.map((name) => [name, (bytes: Uint8Array) => parsePart(name, bytes, 'x')])),
};

describe('any bytes', () => {
  it.each(Object.entries(PARSERS))('%s gives a value or a CustodyError', (_, parse) => {
    fc.assert(
      fc.property(anyBytes, (bytes) => tame(() => parse(bytes))),
      { numRuns: 300 },
    );
  });

  it('of a mutated bundle never open as what was signed', async () => {
    const signer = createSigner();
    const sealed = await keyStatementSigner(signer).seal(Buffer.from('{"a":1}'));
    const verifier = keyStatementVerifier([signer.publicKey]);
    const mutation = fc.tuple(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, by]) => {
        const bytes = Uint8Array.from(sealed);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        await expect(verifier.open(bytes)).rejects.toBeInstanceOf(CustodyError);
      }),
      { numRuns: 200 },
    );
  });
});

describe('written and read again', () => {
  it('JSON keeps its value, and has one form', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const bytes = formatText(value as JsonValue);
        expect(Buffer.from(formatText(parseText(bytes, 'x')))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  const keyId = fc.tuple(fc.boolean(), fc.uuid()).map(([mrk, id]) => (mrk ? `mrk-${id.replaceAll('-', '')}` : id));
  const place = fc.record({
    account: fc.stringMatching(/^\d{12}$/),
    region: fc.constantFrom('eu-central-1', 'us-gov-west-1'),
    keyId,
  });
  it('paths of keys', () => {
    fc.assert(
      fc.property(place, fc.constantFrom(...KEY_FILES), (at, file) => {
        expect(parseKeyFilePath(keyFilePath(at, file))).toEqual({ ...at, file });
      }),
    );
  });

  it('lists, in whatever order they were made', () => {
    const entries = fc.uniqueArray(
      fc.tuple(place, fc.constantFrom(...KEY_FILES)).map(([at, file]) => keyFilePath(at, file)),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(entries, (paths) => {
        const sums = paths.map((path) => ({ path, digest: digestOf(path) }));
        expect(parseSums(formatSums(sums))).toEqual([...sums].sort((a, b) => (a.path < b.path ? -1 : 1)));
      }),
    );
  });

  it('lists one after another are what each is by itself, or refused as that is', () => {
    const entries = fc.uniqueArray(
      fc.tuple(place, fc.constantFrom(...KEY_FILES)).map(([at, file]) => keyFilePath(at, file)),
      { minLength: 4, maxLength: 12 },
    );
    const kept = fc.infiniteStream(fc.constantFrom('kept', 'kept', 'changed', 'gone', 'swapped'));
    fc.assert(
      fc.property(entries, fc.array(kept, { minLength: 3, maxLength: 3 }), (paths, turns) => {
        const reader = new SumsReader();
        const outcome = (read: () => unknown) => {
          try {
            return read();
          } catch (cause) {
            return (cause as Error).message;
          }
        };
        for (const [turn, fates] of turns.entries()) {
          const lines: string[] = [];
          for (const path of [...paths].sort()) {
            const { value: fate } = fates.next();
            const [line = ''] = Buffer.from(
              formatSums([{ path, digest: digestOf(`${path}${fate === 'changed' && turn}`) }]),
            )
              .toString('utf8')
              .split('\n');
            if (fate === 'swapped') lines.splice(-1, 0, line);
            else if (fate !== 'gone') lines.push(line);
          }
          const bytes = Buffer.from(`${lines.join('\n')}\n`);
          const read = () => {
            const { sums, fresh, after } = reader.read(bytes, 'x');
            // What is said to be known was in the list before, as it is.
            for (const sum of sums) if (!fresh.includes(sum)) expect(after).toContain(sum);
            return sums;
          };
          expect(outcome(read)).toEqual(outcome(() => parseSums(bytes, 'x')));
        }
      }),
    );
  });

  it('manifests, heartbeats, principals and memories', () => {
    const digest = digestOf('x');
    const common = {
      tool: TOOL,
      repository: '0123456789abcdef',
      rosterDigest: digest,
      planDigest: digest,
      createdAt: NOON,
      expiresAt: '2027-01-01T00:00:00.000Z' as typeof NOON,
    };
    const predicate: ManifestPredicate = {
      ...common,
      sequence: 2,
      previous: digest,
      account: '111122223333',
      scope: 'plan',
      complete: true,
      inventory: [{ region: 'eu-central-1', listed: 1, awsManaged: 0, inScope: 1, exported: 1 }],
      unreadable: [],
      uncovered: [],
    };
    const manifest = { type: MANIFEST_TYPE, subject: digest, predicate } as const;
    expect(parseBackupStatement(formatBackupStatement(manifest), 'x')).toEqual(manifest);
    const beat = {
      type: HEARTBEAT_TYPE,
      subject: digest,
      predicate: { ...common, sequence: 2, manifest: digest },
    } as const;
    expect(parseBackupStatement(formatBackupStatement(beat), 'x')).toEqual(beat);
    const principals = [{ arn: 'arn:aws:iam::111122223333:role/app', uniqueId: 'AROAEXAMPLE' }];
    expect(parsePrincipals(formatPrincipals(principals), 'x')).toEqual(principals);
    const memory = { schema: 1, sequence: 1, manifest: digest, head: 'a'.repeat(40), seenAt: NOON } as const;
    expect(parseRemembered(formatRemembered(memory), 'x')).toEqual(memory);
  });
});
