import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from './cli.js';

/** Founds a repository whose plan has case-data alone, and makes the key: a backup of it is complete. */
export async function foundOneKey(more = ''): Promise<Ceremony> {
  const ceremony = await Ceremony.found((draft) => `${onlyCaseData(draft)}\n${more}`);
  try {
    await makeCaseData(ceremony);
    return ceremony;
  } catch (cause) {
    await ceremony.end();
    throw cause;
  }
}

/** The draft without every other key. */
export function onlyCaseData(draft: string): string {
  const [, block = ''] = /\n( {2}case-data:\n(?: {4}.*\n)+)/.exec(draft) ?? [];
  const from = draft.indexOf('\nkeys:\n');
  const to = draft.indexOf('\nledger:\n');
  if (block === '' || from < 0 || to < from) throw new Error('the template has another form');
  return `${draft.slice(0, from)}\nkeys:\n${block.replace('parent: root', 'parent: null')}${draft.slice(to)}`;
}

/** Makes the one key of the plan through the quorum. */
export async function makeCaseData(ceremony: Ceremony): Promise<void> {
  const { json } = await ceremony.ok('architect', 'keys', 'apply', '--reason', 'first installation');
  const [made] = listAt(json, 'requests').map((item) => at(item, 'request') ?? item);
  const [id, digest] = [textAt(made, 'id'), textAt(made, 'digest')];
  for (const player of ['architect', 'privacy'] as const)
    await ceremony.ok(player, 'keys', 'approve', id, '--reviewed', digest);
  const done = await ceremony.ok('deputy', 'keys', 'execute', id);
  ceremony.caseDataArn = textAt(done.json, 'receipt', 'key', 'arn');
}
