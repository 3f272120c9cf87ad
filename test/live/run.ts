import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import type { Key } from '../lib/sandbox/support.js';
import {
  type Fact,
  filesOf,
  type OpenFact,
  readOpenFacts,
  readStateFacts,
  readStories,
  type StateFact,
  valueAt,
} from '../support/facts/fact.js';
import { playStateFact } from '../support/facts/key-state.js';
import { answerIn, isRecorded } from '../support/facts/open.js';
import { checkPlayed, play } from '../support/facts/play.js';
import { checkRecorded } from '../support/facts/record.js';
import { type Ask, type Outcome, type Stage, told } from '../support/facts/stage.js';
import { STANDING, type Transport, WireStage } from '../support/facts/wire-stage.js';
import { whyNotLive, whyStateNotLive } from './eligible.js';
import { Leftovers } from './leftovers.js';
import { liveStage, patient } from './live-stage.js';
import { localize, type Place } from './localize.js';
import { finding, notice, type Row, summary } from './report.js';
import type { LiveSettings } from './settings.js';

/** What a live run needs of the outside. */
export interface LiveOptions {
  readonly settings: LiveSettings;
  readonly transport: Transport;
  readonly hostOf: (service: string, region: string) => string;
  readonly credentials: () => Promise<Key>;
  readonly nowMillis: () => number;
  readonly wait: (seconds: number) => Promise<void>;
  readonly print: (line: string) => void;
  /** Default: every fact that may be tried. */
  readonly facts?: Facts;
}

export interface Facts {
  readonly open: readonly OpenFact[];
  readonly stories: readonly Fact[];
  readonly states: readonly StateFact[];
}

export interface LiveReport {
  readonly rows: readonly Row[];
  /** What the run made and could not take away. */
  readonly leftovers: readonly string[];
}

/** One thing to try: what it is called, and how it is played. */
interface Trial {
  readonly fact: string;
  readonly open: boolean;
  /** The live answer; throws where it is not what the fact says. */
  play(stage: Stage, own: string): Promise<Answered>;
}

/** In a word, and what is still to be held against CloudTrail's record. */
interface Answered {
  readonly live: string;
  readonly later?: (stage: Stage) => Promise<string>;
}

/** A row that waits for CloudTrail. */
interface Waiting {
  readonly fact: string;
  readonly open: boolean;
  readonly check: (stage: Stage) => Promise<string>;
}

const NOTICE_SECONDS = 10;
const SECOND_TRY_SECONDS = 10;
/** "CloudTrail typically delivers events within an average of about 5 minutes of an API call. This time is not guaranteed." */
const TRAIL_SECONDS = 900;

/**
 * Plays the vectors on a real account, and takes away whatever it made.
 * @throws Error before anything is made: for another account than the stated one, for the root user
 */
export async function runLive(options: LiveOptions): Promise<LiveReport> {
  const { settings, print, wait } = options;
  const prefix = `custody-live-${randomBytes(3).toString('hex')}-`;
  const leftovers = new Leftovers(({ input }) => STANDING.some((name) => input.RoleName === `${prefix}${name}`));
  const wire = openWire(options, prefix, '', leftovers);
  const place = { account: settings.account, adminArn: await callerOf(wire, settings.account), prefix };
  const facts = options.facts ?? allFacts(settings);
  const trials = trialsOf(facts, place);
  for (const line of notice(place, trials.length)) print(line);
  await wait(NOTICE_SECONDS);
  const stage = openWire(options, prefix, place.adminArn, leftovers);
  const rows: Row[] = [];
  const left: string[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    print(finding(row));
  };
  try {
    const waiting: Waiting[] = [];
    const round = { wait, leftovers, left, waiting, send: (ask: Ask) => stage.perform(ask) };
    for (const [at, trial] of trials.entries()) {
      const row = await tried(trial, liveStage(stage, prefix), { at, ...round });
      if (row !== null) add(row);
    }
    for (const row of await recorded(waiting, liveStage(stage, prefix), wait)) add(row);
  } finally {
    left.push(...(await leftovers.clearAll((ask) => stage.perform(ask), wait)));
    left.push(...(await leftovers.standing((ask) => stage.perform(ask))));
  }
  for (const line of summary(rows, left, prefix)) print(line);
  return { rows, leftovers: left };
}

function openWire(options: LiveOptions, prefix: string, adminArn: string, leftovers: Leftovers): WireStage {
  const { settings, hostOf, credentials, nowMillis, wait } = options;
  return new WireStage({
    transport: patient(options.transport, wait),
    account: settings.account,
    hostOf,
    admin: credentials,
    adminArn,
    nowMillis,
    wait,
    prefix,
    onAnswer: (ask: Ask, answer: JsonObject) => leftovers.note(ask, answer),
  });
}

