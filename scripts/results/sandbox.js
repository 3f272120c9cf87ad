// What commands about the sandbox and the rehearsal print with --json.
import { any, count, flag, list, nullable, number, object, oneOf, text, use } from './shapes.js';
import { verdict } from './shared.js';

const model = object({ sandbox: any });
const stopped = object({ dir: text, stopped: flag });

export const RESULTS = {
  rehearse: object({
    verdict,
    steps: list(
      object({
        name: text,
        attack: flag,
        status: oneOf('pass', 'fail', 'skip'),
        seconds: number,
        command: text,
        'error?': object({ code: text, message: text }),
      }),
    ),
    attacksRefused: count,
    seconds: number,
    'keep?': object({ dir: text, repos: any, origin: text, sandboxDir: text, report: text }),
  }),
  'sandbox-advance': model,
  'sandbox-region-down': model,
  'sandbox-region-up': model,
  'sandbox-reset': model,
  'sandbox-start': object({ sandbox: use('sandbox'), alreadyRunning: flag }),
  'sandbox-events': object({ records: list(any) }),
  'sandbox-status': object({ dir: text, sandbox: nullable(use('sandbox')) }),
  'sandbox-stop': stopped,
};
