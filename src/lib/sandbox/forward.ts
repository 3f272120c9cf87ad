import type { JsonObject } from '../base/canonical-json.js';
import type { Trail } from './cloudtrail/trail.js';
import type { Outcome } from './cloudtrail/witnessed.js';
import { type Authorization, type Call, type Service, ServiceError } from './service.js';
import type { Session } from './sts/session.js';

/** What a call to one service needs to become one to another. */
interface Forwarder {
  readonly services: readonly Service[];
  readonly trail: Pick<Trail, 'witness'>;
}

/**
 * A call that can be carried on to another service with the caller's own right, as S3 asks KMS for a data key ("Protecting data
 * with server-side encryption with KMS keys"): policies see `kms:ViaService`, CloudTrail an event of its own.
 */
export function withForward({ services, trail }: Forwarder, call: Call, session: Session | null, from: string): Call {
  const forward = (name: Service['name'], operation: string, input: JsonObject): JsonObject => {
    const run = services.find((service) => service.name === name)?.operations[operation];
    if (run === undefined) throw new ServiceError('InternalError', `no ${name}:${operation} in this sandbox`, 500);
    const inner = openInner(call, `${from}.${call.region}.amazonaws.com`);
    const witness = (outcome: Outcome): void =>
      trail.witness({
        service: name,
        operation,
        input,
        call: inner.call,
        session,
        userAgent: 'AWS Internal',
        resources: inner.resources,
        notes: inner.notes(),
        outcome,
        internal: true,
      });
    try {
      const answer = run(input, inner.call);
      witness({ answer });
      return answer;
    } catch (cause) {
      if (cause instanceof ServiceError) witness({ error: cause });
      throw cause;
    }
  };
  return { ...call, forward };
}

function openInner(call: Call, viaService: string) {
  const resources: string[] = [];
  let notes: JsonObject = {};
  const via = (question: Authorization): Authorization => ({
    ...question,
    context: { ...question.context, 'kms:ViaService': viaService },
  });
  const inner: Call = {
    ...call,
    sourceIp: 'AWS Internal',
    authorize: (question) => {
      resources.push(question.resource);
      call.authorize(via(question));
    },
    allows: (question) => call.allows(via(question)),
    note: (facts) => {
      notes = { ...notes, ...facts };
    },
  };
  return { call: inner, resources, notes: () => notes };
}
