/** JSON with the names of every object in order, which is its canonical form (RFC 8785). */
export interface OrderedJson {
  /** As long as what was given. */
  readonly bytes: Buffer;
  /** Where the records of `{"Records":[…]}` or `[…]` begin and end, in turns; none in another document. */
  readonly items: readonly number[];
}

/** An object of CloudTrail has some thirty names. Sorting is quadratic, so a stranger's must not have many more. */
const MOST_NAMES = 64;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const RECORDS = Buffer.from('{"Records":[');
/** The escapes that ECMAScript, and so RFC 8785 section 3.2.2.2, writes: \b \t \n \f \r \" \\. */
const ESCAPES = new Set(Buffer.from('btnfr"\\'));

/**
 * Brings JSON into canonical form by moving its members, without reading it. Null for what is not written in the usual
 * way: white space, other forms of strings and numbers, names that are not ASCII or come twice in their object, a nesting
 * deeper than `maxDepth`. Then a parser has to look. So what is given back says one thing only.
 *
 * The caller parses the same bytes: here nobody looks whether they are JSON at all.
 */
export function inOrder(json: Uint8Array, maxDepth: number): OrderedJson | null {
  return new Ordering(json, maxDepth).whole();
}

class Ordering {
  readonly #json: Uint8Array;
  readonly #out: Buffer;
  readonly #items: number[] = [];
  /** Of each member of the objects that are open: where its name begins and ends, and where it ends. */
  readonly #members: number[] = [];
  readonly #view: DataView;
  #spare = viewOf(Buffer.alloc(8192));

  constructor(
    json: Uint8Array,
    private readonly maxDepth: number,
  ) {
    this.#json = json;
    this.#out = Buffer.from(json);
    this.#view = viewOf(this.#out);
  }

  whole(): OrderedJson | null {
    const isLog = this.#out.subarray(0, RECORDS.length).equals(RECORDS);
    const end = this.#value(0, 0);
    if (end !== this.#json.length) return null;
    // Further members would have moved the list.
    const isRecordsOnly = isLog && this.#items.at(-1) === end - (this.#items.length > 0 ? 2 : 0);
    return { bytes: this.#out, items: isRecordsOnly || this.#json[0] === OPEN_LIST ? this.#items : [] };
  }

  /** Where the value ends that begins at `at`; -1 for one that is not written in the usual way. */
  #value(at: number, depth: number): number {
    const first = this.#json[at];
    if (first === QUOTE) return this.#string(at + 1);
    if (first === OPEN_OBJECT) return depth < this.maxDepth ? this.#object(at + 1, depth + 1) : -1;
    if (first === OPEN_LIST) return depth < this.maxDepth ? this.#list(at + 1, depth + 1) : -1;
    if (first === 0x74 || first === 0x6e) return at + 'true'.length;
    return first === 0x66 ? at + 'false'.length : this.#number(at);
  }

  #string(from: number): number {
    const json = this.#json;
    for (let at = from; at < json.length; at++) {
      const byte = json[at] ?? 0;
      if (byte === QUOTE) return at + 1;
      if (byte < 0x20) return -1;
      if (byte === BACKSLASH && !ESCAPES.has(json[++at] ?? 0)) return -1;
    }
    return -1;
  }

