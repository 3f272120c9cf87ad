/** A reader of the XML that AWS Query answers with: elements that hold text or elements, attributes aside. Strict. */
export interface Xml {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Xml[];
}

const TOKEN = /<(\/?)([A-Za-z][\w-]*)((?: [\w:]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Open {
  readonly name: string;
  readonly children: Xml[];
  text: string;
}

/** @throws Error for anything but one well-formed element */
export function parseXml(source: string): Xml {
  const top: Open = { name: '', children: [], text: '' };
  const open: Open[] = [top];
  TOKEN.lastIndex = 0;
  const text = source.replace(/^<\?xml[^>]*\?>\s*/, '').trim();
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    if (token === null) throw new Error(`no XML at character ${at}`);
    read(token, open);
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || top.children.length !== 1) throw new Error('not one XML element');
  return root;
}

function read([, end, name = '', , empty, characters]: RegExpExecArray, open: Open[]): void {
  const here = open[open.length - 1];
  if (here === undefined) throw new Error('an element ends that did not start');
  if (characters !== undefined) here.text += decode(characters);
  else if (end === '/') close(name, open);
  else {
    open.push({ name, children: [], text: '' });
    if (empty === '/') close(name, open);
  }
}

function close(name: string, open: Open[]): void {
  const done = open.pop();
  const parent = open[open.length - 1];
  if (done?.name !== name || parent === undefined) throw new Error(`</${name}> closes nothing`);
  if (done.children.length > 0 && done.text.trim() !== '') throw new Error(`<${name}> mixes text and elements`);
  parent.children.push(done);
}

function decode(text: string): string {
  return text.replace(/&(#x[0-9A-Fa-f]+|#\d+|\w+);|&/g, (whole, name: string | undefined) => {
    if (name?.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name?.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    const known = ENTITIES[name ?? ''];
    if (known === undefined) throw new Error(`an entity that XML does not know: ${whole}`);
    return known;
  });
}

/** The only child of this name. @throws Error */
export function child(element: Xml, name: string): Xml {
  const found = element.children.filter((item) => item.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`<${element.name}> has ${found.length} <${name}>`);
  return found[0];
}
