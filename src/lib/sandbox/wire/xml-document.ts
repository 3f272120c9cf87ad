/** An element of an XML document that a client sent. */
export interface XmlNode {
  readonly name: string;
  readonly children: readonly XmlNode[];
  /** The text of an element without children. */
  readonly text: string;
}

const MAX_DEPTH = 16;
const MAX_NODES = 20_000;
const NAME = /^[A-Za-z_][\w.-]{0,127}/;
/** A prefix of a namespace is dropped: `xsi:type` is the only one that clients of S3 send, as an attribute. */
const TAG = /^<([A-Za-z_][\w.:-]{0,127})((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Cursor {
  readonly text: string;
  at: number;
  nodes: number;
}

/**
 * Reads the XML that requests to S3 have: elements, attributes (which say nothing here), text. No document types, no
 * sections, no instructions: a request has none, and each is a way to smuggle something in. Null for anything else.
 */
export function parseXmlDocument(source: string): XmlNode | null {
  const cursor: Cursor = { text: source.replace(/^\uFEFF?<\?xml [^?<>]*\?>/, ''), at: 0, nodes: 0 };
  skipSpace(cursor);
  const root = readElement(cursor, 0);
  skipSpace(cursor);
  return root !== null && cursor.at === cursor.text.length ? root : null;
}

function readElement(cursor: Cursor, depth: number): XmlNode | null {
  const opened = TAG.exec(cursor.text.slice(cursor.at, cursor.at + 4096));
  const name = opened?.[1] ?? '';
  if (opened === null || depth >= MAX_DEPTH || ++cursor.nodes > MAX_NODES || !NAME.test(name)) return null;
  cursor.at += opened[0].length;
  return opened[3] === '/' ? { name, children: [], text: '' } : readContent(cursor, name, depth);
}

function readContent(cursor: Cursor, name: string, depth: number): XmlNode | null {
  const children: XmlNode[] = [];
  let text = '';
  const end = `</${name}>`;
  for (;;) {
    const next = cursor.text.indexOf('<', cursor.at);
    if (next < 0) return null;
    const piece = decodeText(cursor.text.slice(cursor.at, next));
    if (piece === null) return null;
    text += piece;
    cursor.at = next;
    if (cursor.text.startsWith(end, next)) break;
    const child = readElement(cursor, depth + 1);
    if (child === null) return null;
    children.push(child);
  }
  cursor.at += end.length;
  if (children.length === 0) return { name, children, text };
  return text.trim() === '' ? { name, children, text: '' } : null;
}

/** Null where an ampersand begins no entity of XML itself. */
function decodeText(text: string): string | null {
  let sound = true;
  const decoded = text.replace(/&([^;&]{0,10});?/g, (found, name: string) => {
    const plain = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : numeric(name);
    if (plain === undefined || !found.endsWith(';')) sound = false;
    return plain ?? '';
  });
  return sound ? decoded : null;
}

function numeric(name: string): string | undefined {
  const match = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  const isText = code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0x10ffff);
  return isText && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : undefined;
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text.charAt(cursor.at))) cursor.at++;
}
