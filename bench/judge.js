// Judging 10,000 requests with two approvals each, records in memory, against as many raw ECDSA verifications.
import { createPublicKey, verify } from 'node:crypto';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../build/lib/base/dsse.js';
import { addSeconds, instantFromMillis } from '../build/lib/base/time.js';
import { planDigest } from '../build/lib/plan/format.js';
import { judge } from '../build/lib/quorum/judge.js';
import { open, seal } from '../build/lib/record/envelope.js';
import { rosterDigest } from '../build/lib/roster/format.js';
import { approvalStatement, createTeam, requestStatement } from './fixture.js';
import { median } from './measure.js';

/** Requests in a turn: short, so that a machine that slows down slows down both sides. */
const TURN = 100;
const HEAD = 'c0ffee'.padEnd(40, '0');

/** @returns {Promise<{ name: string, requests: number, signatures: number, judgeMillis: number, rawMillis: number, ratio: number, openMillis: number, openRatio: number }>} */
export async function benchJudge(requests = 10_000, rounds = 3) {
  const team = createTeam();
  const at = instantFromMillis(Date.now() - 3_600_000);
  const files = [];
  for (let n = 0; n < requests; n++) files.push(await caseFiles(team, at));
  const rules = rulesOf(team);
  const now = instantFromMillis(Date.now());
  const raw = files.map((ofOne) => ofOne.map(rawFacts(team)));
  const ratios = [];
  const openRatios = [];
  const times = { judge: [], open: [], raw: [] };
  for (let round = -1; round < rounds; round++) {
    let [judgeMillis, openMillis, rawMillis] = [0, 0, 0];
    for (let from = 0; from < requests; from += TURN) {
      const turn = files.slice(from, from + TURN);
      judgeMillis += cpuMillis(() => judgeAll(read(turn), rules, now));
      const opened = read(turn);
      openMillis += cpuMillis(() => judgeAll(opened, rules, now));
      rawMillis += cpuMillis(() => verifyAll(raw.slice(from, from + TURN).flat()));
    }
    if (round < 0) continue;
    times.judge.push(judgeMillis);
    times.open.push(openMillis);
    times.raw.push(rawMillis);
    openRatios.push(openMillis / rawMillis);
    ratios.push(judgeMillis / rawMillis);
  }
  return {
    name: 'judge',
    requests,
    signatures: raw.flat().length,
    judgeMillis: median(times.judge),
    rawMillis: median(times.raw),
    ratio: median(ratios),
    openMillis: median(times.open),
    openRatio: median(openRatios),
  };
}

async function caseFiles(team, at) {
  const { architect, privacy, deputy } = team.actors;
  const request = await seal(requestStatement(team, 'case-data', at, HEAD).statement, architect.signer);
  const { digest } = open(request);
  const approvals = [];
  for (const [actor, seconds] of [
    [privacy, 60],
    [deputy, 120],
  ]) {
    approvals.push(
      await seal(approvalStatement(team, digest, actor.identity.id, addSeconds(at, seconds), HEAD), actor.signer),
    );
  }
  return [request, ...approvals];
}

function rulesOf({ plan, roster }) {
  const inForce = { planDigest: planDigest(plan), rosterDigest: rosterDigest(roster) };
  return { repository: roster.repository, plan: plan.plan, roster, ...inForce, inForce, frozen: new Set() };
}

/** Reads every record from its bytes: all before any is judged, as the product does (`request/case`, readCases). */
function read(files) {
  return files.map((folder) => folder.map((bytes) => open(bytes)));
}

function judgeAll(opened, rules, now) {
  for (const [request, ...records] of opened) {
    const sees = new Map([request, ...records].map(({ fileDigest }) => [fileDigest, new Set()]));
    const verdict = judge({ request, records, sees }, rules, now);
    if (verdict.state !== 'approved') throw new Error(`expected approved, found ${verdict.state}: ${verdict.because}`);
  }
}

/** What a verification needs, prepared beforehand: the floor is the signature alone. */
function rawFacts(team) {
  const keys = new Map(
    Object.values(team.actors).map(({ signer }) => [
      signer.publicKey.keyId,
      createPublicKey({ key: signer.publicKey.spki, format: 'der', type: 'spki' }),
    ]),
  );
  const byHint = new Map([...keys].map(([keyId, key]) => [Buffer.from(keyId.slice(7), 'hex').toString('base64'), key]));
  return (bytes) => {
    const { payload, signature, hint } = open(bytes);
    return { key: byHint.get(hint), data: preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), signature };
  };
}

function verifyAll(raw) {
  for (const { key, data, signature } of raw) {
    if (!verify('sha256', data, key, signature)) throw new Error('a signature did not verify');
  }
}

/** Of all threads of this process: what the collector does for the judgement counts, what other programs do does not. */
function cpuMillis(work) {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
