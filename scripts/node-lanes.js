// Writes src/lib/ledger/node-lanes-code.ts: a WebAssembly function that hashes four nodes of a Merkle tree at a time (SHA-256,
// FIPS 180-4 section 6.2, of 0x01 and two hashes), one in each 32-bit lane of its vectors. There is no compiler between
// this file and the program: each line below writes the instructions that it says. With --check only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../src/lib/ledger/node-lanes-code.ts', import.meta.url));

/** FIPS 180-4 sections 4.2.2 and 5.3.3: the first 32 bits of the fractional parts of roots of the first primes. */
const PRIMES = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => isPrime(n));
const K = PRIMES.map((prime) => fraction(prime, 3n));
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(prime, 2n));

function isPrime(n) {
  for (let by = 2; by * by <= n; by++) if (n % by === 0) return false;
  return true;
}

function fraction(prime, root) {
  // The integer part of root(prime) × 2^32, by halves.
  const wanted = BigInt(prime) << (32n * root);
  let [low, high] = [0n, 1n << 40n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** root <= wanted) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

/** LEB128 (WebAssembly core specification 5.2.2). */
function unsigned(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}
function signed(value) {
  const bytes = [];
  let rest = value;
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest & 127];
}

// Instructions (5.4): of the control flow and integers, then those of vectors, which have the prefix 0xfd.
const get = (local) => [0x20, ...unsigned(local)];
const set = (local) => [0x21, ...unsigned(local)];
const tee = (local) => [0x22, ...unsigned(local)];
const int = (value) => [0x41, ...signed(value)];
const intAdd = 0x6a;
const loop = (...body) => [0x03, 0x40, ...body.flat(), 0x0b];
const block = (...body) => [0x02, 0x40, ...body.flat(), 0x0b];
const breakIf = (depth) => [0x0d, depth];
const again = (depth) => [0x0c, depth];
const equal = 0x46;
const byteAt = (offset) => [0x2d, 0, ...unsigned(offset)];
const vector = (code) => [0xfd, ...unsigned(code)];
const load = (offset) => [...vector(0), 0, ...unsigned(offset)];
const store = (offset) => [...vector(11), 0, ...unsigned(offset)];
const everywhere = (value) => [...int(value), ...vector(17)];
const shuffle = (lanes) => [...vector(13), ...lanes];
const intoLane = (lane) => [...vector(28), lane];
const [and, or, xor, shl, shr, add] = [78, 80, 81, 171, 173, 174].map(vector);

// Memory: K, each word four times; nodes are given from `HEAD_BYTES` on.
const K_BYTES = K.length * 16;

// Locals: where nodes are read, where hashes are written, groups of four left, a place in K, which block; then vectors.
const [FROM, TO, GROUPS, KEY, LAST] = [0, 1, 2, 3, 4];
const state = (n) => 5 + (n & 7);
const word = (n) => 13 + (n & 15);
const before = (n) => 29 + n;
const [P, Q, R, S] = [37, 38, 39, 40];
const VECTORS = 36;

/** rotr(x, a) ^ rotr(x, b) ^ rotr(x, c) for a < b < c: shifts share their steps, as there is no rotation of vectors. */
function sigma(x, a, b, c) {
  const right = [get(x), int(c - b), shr, get(x), xor, int(b - a), shr, get(x), xor, int(a), shr];
  const left = [get(x), int(b - a), shl, get(x), xor, int(c - b), shl, get(x), xor, int(32 - c), shl];
  return [...right, ...left, xor].flat();
}

/** rotr(x, a) ^ rotr(x, b) ^ (x >> c). */
function smallSigma(x, a, b, c) {
  const rotated = (n) => [get(x), int(n), shr, get(x), int(32 - n), shl, or];
  return [...rotated(a), ...rotated(b), xor, get(x), int(c), shr, xor].flat();
}

/** Section 6.2.2 step 3; the names of the eight variables move on instead of their values. */
function round(t) {
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, n) => state(n - t));
  const choice = [get(f), get(g), xor, get(e), and, get(g), xor];
  const majority = [get(a), get(b), xor, get(b), get(c), xor, and, get(b), xor];
  const first = [get(h), sigma(e, 6, 11, 25), add, ...choice, add, get(KEY), load(t * 16), get(word(t)), add, add];
  const second = [sigma(a, 2, 13, 22), add, ...majority, add];
  return [...first, tee(P), get(d), add, set(d), get(P), ...second, set(h)].flat();
}

/** Section 6.2.2 step 1: word t gives way to word t + 16. */
function schedule(t) {
  const recent = [smallSigma(word(t + 14), 17, 19, 10), get(word(t + 9)), add];
  return [get(word(t)), smallSigma(word(t + 1), 7, 18, 3), add, ...recent, add, set(word(t))].flat();
}