  #number(from: number): number {
    const json = this.#json;
    const start = json[from] === MINUS ? from + 1 : from;
    let at = start;
    while (isDigit(json[at])) at++;
    const isWhole = at > start && at - start <= 15 && (json[start] !== 0x30 || (at === start + 1 && start === from));
    const next = json[at];
    if (isWhole && (next === COMMA || next === CLOSE_OBJECT || next === CLOSE_LIST)) return at;
    while (isInNumber(json[at])) at++;
    const text = this.#out.latin1Slice(from, at);
    return text !== '' && String(Number(text)) === text ? at : -1;
  }

  #list(from: number, depth: number): number {
    const json = this.#json;
    const isOfRecords = depth === 1 || (depth === 2 && from === RECORDS.length);
    if (json[from] === CLOSE_LIST) return from + 1;
    for (let at = from; ; ) {
      const end = this.#value(at, depth);
      if (end < 0) return -1;
      if (isOfRecords) this.#items.push(at, end);
      if (json[end] === CLOSE_LIST) return end + 1;
      if (json[end] !== COMMA) return -1;
      at = end + 1;
    }
  }

  #object(from: number, depth: number): number {
    const json = this.#json;
    const members = this.#members;
    const mark = members.length;
    let isOrdered = true;
    if (json[from] === CLOSE_OBJECT) return from + 1;
    for (let at = from; ; ) {
      const nameEnd = json[at] === QUOTE ? this.#nameEnd(at + 1) : -1;
      const end = nameEnd < 0 || json[nameEnd + 1] !== COLON ? -1 : this.#value(nameEnd + 2, depth);
      if (end < 0 || members.length - mark >= MOST_NAMES * 3) return -1;
      members.push(at + 1, nameEnd, end);
      if (isOrdered && members.length - mark > 3) isOrdered = this.#compare(members.length - 6, members.length - 3) < 0;
      if (json[end] === CLOSE_OBJECT) {
        const isSaidOnce = isOrdered || this.#reorder(mark, from, end);
        members.length = mark;
        return isSaidOnce ? end + 1 : -1;
      }
      if (json[end] !== COMMA) return -1;
      at = end + 1;
    }
  }

  #nameEnd(from: number): number {
    const json = this.#json;
    for (let at = from; at < json.length; at++) {
      const byte = json[at] ?? 0;
      if (byte === QUOTE) return at;
      if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return -1;
    }
    return -1;
  }

  /** By code units, which for ASCII are the bytes (RFC 8785 section 3.2.3). */
  #compare(left: number, right: number): number {
    const json = this.#json;
    const leftAt = this.#members[left] ?? 0;
    const rightAt = this.#members[right] ?? 0;
    const leftLength = (this.#members[left + 1] ?? 0) - leftAt;
    const rightLength = (this.#members[right + 1] ?? 0) - rightAt;
    const shorter = leftLength < rightLength ? leftLength : rightLength;
    for (let at = 0; at < shorter; at++) {
      const difference = (json[leftAt + at] ?? 0) - (json[rightAt + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return leftLength - rightLength;
  }

  /** Moves the members of one object. False when a name comes twice. */
  #reorder(mark: number, from: number, end: number): boolean {
    const order: number[] = [];
    for (let member = mark; member < this.#members.length; member += 3) {
      let place = order.length;
      for (; place > 0; place--) {
        const compared = this.#compare(order[place - 1] ?? 0, member);
        if (compared === 0) return false;
        if (compared < 0) break;
        order[place] = order[place - 1] ?? 0;
      }
      order[place] = member;
    }
    if (this.#spare.byteLength < end - from) this.#spare = viewOf(Buffer.alloc((end - from) * 2));
    move(this.#view, from, end, this.#spare, 0);
    let at = from;
    for (const member of order) {
      if (at > from) this.#view.setUint8(at++, COMMA);
      const start = this.#members[member] ?? 0;
      const stop = this.#members[member + 2] ?? 0;
      at = move(this.#spare, start - 1 - from, stop - from, this.#view, at);
    }
    return true;
  }
}

/** Copies bytes, four at a time: for runs as short as a member a call of `copy` costs more. */
function move(source: DataView, from: number, end: number, target: DataView, to: number): number {
  const stop = to + (end - from);
  let at = from;
  let place = to;
  for (; place + 4 <= stop; place += 4, at += 4) target.setUint32(place, source.getUint32(at));
  for (; place < stop; place++, at++) target.setUint8(place, source.getUint8(at));
  return stop;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isInNumber(byte: number | undefined): boolean {
  return isDigit(byte) || byte === MINUS || byte === 0x2b || byte === 0x2e || byte === 0x45 || byte === 0x65;
}
