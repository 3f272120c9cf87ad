import { CustodyError } from '../base/errors.js';
import { readRecords } from '../trail/records.js';
import type { Batch, Source } from './source.js';

/** One line may be a whole log file as Firehose hands it on; an event of EventBridge has at most 256 KB. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

/**
 * Lines of JSON from a stream: a record of CloudTrail each, in an envelope of EventBridge or not, or `{"Records": […]}`.
 * Nothing vouches for them but whoever sends them.
 * @param lines each without its end; one that is too long is one byte longer than MAX_LINE_BYTES
 */
export function sourceOfLines(lines: AsyncIterable<Uint8Array>): Source {
  async function* batches(): AsyncGenerator<Batch> {
    let number = 0;
    for await (const line of lines) {
      number++;
      if (isBlank(line)) continue;
      yield { where: `stdin:${number}`, content: contentOf(line), evidence: 'none', settled: null };
    }
  }
  const end = { mark: null, findings: [], covered: {}, files: 0, waiting: 0, gaps: [] };
  return { name: 'stdin', backing: 'none', from: null, batches, end: () => end };
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function contentOf(line: Uint8Array): Batch['content'] {
  if (line.length > MAX_LINE_BYTES) return { why: `the line is longer than ${MAX_LINE_BYTES} bytes` };
  try {
    return readRecords(line, 'the line');
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return { why: cause.message };
    throw cause;
  }
}
