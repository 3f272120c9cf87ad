import { choiceNumberField, described, type Field, listField, optionalField, textField } from './field.js';
import { objectField } from './mapping.js';
import type { SigstorePlan } from './plan.js';

/** TLS, or this machine: identity tokens go there. */
const SERVICE_URL =
  /^(?:https:\/\/[A-Za-z0-9.-]{1,253}|http:\/\/(?:127\.0\.0\.1|localhost))(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/-]{0,200})?$/;
const serviceUrl = textField(SERVICE_URL, 'an https address without query or password', 300);
/** No white space, no control characters, and no `*`: what looks like a pattern is none, and would never fit. */
const NAME = /^[\x21-\x29\x2b-\x7e]{1,500}$/;

export const sigstoreField: Field<SigstorePlan> = objectField({
  trustedRoot: described(
    textField(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hex characters, as custody trust update prints it', 71),
    'Pins the trusted_root.json that verification goes by.',
  ),
  identities: described(
    listField(
      objectField({
        issuer: described(
          textField(NAME, 'the address of an OpenID provider', 500),
          'The OpenID provider, exactly as it names itself.',
        ),
        subject: described(
          textField(NAME, 'an address, or the URI of a workflow', 500),
          'The address or the workflow, exactly as in the certificate; no patterns.',
        ),
      }),
      1,
      20,
    ),
    'Who may sign; every other identity is refused.',
  ),
  instance: optionalField(
    described(
      objectField({
        fulcioUrl: described(serviceUrl, 'Certifies identities.'),
        oidcUrl: optionalField(described(serviceUrl, 'The OpenID provider for people at a browser.')),
        rekor: optionalField(
          described(
            objectField({
              url: serviceUrl,
              api: described(choiceNumberField([1, 2]), 'Which version of Rekor it speaks.'),
            }),
            'The transparency log; absent: timestamps alone.',
          ),
        ),
        tsaUrl: optionalField(described(serviceUrl, 'The timestamp authority (RFC 3161), with its path.')),
      }),
      'A private Sigstore instance. Absent: the public-good one.',
    ),
  ),
});
