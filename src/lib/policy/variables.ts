import type { PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { hasManyValues, isKnownKey } from './known-keys.js';
import { appendLiteral, type Glob, globOf, literalOf } from './match.js';

/** A policy value with its variables ("IAM policy elements: Variables and tags"). */
export interface Template {
  /** The text when nothing in it depends on the request. */
  readonly fixed: { readonly text: string; readonly glob: Glob } | null;
  /** Null when the variables are malformed. */
  readonly pieces: readonly Piece[] | null;
}

/** The pattern that a template came to last, and the values that it came from: a proof asks with the same ones thousands of times. */
const LAST = new WeakMap<Template, { readonly values: string; readonly glob: Glob }>();

type Piece =
  | { readonly type: 'text'; readonly text: string; readonly glob: Glob }
  | {
      readonly type: 'variable';
      readonly key: string;
      readonly many: boolean;
      /** In place of an unset key; `undefined` when there is none, `null` when the key itself is none of AWS's. */
      readonly fallback: string | null | undefined;
    };

const VARIABLE = /\$\{([^{}]*)\}/g;
const NAME = /^[^\s':$]+:[^'$]+$/;
const FALLBACK = /^\s*'([^']*)'\s*$/;

/** Variables exist only since Version 2012-10-17; before, `${` is text. */
export function compileTemplate(source: string, version: PolicyVersion): Template {
  if (version === '2008-10-17' || !source.includes('${')) {
    return { fixed: { text: source, glob: globOf(source) }, pieces: [] };
  }
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of source.matchAll(VARIABLE)) {
    const piece = readVariable(match[1] ?? '');
    const before = source.slice(end, match.index);
    if (piece === null || before.includes('${')) return { fixed: null, pieces: null };
    pieces.push(textPiece(before), piece);
    end = match.index + match[0].length;
  }
  const rest = source.slice(end);
  if (rest.includes('${')) return { fixed: null, pieces: null };
  pieces.push(textPiece(rest));
  return { fixed: null, pieces };
}

function textPiece(text: string): Piece {
  return { type: 'text', text, glob: globOf(text) };
}

function readVariable(inner: string): Piece | null {
  if (inner === '*' || inner === '?' || inner === '$') return { type: 'text', text: inner, glob: literalOf(inner) };
  const comma = inner.indexOf(',');
  const key = (comma < 0 ? inner : inner.slice(0, comma)).trim().toLowerCase();
  if (!NAME.test(key)) return null;
  const many = hasManyValues(key);
  if (comma < 0) return { type: 'variable', key, many, fallback: isKnownKey(key) ? undefined : null };
  const fallback = FALLBACK.exec(inner.slice(comma + 1))?.[1];
  return fallback === undefined ? null : { type: 'variable', key, many, fallback };
}

/** The value of a variable: `undefined` when it is unset, `null` when it cannot be told (malformed, many-valued). */
function fill(piece: Piece, keys: Keys): string | null | undefined {
  if (piece.type === 'text') return piece.text;
  const values = keys.get(piece.key);
  if (values === undefined) return piece.fallback;
  if (values === null || values.length !== 1 || piece.many) return null;
  return values[0];
}

/** The text with variables filled in: `undefined` when one is unset, `null` when one cannot be told. */
export function resolveText(template: Template, keys: Keys): string | null | undefined {
  if (template.fixed) return template.fixed.text;
  if (template.pieces === null) return null;
  let text = '';
  for (const piece of template.pieces) {
    const value = fill(piece, keys);
    if (value === undefined || value === null) return value;
    text += value;
  }
  return text;
}

/** As `resolveText`, as a pattern. AWS does not say whether a wildcard inside a variable's value is one: not told. */
export function resolveGlob(template: Template, keys: Keys): Glob | null | undefined {
  if (template.fixed) return template.fixed.glob;
  if (template.pieces === null) return null;
  let values = '';
  for (const piece of template.pieces) {
    if (piece.type === 'text') continue;
    const value = fill(piece, keys);
    if (value === undefined || value === null) return value;
    if (/[*?]/.test(value)) return null;
    values += `${value.length} ${value}`;
  }
  const last = LAST.get(template);
  if (last?.values === values) return last.glob;
  const glob = filled(template.pieces, keys);
  LAST.set(template, { values, glob });
  return glob;
}

/** Every variable has a value. */
function filled(pieces: readonly Piece[], keys: Keys): Glob {
  const codes: number[] = [];
  for (const piece of pieces) {
    if (piece.type === 'text') for (const code of piece.glob) codes.push(code);
    else appendLiteral(codes, fill(piece, keys) ?? '');
  }
  return codes;
}