/** ARN of the user or role that calls. @throws Error for another account than the stated one, and for root */
async function callerOf(wire: WireStage, account: string): Promise<string> {
  const ask = (service: 'sts' | 'iam', operation: string, input: JsonObject) =>
    wire.perform({ service, operation, input });
  const { Account, Arn } = told(await ask('sts', 'GetCallerIdentity', {}), 'GetCallerIdentity');
  if (Account !== account) {
    throw new Error(`the credentials are of account ${String(Account)}, CUSTODY_LIVE_ACCOUNT says ${account}`);
  }
  const [, kind, name] = /^arn:aws:(?:iam|sts)::\d{12}:(user|assumed-role)\/([^/]+)/.exec(String(Arn)) ?? [];
  if (kind === 'user') return String(Arn);
  if (kind === undefined || name === undefined) throw new Error(`not as ${String(Arn)}: a user or a role is needed`);
  // The session's ARN does not tell the role's path.
  return String(valueAt(told(await ask('iam', 'GetRole', { RoleName: name }), 'GetRole'), 'Role.Arn'));
}

function allFacts({ only }: LiveSettings): Facts {
  const open = readOpenFacts();
  if (only === 'open') return { open, stories: [], states: [] };
  return { open, stories: filesOf('story').flatMap(readStories), states: filesOf('state').flatMap(readStateFacts) };
}

/** What may be tried; the open points first. */
function trialsOf({ open, stories, states }: Facts, place: Place): readonly Trial[] {
  return [
    ...open
      .filter((fact) => fact.untestable === undefined && whyNotLive(fact) === null)
      .map((fact) => ({
        fact: fact.fact,
        open: true,
        play: (stage: Stage, own: string) => ask(stage, localize(fact, place, own)),
      })),
    ...stories
      .filter((fact) => whyNotLive(fact) === null)
      .map((fact) => ({
        fact: fact.fact,
        open: false,
        play: (stage: Stage, own: string) => begin(stage, localize(fact, place, own)),
      })),
    ...states
      .filter((fact) => whyStateNotLive(fact) === null)
      .map((fact) => ({ fact: fact.fact, open: false, play: (stage: Stage) => confirm(stage, fact) })),
  ];
}

async function confirm(stage: Stage, fact: StateFact): Promise<Answered> {
  await playStateFact(stage, fact);
  return { live: 'confirmed' };
}

/** All of a story but its record, which CloudTrail shows minutes later. */
async function begin(stage: Stage, fact: Fact): Promise<Answered> {
  const played = await play(stage, fact);
  checkPlayed(stage, played, fact.expect);
  const later = async (then: Stage) => {
    await checkRecorded(then, played, fact.expect);
    return 'confirmed';
  };
  return { live: 'confirmed', ...(fact.expect.record && { later }) };
}

async function ask(stage: Stage, fact: OpenFact): Promise<Answered> {
  const played = await play(stage, fact);
  const judge = (then: Stage) => answerIn(then, fact, played);
  return isRecorded(fact) ? { live: '', later: judge } : { live: await judge(stage) };
}

/** Holds the stories that wait against CloudTrail's records, once these have come. */
async function recorded(waiting: readonly Waiting[], stage: Stage, wait: Round['wait']): Promise<readonly Row[]> {
  const rows: Row[] = [];
  if (waiting.length > 0) await wait(TRAIL_SECONDS);
  for (const { fact, open, check } of waiting) {
    try {
      rows.push({ fact, verdict: open ? 'answered' : 'confirmed', live: await check(stage) });
    } catch (cause) {
      rows.push({ fact, verdict: open ? 'not answered' : 'differs', live: wordsOf(cause) });
    }
  }
  return rows;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

interface Round {
  readonly at: number;
  readonly wait: (seconds: number) => Promise<void>;
  readonly leftovers: Leftovers;
  readonly left: string[];
  readonly waiting: Waiting[];
  readonly send: (ask: Ask) => Promise<Outcome>;
}

/**
 * AWS is eventually consistent: what differs is tried once more, from the start, before it is called so.
 * Null while the row waits for CloudTrail.
 */
async function tried({ fact, open, play: playTrial }: Trial, stage: Stage, round: Round): Promise<Row | null> {
  let live = '';
  for (const own of [`${round.at}-`, `${round.at}x-`]) {
    try {
      const answered = await playTrial(stage, own);
      if (answered.later === undefined) return { fact, verdict: open ? 'answered' : 'confirmed', live: answered.live };
      round.waiting.push({ fact, open, check: answered.later });
      return null;
    } catch (cause) {
      live = wordsOf(cause);
    } finally {
      round.left.push(...(await round.leftovers.clear(round.send, round.wait)));
    }
    await round.wait(SECOND_TRY_SECONDS);
  }
  return { fact, verdict: open ? 'not answered' : 'differs', live };
}
