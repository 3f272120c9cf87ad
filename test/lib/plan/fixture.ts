import { CustodyError } from '../../../src/lib/base/errors.js';
import type { Draft } from '../../../src/lib/plan/draft.js';
import { parseDraft } from '../../../src/lib/plan/draft.js';
import { planTemplate } from '../../../src/lib/plan/template.js';
import type { TemplateOptions } from '../../../src/lib/plan/template-text.js';

/** Fixed keys: texts made from them are compared with files. */
export const PUBLIC_KEYS = [
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfp6IcEWao0Rkwyn3s570d8NCVN17B/eiuHIkvGjvQGsQBwVWUHMl3fVefd4n0IXw/Nr3d6tBaYGqbXW/GuOQNQ==',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEh2KiubXh+Oc9pLxx9qaSlb1bfemD/1YFw8ZNYKfqHAlaj8haTkqS7kKf/koAvhGErNtBZ5C5GBkmxtn6wySPFw==',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWqqJZCn6f6lClcpI8OevJR+sQCYpGP0fjxMPV9EF4bazZlfufNMZdZmC+snurn1yNCY22wR1/YHnm2V7jcR8ow==',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+oGRHCe+vSv7GGyYHG0MnBxsLN1pi/RmA3LiT0FpT8dEwYmWHmyUy5fGjEzKSJ3ihdQvNiCbdN8TO9e0F0FUjA==',
] as const;

/** Of a curve that is not in the table of algorithms. */
export const P384_KEY =
  'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAErn4miQL7lAJlbmmxnsdoew8EEYUU6+0mPH4BllEVcxcNQO7kl9xWzHXvUho/1j5MXAbDHTt8/euFzSc92hRWdwxYsjjGOq+/VSSO7n7deyN5fWvCQn2xNWvM82HMT6Uz';

export const ACCOUNT = '111122223333';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;

export const OPTIONS: TemplateOptions = {
  environment: 'aws',
  partition: 'aws',
  account: ACCOUNT,
  regions: { primary: 'eu-central-1', replicas: ['eu-west-1'] },
  appRoleArn: role('app'),
  roster: {
    threshold: 2,
    custodians: [
      {
        id: 'architect',
        name: 'Ada',
        duty: 'SecurityArchitect',
        roleArn: role('SecurityArchitect'),
        keys: [{ home: { type: 'local' }, publicKey: PUBLIC_KEYS[0] }],
      },
      {
        id: 'privacy',
        name: 'Grace',
        duty: 'PrivacyEngineer',
        roleArn: role('PrivacyEngineer'),
        keys: [{ home: { type: 'local' }, publicKey: PUBLIC_KEYS[1] }],
      },
      {
        id: 'deputy',
        name: 'Barbara',
        duty: 'SecurityArchitect',
        roleArn: role('SecurityArchitect-deputy'),
        keys: [
          {
            home: { type: 'kms', arn: `arn:aws:kms:eu-central-1:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555` },
            publicKey: PUBLIC_KEYS[2],
          },
        ],
      },
    ],
    automation: [],
    executorRoleArn: role('custody-7f3a9c12-executor'),
  },
};

export const TEMPLATE = planTemplate(OPTIONS);

/** A fresh draft of the template: tests change copies of it. */
export function draft(): Draft {
  return parseDraft(TEMPLATE);
}

/** The error that `act` throws: a CustodyError PLAN_INVALID, or the test fails. */
export function refusal(act: () => unknown): CustodyError {
  try {
    act();
  } catch (error) {
    if (error instanceof CustodyError && error.code === 'PLAN_INVALID') return error;
    throw error;
  }
  throw new Error('expected PLAN_INVALID, nothing was thrown');
}
