import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { formatCanonical, type JsonObject } from '../../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { formatInToto } from '../../../src/lib/base/in-toto.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import { verifyFiles } from '../../../src/lib/cli/verify-files.js';
import { type AnswerPredicate, answerPath, formatAnswer, parseAnswer } from '../../../src/lib/drill/answer.js';
import { type Asking, drillChallenge } from '../../../src/lib/drill/answers.js';
import { askChallenge } from '../../../src/lib/drill/ask-challenge.js';
import {
  CHALLENGE_TYPE,
  type ChallengePredicate,
  challengeIdOf,
  challengePath,
  formatChallenge,
  parseChallenge,
} from '../../../src/lib/drill/challenge.js';
import { type Challenge, challengeNow, closedBecause } from '../../../src/lib/drill/challenges.js';
import type { Drilled } from '../../../src/lib/drill/history.js';
import { Probe } from '../../../src/lib/drill/probe.js';
import { challengeToAnswer, signAnswer } from '../../../src/lib/drill/sign-answer.js';
import type { DrillCheck } from '../../../src/lib/drill/verdict.js';
import { challengeNotices, waitingChallenge } from '../../../src/lib/drill/waiting.js';
import { ledgerPath } from '../../../src/lib/ledger/paths.js';
import { open as openRecord } from '../../../src/lib/record/envelope.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { formatNotice, noticeName } from '../../../src/lib/request/notices.js';
import { rosterDigest } from '../../../src/lib/roster/format.js';
import { identitiesOf } from '../../../src/lib/roster/rules.js';
import { keyStatementSigner, keyStatementVerifier } from '../../../src/lib/signing/key-statement.js';
import { copyOffice, createOffice, type Office } from '../../support/office.js';
import { NOON, type Who } from '../../support/people.js';

/** Challenges of drills, and what passes for an answer: each story in an office of its own, each attack through the remote. */

const WHO = ['architect', 'privacy', 'deputy'] as const;
const DAY = 86_400;
let founded: Office;
let office: Office;

beforeAll(async () => {
  founded = await createOffice();
});
/** A story of its own, wherever the one before has left its office. */
const anew = () => {
  office = copyOffice(founded);
};

const state = () => lookUp(office.desk('architect').ports, 'remote');
const verifier = () => keyStatementVerifier([...identitiesOf(office.team.roster).values()].map(({ key }) => key));
const ask = async (who: Who = 'ci', of = office) => {
  const { ports, actor } = of.desk(who);
  return askChallenge(ports, await lookUp(ports, 'remote'), actor, verifier());
};
const answer = async (who: Who, challenge?: Challenge) => {
  const { ports, actor } = office.desk(who);
  const seen = await lookUp(ports, 'remote');
  const asked = challenge ?? (await challengeToAnswer(seen, verifier(), ports));
  return signAnswer(ports, seen, actor, verifier(), asked, ['seat architect: x']);
};
const sealed = (who: Who, payload: Uint8Array) => keyStatementSigner(office.team.signers[who]).seal(payload);
/** A push past the tool. */
const put = async (path: string, bytes: Uint8Array) => {
  await office.desk('outsider').ports.store.publish(async () => ({ message: 'x', files: new Map([[path, bytes]]) }));
};
const bytesAt = async (path: string) => (await (await state()).view.read([path])).get(path) ?? new Uint8Array();

async function checks(change: (one: Asking) => Partial<Asking> = () => ({})) {
  const { ports } = office.desk('architect');
  const scene: Asking = { ports, state: await state(), verifier: verifier(), history: [] };
  const probe = new Probe('challenge', () => 0);
  await drillChallenge({ ...scene, ...change(scene) }, probe);
  return probe.checks;
}
const statuses = (found: readonly DrillCheck[]) => found.map(({ id, status }) => `${id.slice(10)} ${status}`);
const detailOf = (found: readonly DrillCheck[], who: string) =>
  found.find(({ id }) => id === `challenge.${who}`)?.detail ?? '';
const nobody = WHO.map((who) => `${who} skip`);

