/**
 * Wildcard patterns: `*` is any run of characters, `?` is one. A pattern is a list of UTF-16 code units with two
 * negative codes for the wildcards, so that a literal asterisk (`${*}`) cannot become one.
 */
export const STAR = -1;
export const ANY = -2;

export type Glob = readonly number[];

/** `text` with its wildcards. */
export function globOf(text: string): Glob {
  const codes = literalOf(text);
  return codes.map((code) => (code === 0x2a ? STAR : code === 0x3f ? ANY : code));
}

/** `text` with every character standing for itself. */
export function literalOf(text: string): Glob {
  const codes: number[] = [];
  appendLiteral(codes, text);
  return codes;
}

/** Adds `text` with every character standing for itself. */
export function appendLiteral(codes: number[], text: string): void {
  for (let at = 0; at < text.length; at++) codes.push(text.charCodeAt(at));
}

/** Does all of `text` match? At most `glob.length × text.length` steps: patterns and values come from strangers. */
export function matchesGlob(glob: Glob, text: string): boolean {
  let pattern = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const code = glob[pattern];
    if (code === STAR) {
      star = pattern++;
      resume = at;
    } else if (code === ANY || code === text.charCodeAt(at)) {
      pattern++;
      at++;
    } else if (star >= 0) {
      pattern = star + 1;
      at = ++resume;
    } else return false;
  }
  while (glob[pattern] === STAR) pattern++;
  return pattern === glob.length;
}

const COLON = 0x3a;

/** The six parts of an ARN pattern; `null` when there are fewer. The last keeps its colons. */
export function splitArnGlob(glob: Glob): readonly Glob[] | null {
  const parts: Glob[] = [];
  let start = 0;
  for (let at = 0; at < glob.length && parts.length < 5; at++) {
    if (glob[at] !== COLON) continue;
    parts.push(glob.slice(start, at));
    start = at + 1;
  }
  return parts.length === 5 ? [...parts, glob.slice(start)] : null;
}

const SLASH = 0x2f;

/** Services all of whose resources say their type first: `key/…`, `role/…`. */
const TYPED: ReadonlySet<string> = new Set(['kms', 'iam', 'sts']);

/**
 * AWS permits no wildcard inside the service or the type of a resource ("Identify AWS resources with ARNs", incorrect
 * wildcard usage), and does not say what one there would match.
 */
export function hasOddWildcard(glob: Glob): boolean {
  const parts = splitArnGlob(glob);
  if (parts === null) return false;
  const [service = [], rest = []] = [parts[2], parts[5]];
  if (service.some(isWildcard)) return true;
  if (!TYPED.has(String.fromCharCode(...service)) || rest.every((code) => code === STAR)) return false;
  const end = rest.findIndex((code) => code === SLASH || code === COLON);
  return rest.slice(0, end < 0 ? rest.length : end).some(isWildcard);
}

/**
 * A pattern of an ARN with its partition, service, Region and account in lower case; `null` when they are. Whether AWS
 * heeds their case it does not say.
 */
export function lowerHeadOf(glob: Glob): Glob | null {
  const parts = splitArnGlob(glob);
  const rest = parts === null ? 0 : (parts[5]?.length ?? 0);
  const head = glob.slice(0, glob.length - rest);
  if (parts === null || !head.some(isUpperCase)) return null;
  return [...head.map((code) => (isUpperCase(code) ? code + 32 : code)), ...glob.slice(head.length)];
}

function isUpperCase(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isWildcard(code: number): boolean {
  return code === STAR || code === ANY;
}

/** The account in an ARN: empty where it has none or where the text is no ARN. */
export function accountIn(arn: string): string {
  return arn.startsWith('arn:') ? (arn.split(':', 5)[4] ?? '') : '';
}

/** The six parts of an ARN; `null` for text that is none. */
export function splitArn(text: string): readonly string[] | null {
  const parts = text.split(':');
  return parts.length < 6 || parts[0] !== 'arn' ? null : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** A matcher of one action pattern against a lower-case action name: action names ignore case. */
export function compileAction(pattern: string): (lowerAction: string) => boolean {
  const lower = pattern.toLowerCase();
  if (lower === '*') return () => true;
  if (!/[*?]/.test(lower)) return (action) => action === lower;
  const glob = globOf(lower);
  return (action) => matchesGlob(glob, action);
}
