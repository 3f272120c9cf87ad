import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { createDocket } from '../../../../src/lib/policy/proof/docket.js';
import { proveReplicas } from '../../../../src/lib/policy/proof/replicas.js';
import { ACCOUNT } from '../cases.js';
import { APP, KEY_ID, keyOf } from './world.js';

const REPLICA = 'eu-west-1';

function statement(sid: string, key: string, value: string): JsonObject {
  const condition = { StringLike: { [key]: value } };
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: APP },
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: condition,
  };
}

/** Its own Region in a slot and in a service's name, and both Regions where either may become the primary. */
function statementsIn(region: string): readonly JsonObject[] {
  return [
    statement('Slot', 'aws:PrincipalTag/a', `rotate/${region}/${KEY_ID}/*`),
    statement('Via', 'kms:ViaService', `dynamodb.${region}.amazonaws.com`),
    ...['us-east-1', REPLICA].map((one) => statement('Promote', 'aws:PrincipalTag/a', `promote/${one}/${KEY_ID}/*`)),
  ];
}

function findings(replica: readonly JsonObject[], withPrimary = true) {
  const docket = createDocket();
  const policy = (Statement: readonly JsonObject[]) => ({ Version: '2012-10-17', Statement });
  const arn = `arn:aws:kms:${REPLICA}:${ACCOUNT}:key/${KEY_ID}`;
  const second = keyOf(policy(replica), { region: REPLICA, arn, primaryRegion: 'us-east-1' });
  proveReplicas([...(withPrimary ? [keyOf(policy(statementsIn('us-east-1')))] : []), second], docket);
  return docket.results().map(({ status, findings: found }) => [status, found.map(({ sentence }) => sentence)]);
}

describe('proveReplicas', () => {
  it("holds where only the Region's own name differs", () => {
    expect(findings(statementsIn(REPLICA))).toEqual([['held', []]]);
  });

  it.each<[string, readonly JsonObject[]]>([
    ['one statement more', [...statementsIn(REPLICA), statement('More', 'aws:x', 'y')]],
    ['one statement less', statementsIn(REPLICA).slice(0, -1)],
    [
      'another value',
      statementsIn(REPLICA).map((one, at) => (at === 0 ? statement('Slot', 'aws:PrincipalTag/a', '*') : one)),
    ],
  ])('finds %s', (_what, replica) => {
    expect(findings(replica)).toEqual([
      ['broken', ['the replica has another policy than the primary in us-east-1: one statement differs']],
    ]);
  });

  it('claims nothing without the primary', () => {
    expect(findings(statementsIn(REPLICA), false)).toEqual([
      ['unproven', ['the policy of its primary in us-east-1 could not be read']],
    ]);
  });
});