const asPredicate = (challenge: Challenge, by: Who, change: Partial<AnswerPredicate> = {}): AnswerPredicate => ({
  repository: office.team.roster.repository,
  by,
  at: office.clock.now(),
  head: challenge.said.head,
  challenge: challenge.digest,
  access: ['x'],
  ...change,
});

describe('a challenge', () => {
  it('is asked once, whoever asks, and told of in the ledger', async () => {
    anew();
    expect(statuses(await checks())).toEqual(nobody);
    expect(detailOf(await checks(), 'deputy')).toContain('none was ever asked');
    const { challenge, created } = await ask('ci');
    expect([created, challenge.said.by, challenge.path]).toEqual([true, 'ci', challengePath(challenge.id)]);
    expect(challenge.said.nonce).toMatch(/^[0-9a-f]{64}$/);
    expect(await ask('deputy')).toEqual({ challenge, created: false });
    const { view } = await state();
    const last = (await view.pathsUnder('ledger/')).length - 1;
    const entry = JSON.parse(Buffer.from(await bytesAt(ledgerPath(last))).toString('utf8'));
    expect(entry).toMatchObject({ kind: 'challenge', by: 'ci', facts: { challenge: challenge.digest } });
    // And two are never alike.
    office.clock.advance(8 * DAY);
    const next = await ask('ci');
    expect(next.created).toBe(true);
    expect(next.challenge.said.nonce).not.toBe(challenge.said.nonce);
  });

  it('of two who ask at the same moment is one', async () => {
    anew();
    const theirs: string[] = [];
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      theirs.push((await ask('privacy')).challenge.id);
    };
    const { challenge, created } = await ask('architect');
    expect([[challenge.id], created]).toEqual([theirs, false]);
    expect((await (await state()).view.pathsUnder('challenges/')).length).toBe(1);
  });

  it('that was pushed by a run that was killed is the one of the next run', async () => {
    anew();
    office.remote.loseNextAnswer = true;
    await expect(ask('architect')).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
    const again = await ask('architect');
    expect(again.created).toBe(false);
    expect((await (await state()).view.pathsUnder('challenges/')).length).toBe(1);
  });

  it('of two that are open is the newest, and of two of one moment the same for everybody', async () => {
    anew();
    const { challenge } = await ask();
    const pushed = async (at: string) => {
      const said = { ...challenge.said, at: at as typeof challenge.said.at, nonce: '7'.repeat(64) };
      const bytes = await sealed('ci', formatChallenge(said));
      const id = challengeIdOf(digestOf(bytes));
      await put(challengePath(id), bytes);
      return id;
    };
    const now = async () => {
      const seen = await state();
      const rules = { state: seen, history: [], now: office.clock.now() };
      // However a store lists them.
      const both = await challengeNow(seen.view, verifier(), rules);
      const read: typeof seen.view.read = async (paths) => new Map([...(await seen.view.read(paths))].reverse());
      const back = await challengeNow({ ...seen.view, read }, verifier(), rules);
      expect(back.challenge?.id).toBe(both.challenge?.id);
      return both.challenge?.id;
    };
    await pushed(addSeconds(challenge.said.at, -60));
    expect(await now()).toBe(challenge.id);
    const twin = await pushed(challenge.said.at);
    expect(await now()).toBe([challenge.id, twin].sort().at(-1));
    const newer = await pushed(addSeconds(challenge.said.at, 1));
    expect(await now()).toBe(newer);
  });

  it('is asked by no stranger', async () => {
    anew();
    await expect(ask('outsider')).rejects.toMatchObject({ code: 'SIGNER_UNKNOWN' });
    expect(await (await state()).view.pathsUnder('challenges/')).toEqual([]);
  });

  it('is verified by an outsider, and is nothing else (T64)', async () => {
    anew();
    const { challenge } = await ask();
    const bytes = await bytesAt(challenge.path);
    const good = await verifyFiles([{ path: 'x.json', bytes }], office.team.roster);
    expect([good.verdict, good.records]).toMatchObject(['verified', [{ kind: 'challenge', signer: 'ci' }]]);
    expect(good.checks[0]?.detail).toContain(challenge.said.nonce);
    expect(() => openRecord(bytes, 'x')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
    const payload = formatChallenge(challenge.said);
    expect(() => parseAnswer(payload, 'x')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
    expect(() => parseChallenge(formatAnswer(asPredicate(challenge, 'deputy'), challenge.id), 'x')).toThrow(
      expect.objectContaining({ code: 'RECORD_MALFORMED' }),
    );
    const forged = await sealed('deputy', payload);
    expect(await verifyFiles([{ path: 'x.json', bytes: forged }], office.team.roster)).toMatchObject({
      verdict: 'refused',
      records: [],
    });
  });

  it('is closed in time, under another roster, in another history, and when it is done; each says why', async () => {
    anew();
    const { challenge } = await ask();
    const own = await state();
    const rules = { state: own, history: [], now: addSeconds(NOON, 60) };
    const window = own.plan.plan.quorum.approvalWindowSeconds;
    const shorter = { ...own.plan.plan, quorum: { ...own.plan.plan.quorum, approvalWindowSeconds: 3600 } };
    const after = digestOf('gone');
    const said = (change: Partial<ChallengePredicate>) => ({ ...challenge, said: { ...challenge.said, ...change } });
    const cases: [string, Challenge, Partial<Parameters<typeof closedBecause>[1]>, RegExp | null][] = [
      ['open', challenge, {}, null],
      ['to its end', challenge, { now: addSeconds(NOON, window - 1) }, null],
      ['and no longer', challenge, { now: addSeconds(NOON, window) }, /was open until/],
      [
        'the plan in force is shorter',
        challenge,
        { now: addSeconds(NOON, 3600), state: { ...own, plan: { ...own.plan, plan: shorter } } },
        /was open until/,
      ],
      ['its own end is earlier', said({ expiresAt: addSeconds(NOON, 50) }), {}, /was open until/],
      ['from the future', said({ at: addSeconds(NOON, 600) }), {}, /in the future/],
      ['another roster', challenge, { state: { ...own, rosterDigest: digestOf('2') } }, /under roster 1/],
      ['another history', said({ after }), {}, /follows a drill that is not here/],
      [
        'another drill of another history',
        said({ after }),
        { history: [{ digest: digestOf('another drill'), said: {} as Drilled['said'] }] },
        /follows a drill that is not here/,
      ],
      ['its own history', said({ after }), { history: [{ digest: after, said: {} as Drilled['said'] }] }, null],
    ];
    for (const [what, one, change, because] of cases) {
      const found = closedBecause(one, { ...rules, ...change });
      if (because === null) expect([what, found]).toEqual([what, null]);
      else expect([what, found]).toEqual([what, expect.stringMatching(because)]);
    }
  });

  it.each([
    ['a verified drill has seen every answer', 'verified', ['pass', 'pass', 'pass'], true, 'pass'],
    ['one answer was missing', 'verified', ['pass', 'skip', 'pass'], false, 'pass'],
    ['the drill was not verified', 'not-verified', ['pass', 'pass', 'pass'], false, 'pass'],
    ['something in it was no answer', 'not-verified', ['pass', 'fail', 'skip'], true, 'pass'],
    ['something else was lost', 'not-verified', ['pass', 'pass', 'pass'], false, 'fail'],
    ['something else is open', 'verified', ['pass', 'pass', 'pass'], true, 'skip'],
  ] as const)('is done or not: %s', async (_, verdict, found, done, other) => {
    anew();
    const { challenge } = await ask();
    const answers = found.map((status, at) => ({ id: `challenge.${WHO[at]}`, drill: 'challenge' as const, status }));
    const own = [...answers, { id: 'cycle.executed', drill: 'cycle' as const, status: other }];
    const { id, digest, said } = challenge;
    const drill = (named: string) => ({
      digest: digestOf('drill'),
      said: { verdict, quarter: '2026-q1', number: 1, checks: own, challenge: { id, digest: named, by: said.by } },
    });
    const closed = async (named: string) =>
      closedBecause(challenge, {
        state: await state(),
        history: [drill(named) as unknown as Drilled],
        now: office.clock.now(),
      });
    expect((await closed(digest)) !== null).toBe(done);
    expect(await closed(digestOf('another challenge'))).toBeNull();
  });
});

describe('what is no challenge', () => {
  it('counts for nothing, and neither proves nor denies anything', async () => {
    anew();
    const { challenge } = await ask();
    const { said } = challenge;
    const other = { ...said, nonce: '0'.repeat(64), at: addSeconds(said.at, 1) };
    const forged: [string, Uint8Array][] = [
      ['signed by another', await sealed('deputy', formatChallenge({ ...other, by: 'privacy' }))],
      ['signed by a stranger', await sealed('outsider', formatChallenge({ ...other, by: 'outsider' }))],
      ['of another repository', await sealed('ci', formatChallenge({ ...other, repository: '0'.repeat(16) }))],
      [
        'under a roster that nobody knows',
        await sealed('ci', formatChallenge({ ...other, rosterDigest: digestOf('x') })),
      ],
      ['under another version of the roster', await sealed('ci', formatChallenge({ ...other, rosterVersion: 2 }))],
      ['an answer', await sealed('privacy', formatAnswer(asPredicate(challenge, 'privacy'), challenge.id))],
      ['noise', Buffer.from('{}')],
    ];
    for (const [, bytes] of forged) await put(challengePath(challengeIdOf(digestOf(bytes))), bytes);
    // A good one under another name: its name is that of its bytes.
    await put(challengePath('c-aaaaaaaaaa'), await sealed('ci', formatChallenge(other)));
    const { ports } = office.desk('architect');
    const seen = await state();
    const rules = { state: seen, history: [], now: ports.clock.now() };
    expect((await challengeNow(seen.view, verifier(), rules)).challenge?.id).toBe(challenge.id);
    expect(statuses(await checks())).toEqual(nobody);
    office.clock.advance(8 * DAY);
    expect(detailOf(await checks(), 'deputy')).toMatch(/was open until .*; challenges\/c-\S+ is none: /);
  });

  const shape = (change: JsonObject, subject: JsonObject = {}) => {
    const digest = digestOf('roster');
    const predicate = {
      tool: { name: 'custody', version: '0.1.0', digest: digestOf('tool') },
      repository: '0123456789abcdef',
      by: 'ci',
      at: NOON,
      head: 'c0ffee'.padEnd(40, '0'),
      rosterVersion: 1,
      rosterDigest: digest,
      after: null,
      nonce: 'a'.repeat(64),
      expiresAt: addSeconds(NOON, 7 * DAY),
      ...change,
    };
    return formatInToto({
      subjects: [{ name: 'roster/1.json', digest, ...subject }],
      predicateType: CHALLENGE_TYPE,
      predicate,
    });
  };
  it.each<[string, JsonObject, JsonObject?]>([
    ['a short nonce', { nonce: 'a'.repeat(62) }],
    ['a nonce that is no hex', { nonce: 'g'.repeat(64) }],
    ['no nonce', { nonce: null }],
    ['an end before its beginning', { expiresAt: NOON }],
    ['an end after more than thirty days', { expiresAt: addSeconds(NOON, 30 * DAY + 1) }],
    ['an unknown field', { quarter: '2026-q1' }],
    ['no roster', { rosterDigest: 'sha256:0' }],
    ['another subject', {}, { name: 'plan/1.json' }],
    ['the digest of another subject', {}, { digest: digestOf('other') }],
  ])('by its shape: %s', (_, change, subject) => {
    expect(parseChallenge(shape({}), 'x').by).toBe('ci');
    expect(() => parseChallenge(shape(change, subject), 'x')).toThrow(
      expect.objectContaining({ code: 'RECORD_MALFORMED' }),
    );
  });
});

describe('an answer', () => {
  it('is of each custodian, to the open challenge; who is missing is named', async () => {
    anew();
    const { challenge } = await ask();
    await answer('architect');
    await answer('privacy');
    const found = await checks();
    expect(statuses(found)).toEqual(['architect pass', 'privacy pass', 'deputy skip']);
    expect(detailOf(found, 'deputy')).toContain(`deputy has not answered ${challenge.id}: custody dr answer, until `);
    expect(detailOf(found, 'privacy')).toContain(`privacy signed ${challenge.id}, asked by ci`);
    await answer('deputy');
    expect(statuses(await checks())).toEqual(WHO.map((who) => `${who} pass`));
    await expect(answer('deputy')).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(answer('ci')).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('that is stale, to the challenge before, counts for nothing', async () => {
    anew();
    const { challenge: before } = await ask();
    for (const who of WHO) await answer(who);
    office.clock.advance(8 * DAY);
    expect(statuses(await checks())).toEqual(nobody);
    const { challenge } = await ask();
    const found = await checks();
    expect(statuses(found)).toEqual(nobody);
    expect(detailOf(found, 'deputy')).toContain(`has not answered ${challenge.id} (the last answer, of `);
    expect(detailOf(found, 'deputy')).toContain(`is to ${before.id})`);
  });

  it('that is replayed in the place of one to the open challenge is a loss', async () => {
    anew();
    const { challenge: before } = await ask();
    await answer('deputy');
    const old = await bytesAt(answerPath(before.id, 'deputy'));
    office.clock.advance(8 * DAY);
    const { challenge } = await ask();
    await put(answerPath(challenge.id, 'deputy'), old);
    const found = await checks();
    expect(statuses(found)).toEqual(['architect skip', 'privacy skip', 'deputy fail']);
    expect(detailOf(found, 'deputy')).toContain(`it is the answer to ${before.id}, replayed`);
    // The deputy is told, and no answer is written over it.
    await expect(answer('deputy')).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('lies what is none'),
    });
  });

  it('is none in another name, to another challenge, from before, from the future, or of another type (T64)', async () => {
    anew();
    const { challenge } = await ask();
    const made = (change: Partial<AnswerPredicate> = {}, by: Who = 'deputy') => asPredicate(challenge, by, change);
    const other = digestOf('another challenge');
    const altered = (bytes: Uint8Array) => {
      const bundle = JSON.parse(Buffer.from(bytes).toString('utf8'));
      const [signature] = bundle.dsseEnvelope.signatures;
      const flipped = Buffer.from(signature.sig, 'base64');
      flipped[20] = (flipped[20] ?? 0) ^ 1;
      signature.sig = flipped.toString('base64');
      return Buffer.from(formatCanonical(bundle));
    };
    const good = await sealed('deputy', formatAnswer(made(), challenge.id));
    const forged: [string, Uint8Array, RegExp][] = [
      ['signed by another', await sealed('privacy', formatAnswer(made(), challenge.id)), /deputy has not signed it/],
      ["another's own", await sealed('privacy', formatAnswer(made({}, 'privacy'), challenge.id)), /deputy has not/],
      ['signed by a stranger', await sealed('outsider', formatAnswer(made(), challenge.id)), /nobody has pinned/],
      ['signed by automation', await sealed('ci', formatAnswer(made({}, 'ci'), challenge.id)), /ci has not signed it/],
      ['an altered signature', altered(good), /does not verify|not/],
      [
        'another challenge',
        await sealed('deputy', formatAnswer(made({ challenge: other }), challengeIdOf(other))),
        /a challenge that nobody has asked here/,
      ],
      [
        'the subject of one, the digest of another',
        await sealed('deputy', formatAnswer(made({ challenge: other }), challenge.id)),
        /its subject is not/,
      ],
      [
        'from before',
        await sealed('deputy', formatAnswer(made({ at: addSeconds(NOON, -3600) }), challenge.id)),
        /older/,
      ],
      [
        'the future',
        await sealed('deputy', formatAnswer(made({ at: addSeconds(NOON, 3600) }), challenge.id)),
        /future/,
      ],
      [
        'another repository',
        await sealed('deputy', formatAnswer(made({ repository: '0'.repeat(16) }), challenge.id)),
        /another repository/,
      ],
      ['the challenge itself', await bytesAt(challenge.path), /predicate type/],
      ['noise', Buffer.from('{}'), /./],
    ];
    const path = answerPath(challenge.id, 'deputy');
    for (const [what, bytes, because] of forged) {
      const copy = copyOffice(office);
      const mine = office;
      office = copy;
      await put(path, bytes);
      const found = await checks();
      expect([what, statuses(found)]).toEqual([what, ['architect skip', 'privacy skip', 'deputy fail']]);
      expect(detailOf(found, 'deputy')).toMatch(because);
      office = mine;
    }
    await put(path, good);
    expect(statuses(await checks())).toEqual(['architect skip', 'privacy skip', 'deputy pass']);
  });

  it('of one who has left the roster, or was never asked, is named and counts for nothing', async () => {
    anew();
    const { challenge } = await ask();
    for (const who of WHO) await answer(who);
    const { roster } = office.team;
    const without = { ...roster, version: 2, custodians: roster.custodians.filter(({ id }) => id !== 'deputy') };
    const under = ({ state: own }: Asking) => ({
      state: { ...own, roster: without, rosters: [roster, without], rosterDigest: rosterDigest(without) },
    });
    // A change of the roster ends what was asked under the one before.
    const ended = await checks(under);
    expect(statuses(ended)).toEqual(['architect skip', 'privacy skip']);
    expect(detailOf(ended, 'privacy')).toContain('was asked under roster 1');
    // And an answer to what is asked now, by the key of one who is gone, in the old place or in that of another.
    const said = { ...challenge.said, rosterVersion: 2, rosterDigest: rosterDigest(without), nonce: '1'.repeat(64) };
    const bytes = await sealed('ci', formatChallenge(said));
    const next = { ...challenge, id: challengeIdOf(digestOf(bytes)), digest: digestOf(bytes), said };
    await put(challengePath(next.id), bytes);
    for (const place of ['deputy', 'privacy'])
      await put(
        answerPath(next.id, place),
        await sealed('deputy', formatAnswer(asPredicate(next, place as Who), next.id)),
      );
    await put(
      answerPath(next.id, 'nobody'),
      await sealed('outsider', formatAnswer(asPredicate(next, 'outsider'), next.id)),
    );
    const found = await checks(under);
    expect(statuses(found)).toEqual(['architect skip', 'privacy fail', 'stranger.deputy fail', 'stranger.nobody fail']);
    expect(detailOf(found, 'privacy')).toContain('the roster lists that key of deputy no more');
    expect(detailOf(found, 'stranger.deputy')).toContain('deputy, who holds no seat any more');
    expect(detailOf(found, 'stranger.nobody')).toMatch(/nobody, who holds no seat$/);
  });

  it('that is missing is asked for on every way to a custodian, and of nobody else', async () => {
    anew();
    const waiting = async () => waitingChallenge(await state(), verifier(), office.clock.now());
    const told = async (who: Who) =>
      challengeNotices(await waiting(), office.desk(who).actor.identity, office.team.roster.repository);
    expect([await waiting(), await told('deputy')]).toEqual([null, []]);
    const { challenge } = await ask();
    await answer('architect');
    const path = answerPath(challenge.id, 'privacy');
    // Whoever has something else in the place of an answer is not asked again: a drill says so.
    await put(path, await sealed('deputy', formatAnswer(asPredicate(challenge, 'deputy'), challenge.id)));
    expect(await waiting()).toMatchObject({ id: challenge.id, by: 'ci', silent: ['deputy'] });
    expect([await told('architect'), await told('privacy'), await told('ci')]).toEqual([[], [], []]);
    const [notice] = await told('deputy');
    if (!notice) throw new Error('no notice');
    expect(noticeName(notice)).toBe(`challenge-waiting ${challenge.id} deputy`);
    expect(JSON.parse(formatNotice(notice))).toEqual({
      schema: 1,
      kind: 'challenge-waiting',
      repository: office.team.roster.repository,
      custodian: 'deputy',
      challenge: { id: challenge.id, digest: challenge.digest, by: 'ci', until: challenge.said.expiresAt },
    });
    await answer('deputy');
    expect(await told('deputy')).toEqual([]);
    office.clock.advance(8 * DAY);
    expect(await waiting()).toBeNull();
  });

  it('is asked for by a challenge alone: without one there is nothing to answer', async () => {
    anew();
    await expect(answer('deputy')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(answer('deputy')).rejects.toBeInstanceOf(CustodyError);
  });
});
