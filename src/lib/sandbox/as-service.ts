import { createHash } from 'node:crypto';
import type { Authority } from './authority.js';
import { openCall } from './calls.js';
import type { AskS3 } from './cloudtrail/trail-row.js';
import { type Authorization, type Call, type Service, ServiceError } from './service.js';

interface Host {
  readonly account: string;
  readonly authority: Authority;
  readonly services: () => readonly Service[];
}

interface OnBehalf {
  readonly service: Service['name'];
  /** What the service comes for: policies see it, so that no other account can make it come. */
  readonly sourceArn: string;
  readonly region: string;
  readonly nowMillis: number;
}

/**
 * PutObject as CloudTrail makes it on its own, wherever the bucket stands: the bucket's policy alone lets it in, and it hands the object
 * to the bucket's owner. It is a data event, which the history does not show.
 */
export function asCloudTrail(host: Host): AskS3 {
  return ({ arn: sourceArn, homeRegion: region }, nowMillis, given) => {
    // A bucket under Object Lock takes nothing that has no digest of its own.
    const ContentMD5 = createHash('md5').update(String(given.Body), 'base64').digest('base64');
    const input = { ...given, ContentMD5 };
    const put = host.services().find(({ name }) => name === 's3')?.operations.PutObject;
    if (put === undefined) throw new ServiceError('NotImplemented', 'There is no S3 in this sandbox.', 501);
    const about: OnBehalf = { service: 'cloudtrail', sourceArn, region, nowMillis };
    try {
      put(input, openService(host, about));
    } catch (cause) {
      const elsewhere =
        cause instanceof ServiceError && cause.code === 'PermanentRedirect' ? cause.members.region : null;
      if (typeof elsewhere !== 'string') throw cause;
      put(input, openService(host, { ...about, region: elsewhere }));
    }
  };
}

function openService({ account, authority }: Host, { service, sourceArn, region, nowMillis }: OnBehalf): Call {
  const name = `${service}.amazonaws.com`;
  const { call } = openCall(authority, nowMillis, {
    caller: {
      account: '',
      kind: 'service',
      principalArn: name,
      callerArn: name,
      userId: name,
      accessKeyId: '',
      sourceIdentity: null,
      principalTags: {},
    },
    session: null,
    region,
    request: { sourceIp: name },
    requestId: '',
    dialect: 's3',
  });
  const context = {
    'aws:SourceAccount': account,
    'aws:SourceArn': sourceArn,
    's3:x-amz-acl': 'bucket-owner-full-control',
  };
  const about = (question: Authorization): Authorization => ({
    ...question,
    context: { ...question.context, ...context },
  });
  return {
    ...call,
    allows: (question) => call.allows(about(question)),
    authorize: (question) => call.authorize(about(question)),
  };
}
