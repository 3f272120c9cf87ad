import { visible } from './visible.js';

/** What is going on, for people, on stderr. */
export interface Progress {
  readonly tell: (text: string) => void;
  done(): void;
}

/** One line that is overwritten on a terminal, one line each elsewhere. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  let shown = false;
  return {
    tell: (text) => {
      // A percentage is for a line that is overwritten; in a log it would be a hundred lines.
      if (!stream.isTTY && / \d{1,3} %$/.test(text)) return;
      const line = visible(text, stream.isTTY ? Math.max(20, (stream.columns || 80) - 4) : 500);
      stream.write(stream.isTTY ? `\r\u001b[2K… ${line}` : `… ${line}\n`);
      shown = stream.isTTY === true;
    },
    done: () => {
      if (shown) stream.write('\r\u001b[2K');
      shown = false;
    },
  };
}
