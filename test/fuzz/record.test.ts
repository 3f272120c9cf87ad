import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { isSignedBy, open, seal } from '../../src/lib/record/envelope.js';
import { formatMemory, parseMemory } from '../../src/lib/record/memory.js';
import { formatStatement, parseStatement } from '../../src/lib/record/statement.js';
import { formatRoster, parseRoster } from '../../src/lib/roster/format.js';
import { approval, createTeam, NOON, request } from '../support/people.js';

const team = createTeam();
const asked = await request(team);
const approved = await approval(team, asked, 'privacy');
const files = [
  await seal(asked.statement, team.signers.architect),
  await seal(approved.statement, team.signers.privacy),
];
const memory = formatMemory({
  schema: 1,
  genesis: asked.digest,
  planVersion: 1,
  planDigest: team.planDigest,
  rosterVersion: 1,
  rosterDigest: team.rosterDigest,
  head: null,
  seenAt: NOON,
});

const PARSERS: Readonly<Record<string, { read: (bytes: Uint8Array) => unknown; valid: readonly Uint8Array[] }>> = {
  open: { read: (bytes) => open(bytes), valid: files },
  parseStatement: { read: (bytes) => parseStatement(bytes), valid: [asked.payload, approved.payload] },
  parseMemory: { read: (bytes) => parseMemory(bytes, 'memory'), valid: [memory] },
  parseRoster: { read: (bytes) => parseRoster(bytes), valid: [formatRoster(team.roster)] },
};

/** True for a value and for a refusal that is no defect of ours. */
function valueOrOurs(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (cause) {
    return cause instanceof CustodyError && cause.code !== 'BUG';
  }
}

function valueOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code !== 'BUG') return null;
    throw cause;
  }
}

describe.each(Object.entries(PARSERS))('fuzz: %s', (_, { read, valid }) => {
  test('takes what is valid', () => {
    for (const bytes of valid) expect(() => read(bytes)).not.toThrow();
  });

  test('any bytes and any JSON are a value or refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => valueOrOurs(() => read(bytes))));
    fc.assert(fc.property(fc.json(), (json) => valueOrOurs(() => read(Buffer.from(json)))));
  });

  test('a valid one with any piece cut, put in or repeated is a value or refused', () => {
    const change = fc.record({
      bytes: fc.constantFrom(...valid),
      at: fc.nat(),
      cut: fc.nat(40),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc.constantFrom('null', '{}', '[', '-0', '"\\ud800"').map(Buffer.from),
      ),
    });
    fc.assert(
      fc.property(change, ({ bytes, at, cut, put }) => {
        const from = at % bytes.length;
        return valueOrOurs(() => read(Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)])));
      }),
    );
  });

  test('a valid one with any value replaced by any other is a value or refused', () => {
    const [bytes = new Uint8Array()] = valid;
    const leaves = leavesOf(JSON.parse(Buffer.from(bytes).toString('utf8')));
    fc.assert(
      fc.property(fc.constantFrom(...leaves), fc.jsonValue(), (path, value) => {
        const copy = JSON.parse(Buffer.from(bytes).toString('utf8'));
        replace(copy, path, value);
        return valueOrOurs(() => read(Buffer.from(JSON.stringify(copy))));
      }),
    );
  });
});

function leavesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]))].filter(
    ({ length }) => length > 0,
  );
}

function replace(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const last = path.at(-1) ?? '';
  let place = root;
  for (const name of path.slice(0, -1)) place = place[name] as Record<string, unknown>;
  place[last] = value;
}

describe('fuzz: signatures over records', () => {
  const keys = [team.signers.architect.publicKey, team.signers.privacy.publicKey];

  test.each([0, 1])('every one-byte change of file %i is refused or does not verify', (index) => {
    const file = Buffer.from(files[index] ?? new Uint8Array());
    const key = keys[index];
    expect(key && isSignedBy(open(file), key)).toBe(true);
    for (let at = 0; at < file.length; at++) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const changed = Buffer.from(file);
        changed.writeUInt8(file.readUInt8(at) ^ flip, at);
        const record = valueOrNull(() => open(changed));
        if (record === null) continue;
        // The hint is not signed: another one only tries another key.
        const counts = key && record.hint === open(file).hint && isSignedBy(record, key);
        expect(counts, `byte ${at} ^ ${flip}`).toBe(false);
      }
    }
  });

  test('any other byte anywhere', () => {
    fc.assert(
      fc.property(fc.nat(1), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, where, flip) => {
        const file = Buffer.from(files[index] ?? new Uint8Array());
        const at = where % file.length;
        const [key, hint] = [keys[index], open(file).hint];
        file.writeUInt8(file.readUInt8(at) ^ flip, at);
        const record = valueOrNull(() => open(file));
        return record === null || !key || record.hint !== hint || !isSignedBy(record, key);
      }),
    );
  });

  test('what is read is written back byte for byte', () => {
    for (const { statement, payload } of [asked, approved]) {
      expect(Buffer.from(formatStatement(parseStatement(payload))).equals(payload)).toBe(true);
      expect(parseStatement(payload)).toEqual(statement);
    }
    expect(Buffer.from(formatRoster(parseRoster(formatRoster(team.roster))))).toEqual(formatRoster(team.roster));
    expect(Buffer.from(formatMemory(parseMemory(memory, 'memory')))).toEqual(memory);
  });
});
