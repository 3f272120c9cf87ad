import type { Fault } from '../base/fields.js';
import { choiceField, described, type Field, integerField, listField, textField, withDefault } from './field.js';
import { KMS_KEY_ARN, PERSON_ID, PRINTABLE, PUBLIC_KEY } from './grammar.js';
import { objectField } from './mapping.js';
import { roleArn } from './shape.js';

/** The two duties that custodians hold; a rule may want approvals of both. */
export const DRAFT_DUTIES = ['SecurityArchitect', 'PrivacyEngineer'] as const;

export type KeyHomeDraft = { readonly type: 'kms'; readonly arn: string } | { readonly type: 'local' };

export interface KeyDraft {
  readonly home: KeyHomeDraft;
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
}

export interface CustodianDraft {
  readonly id: string;
  readonly name: string;
  readonly duty: (typeof DRAFT_DUTIES)[number];
  readonly roleArn: string;
  readonly keys: readonly KeyDraft[];
}

export interface AutomationDraft {
  readonly id: string;
  readonly owner: string;
  readonly roleArn: string;
  readonly keys: readonly KeyDraft[];
}

/** The `roster:` section of `custody.yaml`: what a roster is made from, without its number, its chain and key ids. */
export interface RosterDraft {
  readonly threshold: number;
  readonly custodians: readonly CustodianDraft[];
  readonly automation: readonly AutomationDraft[];
  readonly executorRoleArn: string;
}

const id = textField(PERSON_ID, 'an id like architect (a lower-case letter, then 1 to 30 letters, digits or -)', 31);
const name = textField(PRINTABLE, 'one line of up to 100 printable characters', 100);
const HOME = 'local or the ARN of a KMS key';

function readHome(value: unknown, path: string, faults: Fault[]): KeyHomeDraft | undefined {
  if (value === 'local') return { type: 'local' };
  const arn = textField(KMS_KEY_ARN, HOME, 200).draft(value, path, faults);
  return arn === undefined ? undefined : { type: 'kms', arn };
}

const home: Field<KeyHomeDraft> = {
  stored: readHome,
  draft: readHome,
  schema: { anyOf: [{ const: 'local' }, { type: 'string', pattern: KMS_KEY_ARN.source }] },
  write: (value) => (value.type === 'local' ? 'local' : value.arn),
};

const key = objectField({
  home: described(home, 'Where the private half lives.'),
  publicKey: described(
    textField(PUBLIC_KEY, 'a public key: DER SubjectPublicKeyInfo in base64', 600),
    'As "custody signer show" prints it.',
  ),
});

const keys = listField(key, 1, 4);

export const rosterDraftField = objectField({
  threshold: described(integerField(2, 14), 'How many custodians must sign: at least 2, at most all but one.'),
  custodians: listField(
    objectField({
      id,
      name,
      duty: choiceField(DRAFT_DUTIES),
      roleArn: described(roleArn, 'A role of this seat alone.'),
      keys,
    }),
    1,
    15,
  ),
  automation: described(
    withDefault(
      listField(objectField({ id, owner: described(id, 'The custodian who answers for it.'), roleArn, keys }), 0, 15),
      [],
    ),
    'Machines that may open and execute requests, and never approve.',
  ),
  executorRoleArn: described(roleArn, 'The IAM role that alone may change keys.'),
}) satisfies Field<RosterDraft>;
