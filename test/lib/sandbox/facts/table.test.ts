import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createIam } from '../../../../src/lib/sandbox/iam/service.js';
import { openPrincipals } from '../../../../src/lib/sandbox/principals.js';
import { createMemoryStore } from '../../../../src/lib/sandbox/state.js';
import { createSts } from '../../../../src/lib/sandbox/sts/service.js';
import {
  FACT_FILES,
  filesOf,
  OTHER_FILES,
  operationOf,
  readOpenFacts,
  readRows,
  readStateFacts,
  readStories,
  vectorFiles,
} from '../../../support/facts/fact.js';
import {
  inputOf,
  isShape,
  type ModelledService,
  operationsOf,
  outputOf,
  type Shape,
} from '../../../support/facts/model.js';
import { ACCOUNT, Bench } from '../kms/harness.js';

const stories = filesOf('story').flatMap(readStories);
const states = filesOf('state').flatMap(readStateFacts);
const open = readOpenFacts();
const all = [...stories, ...states, ...open];

describe('the table of facts', () => {
  it('has every file of vectors about AWS', () => {
    expect([...FACT_FILES.map(({ file }) => file), ...OTHER_FILES].sort()).toEqual([...vectorFiles()].sort());
  });

  it('has at least 300 behaviours beside the shapes and states that a program could list', () => {
    expect(stories.length - readRows('kms-shapes').length).toBeGreaterThanOrEqual(300);
  });

  it('says nothing twice', () => {
    const names = all.map(({ fact }) => fact);
    const bodies = [...stories, ...states].map(({ fact: _, source: __, ...body }) => JSON.stringify(body));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(bodies.filter((body, at) => bodies.indexOf(body) !== at)).toEqual([]);
  });

  it('expects something of every fact', () => {
    const kinds = ['error', 'refused', 'answer', 'asked', 'askedAll', 'absent', 'record'];
    const idle = stories.filter(({ expect: wanted }) => !kinds.some((kind) => kind in wanted));
    expect(idle.map(({ fact }) => fact)).toEqual([]);
  });

  it('is about operations that AWS has', () => {
    const asked = [...stories, ...open].flatMap((fact) => fact.requests.map(([name]) => operationOf(fact, name)));
    const strange = asked.filter(([service, operation]) =>
      service === 'sandbox'
        ? !['organization', 'token'].includes(operation)
        : !operationsOf(service).includes(operation),
    );
    expect(strange).toEqual([]);
  });
});

const DOCUMENTS: readonly RegExp[] = [
  /^AWS General Reference, "[^"]+"/,
  /^AWS KMS Developer Guide, "[^"]+"/,
  /^AWS CloudTrail User Guide, "[^"]+"/,
  /^AWS Managed Policy Reference Guide, "[^"]+"/,
  /^AWS Organizations User Guide, "[^"]+"/,
  /^IAM User Guide, "[^"]+"/,
  // No document, but what AWS itself wrote, as somebody showed it.
  /^A record of a real account in aws-samples\//,
  // No document, but a program that thousands run against AWS and that would not work otherwise.
  /^Terraform's AWS provider sends /,
];
const REFERENCES: Readonly<Record<string, ModelledService>> = {
  KMS: 'kms',
  STS: 'sts',
  IAM: 'iam',
  CloudTrail: 'cloudtrail',
};

/** Null for a source that could be looked up: a page of a guide, or an operation, shape or member that the model has. */
function fault(source: string): string | null {
  if (DOCUMENTS.some((form) => form.test(source)) || /^\w+ API Reference, "Common errors"$/i.test(source)) return null;
  const [, name = '', , shape = '', member] =
    /^(KMS|STS|IAM|CloudTrail) (API Reference|service model), (?:shape )?(\w+)(?:, ([A-Z]\w+))?/.exec(source) ?? [];
  const service = REFERENCES[name];
  if (service === undefined) return 'no known document';
  // The SDK drops the names of simple types; test/interop/botocore-model.test.ts looks these up.
  if (/ shape \w+(?:Type|List)$/.test(source)) return null;
  const operation = operationsOf(service).includes(shape);
  if (!operation && !isShape(service, shape)) return `no ${shape} in the model`;
  if (member === undefined || !operation) return null;
  const names = [inputOf(service, shape), outputOf(service, shape)].flatMap(memberNames);
  return names.includes(member) || member === 'Required' ? null : `no ${shape}.${member} in the model`;
}

function memberNames(shape: Shape): readonly string[] {
  return shape.kind === 'structure' ? shape.members().map(({ name }) => name) : [];
}

describe('the source of a fact', () => {
  it('can be looked up', () => {
    const faults = [...stories, ...states].map(({ fact, source }) => [fact, source, fault(source)]);
    expect(faults.filter(([, , found]) => found !== null)).toEqual([]);
  });

  it.each([
    '',
    'my memory',
    'KMS API Reference, CreateKeys',
    'KMS API Reference, CreateKey, Colour',
    'KMS service model, shape X',
  ])('%j could not', (source) => expect(fault(source)).not.toBeNull());
});

function sandboxOperations(): readonly string[] {
  const principals = openPrincipals(createMemoryStore(), ACCOUNT);
  const more = { ...principals, account: ACCOUNT, random: randomBytes };
  const services = [new Bench().service, createSts(more), createIam(more)];
  return services.flatMap(({ name, operations }) => Object.keys(operations).map((operation) => `${name}:${operation}`));
}

describe('what a program can list', () => {
  const has = sandboxOperations();

  it('is there: every operation of the sandbox has a fact', () => {
    const told = new Set([
      ...[...stories, ...open].flatMap((fact) => fact.requests.map(([name]) => operationOf(fact, name).join(':'))),
      ...states.map(({ operation }) => `kms:${operation}`),
    ]);
    expect(has.filter((name) => !told.has(name))).toEqual([]);
  });

  it('is there: every required member of a request to KMS has the fact that it is', () => {
    const required = has
      .filter((name) => name.startsWith('kms:'))
      .flatMap((name) => {
        const operation = name.slice('kms:'.length);
        const shape = inputOf('kms', operation);
        const members = shape.kind === 'structure' ? shape.members() : [];
        return members.filter((member) => member.required).map((member) => `${operation} requires ${member.name}`);
      });
    const told = stories.map(({ fact }) => fact).filter((fact) => / requires \w+$/.test(fact));
    expect(told.sort()).toEqual(required.sort());
  });
});
