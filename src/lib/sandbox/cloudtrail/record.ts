import type { JsonObject } from '../../base/canonical-json.js';
import type { Service, ServiceError } from '../service.js';
import { userIdentityOf, wholeSeconds } from './identity.js';
import { requestParametersOf, responseElementsOf } from './parameters.js';
import { resourcesOf } from './resources.js';
import { eventNameOf } from './s3-events.js';
import type { ServiceEvent, Witnessed } from './witnessed.js';

/** A CloudTrail record ("CloudTrail record contents for management, data, and network activity events"). */

const EVENT_VERSION = '1.11';
const READS =
  /^(?:AssumeRole|Decrypt$|Derive|Describe|Encrypt$|Generate|Get|Head|List|Lookup|ReEncrypt$|Sign$|Simulate|Verify)/;

export function isReadOnly(operation: string): boolean {
  return READS.test(operation);
}

export function eventSourceOf(service: Service['name']): string {
  return `${service}.amazonaws.com`;
}

/** IAM is recorded in us-east-1; STS and KMS in the Region of the endpoint, which for STS's global one is us-east-1. */
export function eventRegionOf({ service, call }: Witnessed): string {
  return service === 'iam' ? 'us-east-1' : call.region;
}

/** The record of an API call. */
export function recordOf(witnessed: Witnessed, eventId: string): JsonObject {
  const { service, operation, call, session, userAgent, notes, outcome } = witnessed;
  const readOnly = isReadOnly(operation);
  const resources = resourcesOf(witnessed);
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: { ...userIdentityOf(call.caller, session), ...(witnessed.internal && { invokedBy: 'AWS Internal' }) },
    eventTime: wholeSeconds(call.nowMillis),
    eventSource: eventSourceOf(service),
    eventName: eventNameOf(witnessed),
    awsRegion: eventRegionOf(witnessed),
    sourceIPAddress: call.sourceIp,
    userAgent,
    ...('error' in outcome ? errorMembers(service, outcome.error) : {}),
    requestParameters: requestParametersOf(witnessed),
    responseElements: responseElementsOf(witnessed, readOnly),
    ...additionalData(witnessed, notes),
    requestID: call.requestId,
    eventID: eventId,
    readOnly,
    ...(resources === null ? {} : { resources }),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: call.caller.account,
    eventCategory: 'Management',
  };
}

/** AWS records a denial without the shape's suffix, and IAM's other errors with the suffix that its wire does not have. */
function errorMembers(service: Service['name'], { code, message }: ServiceError): JsonObject {
  const plain = code === 'AccessDeniedException' ? 'AccessDenied' : code;
  const suffixed = service === 'iam' && plain !== 'AccessDenied' && !/(?:Exception|Error|Failure)$/.test(plain);
  return { errorCode: suffixed ? `${plain}Exception` : plain, ...(message === '' ? {} : { errorMessage: message }) };
}

function additionalData({ outcome }: Witnessed, notes: JsonObject): JsonObject {
  return 'answer' in outcome && Object.keys(notes).length > 0 ? { additionalEventData: notes } : {};
}

/** The record of what a service did by itself. */
export function serviceRecordOf(event: ServiceEvent, account: string, eventId: string): JsonObject {
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: { accountId: account, invokedBy: 'AWS Internal' },
    eventTime: wholeSeconds(event.atMillis),
    eventSource: eventSourceOf(event.service),
    eventName: event.name,
    awsRegion: event.region,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    eventID: eventId,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: event.resourceArn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    ...(event.details === null ? {} : { serviceEventDetails: event.details }),
    eventCategory: 'Management',
  };
}
