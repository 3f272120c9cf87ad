import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePublicSigner } from '../../../src/lib/cli/signers.js';

interface Vector {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expect: string;
}
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/cli/public-signer.json', import.meta.url), 'utf8'),
) as Vector[];

describe('T21 a file of signer create', () => {
  it.each(VECTORS)('$name', ({ input, expect: expected }) => {
    const read = () => parsePublicSigner(Buffer.from(JSON.stringify(input)), 'architect.json');
    if (expected !== 'local' && expected !== 'kms') {
      expect(read).toThrow(expect.objectContaining({ code: expected, exit: 2 }));
      return;
    }
    const { publicKey, ...seat } = (input.signer ?? input) as Record<string, unknown>;
    const { id, name, duty, roleArn } = seat;
    const draft = read();
    expect(draft).toMatchObject({ id, name, duty, roleArn });
    expect(draft.keys).toEqual([{ publicKey, home: expect.objectContaining({ type: expected }) }]);
  });
});
