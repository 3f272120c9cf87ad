// Decisions a second on one core: custody's evaluator and iam-simulate, one that others wrote, on the same calls in turns.
// `warm`: custody has parsed the policies before, as a proof does, which asks one policy thousands of times. `cold`: it
// parses them at each call, as iam-simulate does always.
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { parsePolicy } from '../build/lib/policy/document.js';
import { evaluate } from '../build/lib/policy/evaluate.js';
import { median } from './measure.js';

const ACCOUNT = '111122223333';
const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${KEY_ID}`;
const EXECUTOR = 'custody-7f3a9c12-executor';
const SEATS = ['architect', 'privacy', 'deputy'];
const CLASSES = ['RotateKeyOnDemand', 'PutKeyPolicy', 'DisableKey', 'EnableKey', 'ScheduleKeyDeletion', 'TagResource'];
const ALLOW_ALL = document([{ Effect: 'Allow', Action: '*', Resource: '*' }]);

const roleArn = (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const sessionArn = (name) => `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/session`;
const slot = (seat) => `aws:PrincipalTag/custody:${seat}:root`;
const variable = (name) => `$${'{'}${name}}`;

function document(statements) {
  return { Version: '2012-10-17', Statement: statements };
}

/** The approval interlock: a statement for each class and each pair of seats. */
function interlock() {
  const pairs = SEATS.flatMap((first, at) => SEATS.slice(at + 1).map((second) => [first, second]));
  const executor = { AWS: roleArn(EXECUTOR) };
  const approved = CLASSES.flatMap((name) =>
    pairs.map(([first, second]) => ({
      Effect: 'Allow',
      Principal: executor,
      Action: `kms:${name}`,
      Resource: '*',
      Condition: {
        StringLike: {
          [slot(first)]: `${name}/eu-central-1/${KEY_ID}/${'?'.repeat(64)}/${variable('aws:SourceIdentity')}`,
        },
        StringEquals: { [slot(first)]: variable(slot(second)) },
      },
    })),
  );
  const use = {
    Effect: 'Allow',
    Principal: { AWS: roleArn('case-service') },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
    Condition: { StringEquals: { 'aws:PrincipalTag/purpose': 'case-data' } },
  };
  const guard = {
    Effect: 'Deny',
    Principal: '*',
    Action: ['kms:PutKeyPolicy', 'kms:ReplicateKey'],
    Resource: '*',
    Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
  };
  return document([...approved, use, guard]);
}

/** What is asked: [role, operation, context, allowed]. */
function calls() {
  const tag = `RotateKeyOnDemand/eu-central-1/${KEY_ID}/${'a'.repeat(64)}/ci`;
  const both = { [slot('architect')]: tag, [slot('privacy')]: tag, 'aws:SourceIdentity': 'ci' };
  return [
    [EXECUTOR, 'RotateKeyOnDemand', both, true],
    [EXECUTOR, 'RotateKeyOnDemand', { ...both, [slot('privacy')]: `${tag}x` }, false],
    [EXECUTOR, 'PutKeyPolicy', { ...both, 'kms:BypassPolicyLockoutSafetyCheck': 'false' }, false],
    [EXECUTOR, 'PutKeyPolicy', { ...both, 'kms:BypassPolicyLockoutSafetyCheck': 'true' }, false],
    ['case-service', 'Decrypt', { 'aws:PrincipalTag/purpose': 'case-data' }, true],
    ['case-service', 'Decrypt', { 'aws:PrincipalTag/purpose': 'other' }, false],
    ['SecurityArchitect', 'ScheduleKeyDeletion', both, false],
    ['outsider', 'Decrypt', {}, false],
  ];
}

/** @returns {Promise<{ name: string, bytes: number, statements: number, perSecond: Record<string, number>, ratioWarm: number, ratioCold: number }>} */
export async function benchEvaluate(rounds = 7, turns = 25) {
  const policy = interlock();
  const asked = calls();
  const sides = {
    warm: custodySide(policy, asked, false),
    cold: custodySide(policy, asked, true),
    other: otherSide(policy, asked),
  };
  // So many rounds of the calls in one turn that each side works about as long as the other.
  const repeats = { warm: 400, cold: 10, other: 1 };
  const rates = { warm: [], cold: [], other: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [side, once] of Object.entries(sides)) {
      const times = repeats[side] * turns;
      const start = process.cpuUsage();
      for (let at = 0; at < times; at++) await once();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) rates[side].push((times * asked.length * 1e6) / (user + system));
    }
  }
  const perSecond = Object.fromEntries(Object.entries(rates).map(([side, values]) => [side, median(values)]));
  const ratio = (side) => median(rates[side].map((rate, at) => rate / rates.other[at]));
  return {
    name: 'evaluate',
    bytes: JSON.stringify(policy).length,
    statements: policy.Statement.length,
    perSecond,
    ratioWarm: ratio('warm'),
    ratioCold: ratio('cold'),
  };
}

function custodySide(policy, asked, parseAgain) {
  const texts = [JSON.stringify(policy), JSON.stringify(ALLOW_ALL)];
  const read = () => texts.map((text) => parsePolicy(text, 'bench'));
  const once = read();
  return () => {
    for (const [role, operation, context, allowed] of asked) {
      const [resourcePolicy, all] = parseAgain ? read() : once;
      const decision = evaluate({
        action: `kms:${operation}`,
        resource: KEY,
        principal: { account: ACCOUNT, kind: 'role', principalArn: roleArn(role), callerArn: sessionArn(role) },
        context,
        resourcePolicy,
        resourceIsAuthority: true,
        identityPolicies: [all],
        serviceControlPolicies: [[all]],
      });
      if (decision.allowed !== allowed) throw new Error(`custody: ${role} ${operation}: ${decision.reason}`);
    }
  };
}

function otherSide(policy, asked) {
  const named = { name: 'all', policy: ALLOW_ALL };
  return async () => {
    for (const [role, operation, context, allowed] of asked) {
      const result = await runSimulation(
        {
          request: {
            principal: sessionArn(role),
            action: `kms:${operation}`,
            resource: { resource: KEY, accountId: ACCOUNT },
            contextVariables: context,
          },
          resourcePolicy: policy,
          identityPolicies: [named],
          serviceControlPolicies: [{ orgIdentifier: 'root', policies: [named] }],
          resourceControlPolicies: [],
        },
        {},
      );
      if ((result.overallResult === 'Allowed') !== allowed) throw new Error(`iam-simulate: ${role} ${operation}`);
    }
  };
}
