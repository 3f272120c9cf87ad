import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import type { ModelledService } from './model.js';
import { isObject } from './modelled.js';

/**
 * Facts about AWS as data (test/vectors/aws): what AWS's documents say happens. A request is
 * `[operation, input, {as, in, wait, times, save, may, within, session}]`; `$name` stands for what an earlier answer held,
 * `iam:CreateRole` for an operation of another service than the file's, `sandbox:token` and `sandbox:organization` for what
 * only a sandbox can be told.
 */
export interface Fact {
  readonly fact: string;
  /** Where AWS says so: the page of the document, or the shape of the service model. */
  readonly source: string;
  readonly service: ModelledService;
  /** Keys that exist before: CreateKey's input by name. */
  readonly given?: Readonly<Record<string, JsonObject>>;
  /** What the sandbox has to be: one with request quotas. */
  readonly options?: FactOptions;
  readonly requests: readonly (readonly [operation: string, input: JsonObject, how?: How])[];
  readonly expect: Expectation;
  /** Why it is not played on a real account. */
  readonly live?: { readonly not: string };
}

export interface FactOptions {
  readonly quotas?: true;
}

export interface How {
  readonly as?: string;
  readonly in?: string;
  /** Seconds that pass before the request. */
  readonly wait?: number;
  readonly times?: number;
  /** Name → path in the answer. */
  readonly save?: Readonly<Record<string, string>>;
  /** An error that is part of the story. */
  readonly may?: string;
  /** While it is refused, it is made again for so many seconds: IAM takes time to spread what it was told. */
  readonly within?: number;
  /** `as` for the requests to come: the session whose Credentials are in the answer. */
  readonly session?: string;
}

export interface Expectation {
  readonly error?: string;
  readonly message?: string;
  /** The HTTP status of the error. */
  readonly status?: number;
  /** Refused, by an error that no document names. */
  readonly refused?: true;
  readonly answer?: JsonObject;
  readonly absent?: readonly string[];
  readonly asked?: {
    readonly action: string;
    readonly resource?: string;
    readonly context: JsonObject;
    readonly absent?: readonly string[];
    readonly policyWithout?: string;
  };
  readonly askedAll?: readonly (readonly [action: string, resource: string])[];
  /** CloudTrail's record of the last request; `absent` is then about it. */
  readonly record?: JsonObject;
  /** The Region where it is looked for; default: that of the request, for IAM us-east-1. */
  readonly recordIn?: string;
  /** Its event name, where it is not of the request but of what KMS did with the story's key. */
  readonly recordOf?: string;
}

/** What an operation does with a key in one of the states of "Key states of AWS KMS keys". */
export interface StateFact {
  readonly fact: string;
  readonly source: string;
  readonly operation: string;
  readonly state: string;
  readonly expect: { readonly ok?: true; readonly error?: string; readonly message?: string };
  readonly live?: { readonly not: string };
}

/** A point that AWS's documents leave open. Every answer is one that custody must be safe with; `untestable` ones have no requests. */
export interface OpenFact extends Omit<Fact, 'expect'> {
  readonly question: string;
  readonly answers: Readonly<Record<string, { readonly expect?: Expectation; readonly custody: string }>>;
  /** The answer that the sandbox gives, and the one that it gives when it is told to be the other AWS. */
  readonly sandbox: string;
  readonly variant?: { readonly roleTags: 'at-assume'; readonly answer: string };
  /** Why no request to AWS can answer it: then there are none. */
  readonly untestable?: string;
}

interface FactFile {
  readonly file: string;
  readonly service: ModelledService;
  readonly kind: 'story' | 'state' | 'open';
}

/** THE table of files of facts; a story's request and expectation may stand alone, as `operation`, `input` and `expect`. */
export const FACT_FILES: readonly FactFile[] = [
  { file: 'kms-behaviour', service: 'kms', kind: 'story' },
  { file: 'kms-shapes', service: 'kms', kind: 'story' },
  { file: 'kms-key-states', service: 'kms', kind: 'state' },
  { file: 'sts-behaviour', service: 'sts', kind: 'story' },
  { file: 'iam-behaviour', service: 'iam', kind: 'story' },
  { file: 'cloudtrail', service: 'cloudtrail', kind: 'story' },
  { file: 'quotas', service: 'kms', kind: 'story' },
  { file: 'open', service: 'kms', kind: 'open' },
];

/** Other vectors about AWS's clients, which have tests of their own. */
export const OTHER_FILES: readonly string[] = ['http-date', 's3-behaviour', 'shared-config'];

const FOLDER = new URL('../../vectors/aws/', import.meta.url);

export function filesOf(kind: FactFile['kind']): readonly FactFile[] {
  return FACT_FILES.filter((file) => file.kind === kind);
}

export function vectorFiles(): readonly string[] {
  return readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ''));
}

export function readStories({ file, service }: FactFile): readonly Fact[] {
  return readRows(file).map(({ operation, input, ...row }) => {
    const requests = typeof operation === 'string' ? [[operation, input]] : row.requests;
    const fact: unknown = { service, ...row, requests };
    return fact as Fact;
  });
}

export function readStateFacts({ file }: FactFile): readonly StateFact[] {
  const rows: unknown = readRows(file);
  return rows as readonly StateFact[];
}

export function readOpenFacts(): readonly OpenFact[] {
  const facts: unknown = filesOf('open').flatMap(({ file, service }) =>
    readRows(file).map((row) => ({ service, requests: [], ...row })),
  );
  return facts as readonly OpenFact[];
}

/** The rows of a file as they stand there. */
export function readRows(file: string): readonly Readonly<Record<string, JsonValue>>[] {
  const rows: unknown = JSON.parse(readFileSync(new URL(`${file}.json`, FOLDER), 'utf8'));
  return rows as readonly Readonly<Record<string, JsonValue>>[];
}

/** Service and name of a request's operation; `sandbox` for what only a sandbox can be told. */
export function operationOf(
  fact: { readonly service: ModelledService },
  name: string,
): [ModelledService | 'sandbox', string] {
  const [service, operation] = name.includes(':') ? name.split(':') : [fact.service, name];
  return [service as ModelledService | 'sandbox', operation ?? ''];
}

export function valueAt(answer: JsonObject, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)] as JsonValue | undefined;
    return isObject(value) ? value[name] : undefined;
  }, answer);
}
