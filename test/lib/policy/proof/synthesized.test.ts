import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../../src/lib/policy/document.js';
import type { Interlock } from '../../../../src/lib/policy/interlock.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import { provenClasses } from '../../../../src/lib/policy/proof/planned.js';
import type { ProofSubject } from '../../../../src/lib/policy/proof/subject.js';
import { prove } from '../../../../src/lib/policy/prove.js';
import { synthesizeInterlocked } from '../../../../src/lib/policy/synthesize.js';
import { ACCOUNT } from '../cases.js';
import { COLD, EXECUTOR, inputOf, interlockOf, KEY_ID, REGION, roleArn } from '../interlock-cases.js';

const OPERATIONS = ['GenerateDataKeyWithoutPlaintext', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'DescribeKey'];

/** The policy that the synthesizer writes for a roster, and what it must come to. */
function synthesized(interlock: Interlock): ProofSubject & { readonly form: string } {
  const { policy, form } = synthesizeInterlocked({ ...inputOf(interlock), interlock });
  const where = { account: ACCOUNT, partition: 'aws', region: REGION };
  return {
    form,
    account: ACCOUNT,
    keys: [
      {
        name: interlock.keyName,
        arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KEY_ID}`,
        keyId: KEY_ID,
        region: REGION,
        policy: parsePolicy(policy, 'synthesized'),
        grants: 'not-asked',
        primaryRegion: null,
        users: [
          {
            roleArn: roleArn('case-service'),
            operations: OPERATIONS,
            encryptionContext: { purpose: 'case-data', table: 'subjects' },
            viaService: null,
          },
        ],
        classes: provenClasses(interlock, where),
      },
    ],
    interlock: {
      threshold: interlock.threshold,
      seats: interlock.seats,
      automation: [{ id: 'ci', roleArn: roleArn('ci') }],
      executors: [
        { roleArn: roleArn(EXECUTOR), classes: null, automation: true },
        { roleArn: roleArn(COLD), classes: ['policy'], automation: false },
      ],
      installers: [],
      auditor: null,
      drills: [],
      repository: null,
    },
    principals: null,
    serviceControlPolicies: null,
    resourceControlPolicies: null,
  };
}

describe('prove, over synthesized policies', () => {
  it.each<[string, number, number, Partial<Interlock>]>([
    ['2 of 3', 2, 3, {}],
    ['2 of 3, of both duties', 2, 3, { rules: { delete: { distinctRoles: 2 } } }],
    ['2 of 3, three for a policy', 2, 4, { rules: { policy: { threshold: 3 } } }],
    ['2 of 3 over imported material', 2, 3, { origin: 'EXTERNAL' }],
    ['3 of 5', 3, 5, {}],
  ])('holds every claim over the key: %s', (_what, threshold, count, change) => {
    const { claims } = prove(synthesized(interlockOf(threshold, count, change)));
    const found = claims.filter(({ findings }) => findings.some(({ key }) => key !== null));
    expect(found.flatMap(({ findings }) => findings.map(findingText))).toEqual([]);
  });
});
