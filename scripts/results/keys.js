// What commands about keys and the requests that change them print with --json.
import { count, either, flag, list, nullable, OPENED, object, text, use } from './shapes.js';

const dryRunRequest = object({ dryRun: { const: true }, request: use('request') });
const vetoed = either(object({ request: use('request'), pushed: flag }), dryRunRequest);
const opened = either(use('opened'), use('dryRun'));
const batch = { requests: list(either(use('request'), use('dryRun'))), failures: list(use('failure')) };
const executed = object({ request: use('request'), receipt: use('receipt'), copy: nullable(text) });
const brief = { id: text, action: text, key: nullable(text), state: text };

export const RESULTS = {
  'keys-apply': object({ ...batch, remaining: list(use('difference')) }),
  'keys-approve': either(
    object({ request: use('request') }),
    object({ requests: list(use('request')), 'failures?': list(object({ id: text, error: use('fault') })) }),
  ),
  'keys-cancel-deletion': either(
    object({ request: use('request'), receipt: use('receipt'), created: flag, pushed: flag }),
    use('opened'),
    use('dryRun'),
  ),
  'keys-confirm-destroyed': opened,
  'keys-delete': opened,
  'keys-disable': opened,
  'keys-enable': opened,
  'keys-execute': either(
    executed,
    dryRunRequest,
    object({
      results: list(either(executed, dryRunRequest, object({ id: text, error: use('fault') }))),
      waiting: list(object({ ...brief, waitsFor: text, until: nullable(use('instant')) })),
      elsewhere: list(object(brief)),
    }),
  ),
  'keys-import': opened,
  'keys-list': object({ keys: list(use('key')) }),
  'keys-material-off': opened,
  'keys-pending': object({
    requests: list(use('request')),
    refused: list(object({ id: text, because: text })),
    waiting: list(text),
  }),
  'keys-promote': opened,
  'keys-arm': object({
    request: use('request'),
    slot: nullable(object({ tagKey: text, value: text })),
    'dryRun?': { const: true },
  }),
  'keys-reject': vetoed,
  'keys-replicate': opened,
  'keys-replace': either(
    object({ replace: use('replacement') }),
    object({ replace: use('replacement'), ...OPENED }),
    object({ replace: use('replacement'), dryRun: { const: true }, proposed: use('proposed') }),
  ),
  'keys-rewrap': object({
    rewrap: object({
      key: object({ name: nullable(text), arn: text, region: text }),
      total: count,
      moved: count,
      current: count,
      failed: count,
      resumed: count,
      failures: list(object({ where: text, error: use('fault') })),
      out: nullable(text),
      'dryRun?': { const: true },
    }),
  }),
  'keys-rotate': either(
    use('opened'),
    use('dryRun'),
    object(batch),
    object({
      ...batch,
      opened: list(text),
      alreadyOpen: list(text),
      skipped: list(object({ key: text, because: text, nextAt: nullable(use('instant')) })),
    }),
  ),
  'keys-rotation': opened,
  'keys-alias': opened,
  'keys-describe': opened,
  'keys-grant': opened,
  'keys-policy': opened,
  'keys-retire': opened,
  'keys-revoke': opened,
  'keys-tag': opened,
  'keys-show': either(
    object({ request: use('request') }),
    object({
      key: nullable(use('key')),
      materials: list(use('material')),
      grants: list(use('grant')),
      destroyed: list(use('certificate')),
    }),
  ),
  'keys-withdraw': vetoed,
};
