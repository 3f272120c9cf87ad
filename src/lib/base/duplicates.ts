/** Where one open object or list stands: the names seen (null for a list), the name or index being read. */
interface Frame {
  readonly names: Set<string> | null;
  at: string | number;
  expectsName: boolean;
}

/**
 * The path of the first object name that occurs twice in its object (after escapes are resolved), `null` when there is
 * none. `json` must already be known to be valid JSON.
 */
export function findDuplicateName(json: string): string | null {
  const frames: Frame[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    const frame = frames.at(-1);
    if (char === '"') {
      const end = endOfString(json, at);
      if (frame?.names && frame.expectsName) {
        frame.at = JSON.parse(json.slice(at, end + 1)) as string;
        if (frame.names.has(frame.at)) return pathOf(frames);
        frame.names.add(frame.at);
        frame.expectsName = false;
      }
      at = end;
    } else if (char === '{') frames.push({ names: new Set(), at: '', expectsName: true });
    else if (char === '[') frames.push({ names: null, at: 0, expectsName: false });
    else if (char === '}' || char === ']') frames.pop();
    else if (char === ',' && frame) advance(frame);
  }
  return null;
}

function advance(frame: Frame): void {
  if (typeof frame.at === 'number') frame.at++;
  else frame.expectsName = true;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

function pathOf(frames: readonly Frame[]): string {
  return frames
    .map(({ at }) => (typeof at === 'number' ? `[${at}]` : `.${at}`))
    .join('')
    .slice(1);
}