/** Byte places of word `n` of the first (0) or second (1) of two vectors, with its bytes turned round. */
const turned = (of, n) => [3, 2, 1, 0].map((byte) => of * 16 + n * 4 + byte);
const pairs = (n) => shuffle([...turned(0, n), ...turned(1, n), ...turned(0, n + 1), ...turned(1, n + 1)]);
const LOW = shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
const HIGH = shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]);

/** Four vectors of four words, big-endian and rows to columns or back; `take` and `give` move them. */
function transpose(take, give) {
  const [one, two, three, four] = [0, 1, 2, 3].map(take);
  return [
    ...[...one, ...two, pairs(0), set(P), ...one, ...two, pairs(2), set(Q)],
    ...[...three, ...four, pairs(0), set(R), ...three, ...four, pairs(2), set(S)],
    ...[
      [P, R, LOW],
      [P, R, HIGH],
      [Q, S, LOW],
      [Q, S, HIGH],
    ].flatMap(([left, right, half], n) => give(n, [...get(left), ...get(right), ...half])),
  ].flat();
}

/** 65 bytes are two blocks: 0x01 and 63 bytes; then the last byte, a 1 bit, and the length of 520 bits. */
const firstBlock = [
  // Read from the byte before the node on, as if it were 0x01: so words are words.
  ...[0, 1, 2, 3].map((q) =>
    transpose(
      (node) => [...get(FROM), ...load(64 * node + 16 * q)],
      (n, columns) => [...columns, ...set(word(4 * q + n))],
    ),
  ),
  [...get(word(0)), ...everywhere(0x00ffffff), ...and, ...everywhere(0x01000000), ...or, ...set(word(0))],
].flat();
const lastByte = [0, 1, 2, 3].flatMap((node) => [...get(FROM), ...byteAt(64 + 64 * node), ...intoLane(node)]);
const secondBlock = [
  [...everywhere(0), ...lastByte, ...int(24), ...shl, ...everywhere(0x00800000), ...or, ...set(word(0))],
  ...Array.from({ length: 14 }, (_, n) => [...everywhere(0), ...set(word(n + 1))]),
  [...everywhere(520), ...set(word(15))],
].flat();

const eight = (of) => Array.from({ length: 8 }, (_, n) => of(n)).flat();
const sixteen = (of) => Array.from({ length: 16 }, (_, n) => of(n)).flat();
const compress = [
  int(0),
  set(KEY),
  block(
    loop(
      sixteen(round),
      [get(KEY), int(256), intAdd, tee(KEY), int(K_BYTES), equal, breakIf(1)].flat(),
      sixteen(schedule),
      again(0),
    ),
  ),
  eight((n) => [...get(state(n)), ...get(before(n)), ...add, ...tee(state(n)), ...set(before(n))]),
].flat();
const hashes = [0, 4].flatMap((q) =>
  transpose(
    (n) => get(state(q + n)),
    (node, rows) => [...get(TO), ...rows, ...store(32 * node + 4 * q)],
  ),
);
const body = loop(
  firstBlock,
  eight((n) => [...everywhere(INITIAL[n] | 0), ...tee(state(n)), ...set(before(n))]),
  [...int(0), ...set(LAST)],
  block(loop(compress, get(LAST), breakIf(1), secondBlock, int(1), set(LAST), again(0))),
  hashes,
  [get(FROM), int(256), intAdd, set(FROM), get(TO), int(128), intAdd, set(TO)].flat(),
  [get(GROUPS), int(-1), intAdd, tee(GROUPS), breakIf(0)].flat(),
);

// The module (5.5): (from: i32, to: i32, groups: i32) → (), one page of memory, both exported.
const named = (name) => [name.length, ...Buffer.from(name)];
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
const code = [2, 2, 0x7f, VECTORS, 0x7b, ...body, 0x0b];
const keys = Buffer.alloc(K_BYTES);
K.forEach((value, n) => {
  for (let lane = 0; lane < 4; lane++) keys.writeUInt32LE(value, 16 * n + 4 * lane);
});
const wasm = Buffer.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
  ...section(3, [1, 0]),
  ...section(5, [1, 1, 1, 1]),
  ...section(7, [2, ...named('memory'), 2, 0, ...named('nodes'), 0, 0]),
  ...section(10, [1, ...unsigned(code.length), ...code]),
  ...section(11, [1, 0, ...int(0), 0x0b, ...unsigned(keys.length), ...keys]),
]);

const text = `/** What scripts/node-lanes.js writes, in base64: ${wasm.length} bytes of WebAssembly. */\nexport const NODE_LANES_CODE =\n  '${wasm.toString('base64')}';\n/** Its memory begins with constants: from here on it is free. */\nexport const NODE_LANES_FREE = ${K_BYTES};\n`;
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  process.stderr.write('src/lib/ledger/node-lanes-code.ts is not what scripts/node-lanes.js writes: run it\n');
  process.exitCode = 1;
}
