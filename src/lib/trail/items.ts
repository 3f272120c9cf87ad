/** The parts of a document, as text. */
export interface ItemTexts {
  /** Each item of the one list of records, as it is written. */
  readonly items: readonly string[];
  /** The document with an empty list in place of the items. */
  readonly rest: string;
}

/**
 * Takes a list of records apart without reading them: a list at the top, or the first list inside of the object at the
 * top. `json` must already be known to be valid JSON.
 */
export function itemTexts(json: string): ItemTexts {
  const open = listStart(json);
  if (open < 0) return { items: [], rest: json };
  const items: string[] = [];
  let [depth, start, at] = [0, open + 1, open + 1];
  for (; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at);
    else if (depth === 0 && (char === ',' || char === ']')) {
      const item = json.slice(start, at).trim();
      if (item !== '') items.push(item);
      start = at + 1;
      if (char === ']') break;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return { items, rest: `${json.slice(0, open)}[]${json.slice(at + 1)}` };
}

/** The first list that is at the top, or a member of the object there. */
function listStart(json: string): number {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at);
    else if (char === '[' && depth <= 1) return at;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return -1;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
