import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/lib/base/time.js';
import { type MaterialFacts, materialFacts, materialText } from '../../../src/lib/cli/material-list.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { observeEstate } from '../../../src/lib/request/estate.js';
import { rotateProposal } from '../../../src/lib/request/rotate.js';
import { PRIMARY } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

let office: SandboxOffice & { close(): void };
beforeAll(async () => {
  office = await createSandboxOffice();
});
afterAll(() => office.close());

async function listed(name: string) {
  const { ports, aws } = office.desk('privacy');
  const { plan } = (await lookUp(ports, 'local')).plan;
  const estate = await observeEstate(aws.reader, plan, ports.progress, { names: [name] });
  return materialFacts(aws.reader, estate, name);
}

describe('the materials of a key', () => {
  it('are listed once there is more than the first, the current one first, with what made it so', async () => {
    await createKey(office, 'case-data');
    const [first, ...rest] = await listed('case-data');
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ region: PRIMARY, state: 'CURRENT', importState: null, rotation: null });
    expect(materialText(first ? [first] : [])).toBeNull();

    const { ports, aws } = office.desk('architect');
    const state = await lookUp(ports, 'local');
    const place = { ports, aws, state, plan: state.plan.plan };
    const id = await office.approved(await rotateProposal(place, 'case-data', { reason: '', executor: null }));
    await office.execute('deputy', id);
    office.clock.advance(3600);
    const materials = await listed('case-data');
    expect(materials.map(({ id: of, state: is }) => [of === first?.id, is])).toEqual([
      [false, 'CURRENT'],
      [true, 'NON_CURRENT'],
    ]);
    expect(materials[0]?.rotation).toMatchObject({ type: 'ON_DEMAND' });
    const text = materialText(materials) ?? '';
    expect(text.indexOf(materials[0]?.id ?? '?')).toBeLessThan(text.indexOf(first?.id ?? '?'));
    expect(text).toContain('ON_DEMAND');
  });

  const imported: MaterialFacts = {
    id: 'a'.repeat(64),
    region: PRIMARY,
    state: 'CURRENT',
    importState: 'IMPORTED',
    expiresAt: null,
    description: null,
    rotation: null,
  };
  it.each<[string, Partial<MaterialFacts>, RegExp]>([
    ['stays', {}, /expires +never/],
    ['goes by itself', { expiresAt: parseInstant('2027-01-31T09:00:00.000Z') }, /expires +2027-01-31T09:00:00\.000Z/],
    ['is not there', { importState: 'PENDING_IMPORT' }, /it is not there: nothing under it can be read/],
    ['waits', { state: 'PENDING_ROTATION' }, /waits for a rotation/],
    ['was described', { description: 'HSM 7' }, /HSM 7/],
  ])('say of imported material that it %s', (_, change, said) => {
    expect((materialText([{ ...imported, ...change }]) ?? '').replaceAll(/\s+/g, ' ')).toMatch(said);
  });

  it('say nothing of expiry where the material is not there', () => {
    expect(materialText([{ ...imported, importState: 'PENDING_IMPORT' }])).not.toContain('expires');
  });
});
