import { describe, expect, it } from 'vitest';
import { casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { formatNotice, noticesOf } from '../../../src/lib/request/notices.js';
import { createOffice, type Office } from '../../support/office.js';
import type { Who } from '../../support/people.js';

async function noticesFor(office: Office, who: Who) {
  const { ports, actor } = office.desk(who);
  const { cases } = await casesOf(ports, await lookUp(ports, 'remote'));
  return noticesOf(cases, office.team.plan.plan, actor.identity, office.clock.now());
}

const kinds = async (office: Office, who: Who) => (await noticesFor(office, who)).map(({ kind }) => kind);

describe('notices', () => {
  it('tell each custodian who has not signed, again before the window closes, and nobody of what is over', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('architect', id);
    expect(await noticesFor(office, 'privacy')).toMatchObject([
      { kind: 'request-opened', custodian: 'privacy', request: { id, action: 'key.rotate', missingSignatures: 1 } },
    ]);
    expect(await kinds(office, 'architect')).toEqual([]);
    expect(await kinds(office, 'ci')).toEqual([]);
    office.clock.advance(6 * 86_400 + 60);
    expect(await kinds(office, 'privacy')).toEqual(['request-opened', 'signature-missing']);
    await office.approve('privacy', id);
    expect(await kinds(office, 'deputy')).toEqual([]);
    office.clock.advance(19 * 3600);
    for (const who of ['architect', 'privacy', 'deputy', 'ci'] as const)
      expect(await kinds(office, who)).toEqual(['execution-waiting']);
    office.clock.advance(6 * 3600);
    expect(await kinds(office, 'deputy')).toEqual([]);
  });

  it('T7 T8 hold nothing that a person wrote freely', async () => {
    const office = await createOffice();
    await office.open('architect', { reason: 'a reason \u001b]52;c;Zm9v\u0007' });
    const [notice] = await noticesFor(office, 'privacy');
    if (!notice) throw new Error('no notice');
    expect(formatNotice(notice)).not.toContain('a reason');
    expect(formatNotice(notice)).toMatch(/^\{"custodian":"privacy",.*\}\n$/);
  });
});
