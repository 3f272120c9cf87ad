import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { decodeUtf8 } from '../base/bytes.js';
import { DEFAULT_LIMITS, type JsonObject, type JsonValue } from '../base/canonical-json.js';
import { describe } from '../base/fields.js';
import { type LocatedFault, planError } from './report.js';

/** What a YAML file says, and where it says it. */
export interface YamlFile {
  readonly file: string;
  readonly value: JsonValue;
  /** The line of a path like `keys.root.users[0].may`; of what encloses it when the path is not in the file. */
  lineOf(path: string): number;
}

type CstToken = ReturnType<Parser['next']> extends Generator<infer T> ? T : never;

interface Reading {
  readonly file: string;
  readonly lines: LineCounter;
  readonly lineOfPath: Map<string, number>;
  readonly faults: LocatedFault[];
}

const LONE_SURROGATE = /\p{Cs}/u;
/** What YAML does not count as printable, and what makes a screen show a text in another order than it is read. */
const HIDDEN = /[^\P{Cc}\t\n\r]|\p{Bidi_Control}|[\u2028\u2029]/u;

/**
 * Reads the part of YAML 1.2 (core schema) that says the same to every reader: one document of mappings, lists and plain
 * values. Anchors, aliases, merge keys, tags, directives and doubled or non-text names are refused: with them, what one
 * person reviews and what the tool reads could differ.
 * @throws CustodyError PLAN_INVALID that lists every fault with its line
 */
export function parseYaml(input: Uint8Array | string, file: string): YamlFile {
  const text = readText(input, file);
  const reading: Reading = { file, lines: new LineCounter(), lineOfPath: new Map(), faults: [] };
  const document = compose(tokenize(text, reading), text, reading);
  const value = document === null ? null : readNode(document.contents, '', 0, reading);
  if (reading.faults.length > 0) throw planError(file, reading.faults);
  return { file, value, lineOf: (path) => lineOf(reading.lineOfPath, path) };
}

function readText(input: Uint8Array | string, file: string): string {
  const refuse = (expected: string, found: string, line = 1) =>
    planError(file, [{ file, line, path: '', expected, found }]);
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
  if (size > DEFAULT_LIMITS.maxBytes) throw refuse(`at most ${DEFAULT_LIMITS.maxBytes} bytes`, `${size} bytes`);
  // Text goes the same way as bytes: a string with half a surrogate pair must not pass where its bytes would not.
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input;
  const text = decodeUtf8(bytes);
  if (text === null) throw refuse('UTF-8 without a byte order mark', 'other bytes');
  const hidden = HIDDEN.exec(text);
  if (hidden === null) return text;
  const line = text.slice(0, hidden.index).split('\n').length;
  throw refuse('text without control or direction characters', codePointOf(hidden[0]), line);
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Tokens of the whole text; stops at the depth limit, because composing is recursive and would exhaust the stack. */
function tokenize(text: string, reading: Reading): CstToken[] {
  reading.lines.addNewLine(0);
  const parser = new Parser(reading.lines.addNewLine);
  const tokens: CstToken[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEFAULT_LIMITS.maxDepth + 2) {
      throw planError(reading.file, [
        located(reading, parser.offset, '', `nesting of at most ${DEFAULT_LIMITS.maxDepth}`, 'deeper nesting'),
      ]);
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

function compose(tokens: readonly CstToken[], text: string, reading: Reading): Document.Parsed | null {
  for (const token of tokens) {
    if (token.type === 'directive') add(reading, token.offset, '', 'no directives', describe(token.source));
  }
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'silent',
    // Its own check compares each name with each: a file of doubled names would take minutes.
    uniqueKeys: false,
    lineCounter: reading.lines,
  });
  const documents = [...composer.compose(tokens, false, text.length)];
  for (const { errors, warnings } of documents) {
    // Unknown tags are warnings of the composer; the walk over the nodes reports them with all other tags.
    for (const item of [...errors, ...warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')]) {
      add(reading, item.pos[0], '', 'valid YAML 1.2', item.message);
    }
  }
  const second = documents[1];
  if (second) add(reading, second.range[0], '', 'one document', `${documents.length} documents`);
  return documents[0] ?? null;
}

function readNode(node: unknown, path: string, depth: number, reading: Reading): JsonValue {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) {
    add(reading, offsetOf(node), path, 'no aliases', describe(`*${node.source}`));
    return null;
  }
  refuseProperties(node, path, reading);
  if (isMap(node)) return readMap(node, path, depth, reading);
  if (isSeq(node)) {
    return node.items.map((item, at) => {
      const itemPath = `${path}[${at}]`;
      reading.lineOfPath.set(itemPath, lineAt(reading, offsetOf(item)));
      return readNode(item, itemPath, depth + 1, reading);
    });
  }
  return isScalar(node) ? readScalar(node, path, reading) : null;
}

function readMap(map: YAMLMap, path: string, depth: number, reading: Reading): JsonObject {
  const entries = new Map<string, JsonValue>();
  for (const pair of map.items) {
    const name = readName(pair, path, reading);
    if (name === null) continue;
    const offset = offsetOf(pair.key);
    const at = path === '' ? name : `${path}.${name}`;
    if (entries.has(name)) {
      add(reading, offset, at, 'each name once', `${describe(name)} again`);
      continue;
    }
    reading.lineOfPath.set(at, lineAt(reading, offset));
    entries.set(name, readNode(pair.value, at, depth + 1, reading));
  }
  return Object.fromEntries(entries);
}

function readName({ key }: Pair, path: string, reading: Reading): string | null {
  if (isScalar(key)) {
    refuseProperties(key, path, reading);
    if (typeof key.value === 'string' && key.value !== '<<' && !LONE_SURROGATE.test(key.value)) return key.value;
  }
  const found = isScalar(key) ? describe(key.value) : isAlias(key) ? 'an alias' : 'a collection';
  add(reading, offsetOf(key), path, 'names that are text, and no merge keys', found);
  return null;
}

function readScalar(scalar: Scalar, path: string, reading: Reading): JsonValue {
  const { value } = scalar;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && !LONE_SURROGATE.test(value)) return value;
  add(reading, offsetOf(scalar), path, 'a value that JSON has', describe(scalar.source ?? String(value)));
  return null;
}

function refuseProperties(node: unknown, path: string, reading: Reading): void {
  const { anchor, tag } = node as { readonly anchor?: string; readonly tag?: string };
  if (anchor !== undefined) add(reading, offsetOf(node), path, 'no anchors', describe(`&${anchor}`));
  if (tag !== undefined) add(reading, offsetOf(node), path, 'no tags', describe(tag));
}

function offsetOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] | null } | null | undefined)?.range?.[0] ?? 0;
}

function lineAt(reading: Reading, offset: number): number {
  return Math.max(1, reading.lines.linePos(offset).line);
}

function located(reading: Reading, offset: number, path: string, expected: string, found: string): LocatedFault {
  return { file: reading.file, line: lineAt(reading, offset), path, expected, found };
}

function add(reading: Reading, offset: number, path: string, expected: string, found: string): void {
  reading.faults.push(located(reading, offset, path, expected, found));
}

function lineOf(lines: ReadonlyMap<string, number>, path: string): number {
  let at = path;
  while (at !== '') {
    const line = lines.get(at);
    if (line !== undefined) return line;
    at = at.slice(0, Math.max(0, at.lastIndexOf('.'), at.lastIndexOf('[')));
  }
  return 1;
}
