import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { filesOf, readRows } from '../support/facts/fact.js';
import { errorsOf, inputOf, type ModelledService, operationsOf, outputOf, type Shape } from '../support/facts/model.js';

const python = process.env.CUSTODY_PEER_PYTHON;

/** What botocore's copy of AWS's service model says of a member. */
interface BotocoreMember {
  readonly shape: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

interface BotocoreOperation {
  readonly required: readonly string[];
  readonly input: Readonly<Record<string, BotocoreMember>>;
  readonly output: readonly string[];
  readonly errors: readonly string[];
}

const SCRIPT = `
import json, sys
from botocore.session import get_session
model = get_session().get_service_model(sys.argv[1])
def member(shape):
    item = shape.member if shape.type_name == 'list' else shape
    more = {k: v for s in (item, shape) for k, v in s.metadata.items() if k in ('min', 'max', 'pattern', 'enum')}
    return {'shape': shape.name, **more}
out = {}
for name in model.operation_names:
    o = model.operation_model(name)
    i, r = o.input_shape, o.output_shape
    out[name] = {
        'required': i.required_members if i else [],
        'input': {n: member(s) for n, s in (i.members if i else {}).items()},
        'output': list(r.members) if r else [],
        'errors': [e.name if sys.argv[1] == 'kms' else e.metadata.get('error', {}).get('code', e.name) for e in o.error_shapes],
    }
print(json.dumps(out))
`;

function botocore(service: string): Readonly<Record<string, BotocoreOperation>> {
  const text = execFileSync(python ?? '', ['-c', SCRIPT, service], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(text) as Readonly<Record<string, BotocoreOperation>>;
}

function names(shape: Shape): readonly string[] {
  return shape.kind === 'structure' ? shape.members().map(({ name }) => name) : [];
}

function strangers(mine: readonly string[], theirs: readonly string[]): readonly string[] {
  return mine.filter((name) => !theirs.includes(name));
}

/** botocore, an independent copy and reading of AWS's service models; CUSTODY_PEER_PYTHON has it. */
describe.skipIf(!python)(
  `the service models of botocore${python ? '' : ' (skipped: CUSTODY_PEER_PYTHON is not set)'}`,
  () => {
    it.each(['kms', 'sts', 'iam'] as const)(
      '%s: its operations, members and errors are those that answers are held against',
      (service: ModelledService) => {
        const theirs = botocore(service);
        const mine = operationsOf(service).filter((operation) => operation in theirs);
        expect(mine.length).toBeGreaterThan(10);
        for (const operation of mine) {
          // The two are not of the same day: the younger one may have more members.
          const { output = [], input = {}, errors = [] } = theirs[operation] ?? {};
          expect(strangers(names(outputOf(service, operation)), output), operation).toEqual([]);
          expect(strangers(names(inputOf(service, operation)), Object.keys(input)), operation).toEqual([]);
          expect(strangers([...errorsOf(service, operation).keys()], errors), operation).toEqual([]);
        }
      },
    );

    it('says what the facts about shapes say', () => {
      const theirs = botocore('kms');
      const facts = readRows('kms-shapes').flatMap(({ fact, source }) => {
        const [, operation, member = '', words = ''] = /^(\w+): (\w+) (.*)$/.exec(String(fact)) ?? [];
        return operation === undefined
          ? []
          : [{ source: String(source), told: theirs[operation]?.input[member], words }];
      });
      expect(facts.length).toBeGreaterThan(50);
      for (const { source, told, words } of facts) {
        const [, bound, number] = /\bat (most|least) (\d+)/.exec(words) ?? [];
        if (bound !== undefined)
          expect(told?.[bound === 'most' ? 'max' : 'min'], `${source}: ${words}`).toBe(Number(number));
        if (words.includes('pattern')) expect(told?.pattern, source).toBeDefined();
        if (words.includes('listed words')) expect(told?.enum?.length, source).toBeGreaterThan(0);
        const [, shape] = /shape (\w+)$/.exec(source) ?? [];
        if (shape !== undefined) expect(told?.shape).toBe(shape);
      }
    });

    it('knows every shape that a fact names as its source', () => {
      const known = new Set(
        Object.values(botocore('kms')).flatMap(({ input }) => Object.values(input).map(({ shape }) => shape)),
      );
      const named = filesOf('story')
        .flatMap(({ file }) => readRows(file))
        .flatMap(({ source }) => /, shape (\w+(?:Type|List))$/.exec(String(source))?.[1] ?? []);
      // Tags lie one level deeper.
      const deeper = ['TagKeyType', 'TagValueType'];
      expect(named.filter((shape) => !known.has(shape) && !deeper.includes(shape))).toEqual([]);
    });
  },
);
