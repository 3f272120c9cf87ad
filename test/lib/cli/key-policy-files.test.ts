import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/lib/cli/context.js';
import { lintGiven } from '../../../src/lib/cli/lint.js';
import { proveFor } from '../../../src/lib/cli/prove.js';
import { readRendered } from '../../../src/lib/cli/rendered-files.js';
import { policyProposal } from '../../../src/lib/request/access.js';
import type { Place } from '../../../src/lib/request/rotate.js';
import { createTeam, PRIMARY } from '../../support/people.js';
import { STORED, textOf, vectors } from '../policy/key-policy-vectors.js';

/** Wherever a key policy is given as a file it is told the same of it: what KMS would reject is refused, and nothing proven of it. */

const dir = mkdtempSync(join(tmpdir(), 'custody-policy-file-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const team = createTeam();
const none = { serviceControlPolicies: null, resourceControlPolicies: null };
const question = { plan: team.plan.plan, roster: team.roster, names: ['case-data'], organization: none };
/** For these ways no repository is needed, and AWS is not asked. */
const nowhere = {} as Context;
const unasked = { state: {} } as Place;

/** What was refused, or that it was not. */
async function refusal(act: () => Promise<unknown>): Promise<string> {
  return act().then(
    () => 'taken',
    (cause: { readonly code?: string }) => String(cause.code),
  );
}

const WAYS: Readonly<Record<string, (path: string, text: string) => Promise<string>>> = {
  'policy lint FILE': async (path) => {
    const { findings } = await lintGiven(nowhere, [path]);
    return findings.some(({ rule }) => rule === 'kms-rejects') ? 'POLICY_MALFORMED' : 'taken';
  },
  'policy prove --policy FILE': (path) =>
    refusal(() => proveFor(nowhere, undefined, { policy: path, account: '111122223333' })),
  'policy prove --dir DIR': () => refusal(() => readRendered(dir, question)),
  'keys policy KEY --file FILE': (_, text) =>
    refusal(() =>
      policyProposal(unasked, { key: 'root', region: null }, Buffer.from(text), { reason: '', executor: null }).catch(
        (cause: { readonly code?: string }) => {
          // Taken, so that AWS would have been asked for the key.
          if (cause.code !== undefined) throw cause;
        },
      ),
    ),
};

describe.each(Object.entries(WAYS))('%s', (_way, look) => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, { input, expect: wanted }) => {
    const [path, text] = [join(dir, `key-case-data-${PRIMARY}.json`), textOf(input)];
    writeFileSync(path, text);
    expect(await look(path, text)).toBe(STORED.includes(wanted) ? 'taken' : 'POLICY_MALFORMED');
  });
});
