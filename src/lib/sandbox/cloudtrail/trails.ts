import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, type Operation, ServiceError } from '../service.js';
import { type Delivery, regionsOf } from './delivery.js';
import { folderOf } from './log-file.js';
import type { Trail } from './trail.js';
import { type AskS3, type TrailRow, type TrailTable, trailId } from './trail-row.js';

export interface TrailsOptions {
  readonly account: string;
  readonly regions: readonly string[];
  readonly history: Trail;
  readonly trails: TrailTable;
  readonly delivery: Delivery;
  readonly ask: AskS3;
}

/** Members of CreateTrail that the sandbox plays. */
const MEMBERS = new Set([
  'EnableLogFileValidation',
  'IncludeGlobalServiceEvents',
  'IsMultiRegionTrail',
  'Name',
  'S3BucketName',
  'S3KeyPrefix',
]);
/** "Naming requirements for CloudTrail resources". */
const NAME = /^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])+$/;
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** "Quotas in AWS CloudTrail": trails per Region. */
const MOST_TRAILS = 5;

/** Trails of management events (CloudTrail API Reference). */
export function trailOperations(options: TrailsOptions): Readonly<Record<string, Operation>> {
  const { account, trails, delivery } = options;
  const change = (call: Call, input: JsonObject, action: string): TrailRow => {
    const trail = find(options, call, input);
    call.authorize({ action: `cloudtrail:${action}`, resource: trail.arn, context: {} });
    delivery.deliver(call.nowMillis);
    return trails.get(trailId(trail)) ?? trail;
  };
  return {
    CreateTrail: (input, call) => {
      const arn = `arn:aws:cloudtrail:${call.region}:${account}:trail/${String(input.Name)}`;
      call.authorize({ action: 'cloudtrail:CreateTrail', resource: arn, context: {} });
      return createTrail(options, call, input, arn);
    },
    DeleteTrail: (input, call) => {
      const trail = change(call, input, 'DeleteTrail');
      delivery.finish(trail.stoppedMillis === null ? stopped(options, call, trail) : trail, call.nowMillis);
      trails.remove(trailId(trail));
      return {};
    },
    GetTrailStatus: (input, call) => statusOf(change(call, input, 'GetTrailStatus')),
    StartLogging: (input, call) => {
      const trail = change(call, input, 'StartLogging');
      if (trail.startedMillis === null || trail.stoppedMillis !== null) startLogging(options, call, trail);
      return {};
    },
    StopLogging: (input, call) => {
      const trail = change(call, input, 'StopLogging');
      if (trail.stoppedMillis === null && trail.running) trails.put(trailId(trail), stopped(options, call, trail));
      return {};
    },
  };
}

/** It ends with the very call that stops it, whose event is the next one. */
function stopped({ history }: TrailsOptions, { nowMillis }: Call, trail: TrailRow): TrailRow {
  return { ...trail, stoppedMillis: nowMillis, stoppedNumber: (history.events().at(-1)?.number ?? 0) + 1 };
}

/** By name in its home Region, or by ARN from anywhere. @throws ServiceError TrailNotFoundException */
function find({ account, trails }: TrailsOptions, { region }: Call, { Name }: JsonObject): TrailRow {
  const name = String(Name);
  const found = trails
    .values()
    .find((trail) => trail.arn === name || (trail.name === name && trail.homeRegion === region));
  if (found !== undefined) return found;
  const arn = name.startsWith('arn:') ? name : `arn:aws:cloudtrail:${region}:${account}:trail/${name}`;
  throw new ServiceError('TrailNotFoundException', `Unknown trail: ${arn} for the user: ${account}`, 404);
}

function createTrail(options: TrailsOptions, call: Call, input: JsonObject, arn: string): JsonObject {
  const trail = newTrail(options, call, input, arn);
  for (const kind of trail.validation ? ['CloudTrail', 'CloudTrail-Digest'] : ['CloudTrail']) {
    putFolder(options, call, trail, folderOf(trail, kind));
  }
  options.trails.put(trailId(trail), trail);
  return {
    Name: trail.name,
    S3BucketName: trail.bucket,
    ...(trail.prefix !== null && { S3KeyPrefix: trail.prefix }),
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: trail.multiRegion,
    TrailARN: trail.arn,
    LogFileValidationEnabled: trail.validation,
    IsOrganizationTrail: false,
  };
}

/** @throws ServiceError for what CreateTrail does not take */
function newTrail({ trails }: TrailsOptions, call: Call, input: JsonObject, arn: string): TrailRow {
  const { Name: name, S3BucketName: bucket, S3KeyPrefix: prefix = null } = input;
  const other = Object.keys(input).find((member) => !MEMBERS.has(member) && input[member] !== null);
  if (other !== undefined) throw unsupported(`The sandbox has no ${other} of trails.`);
  if (typeof name !== 'string' || name.length < 3 || name.length > 128 || !NAME.test(name) || IP_ADDRESS.test(name))
    throw new ServiceError('InvalidTrailNameException', 'Trail name must meet the naming requirements.');
  if (typeof bucket !== 'string' || bucket === '')
    throw new ServiceError('InvalidS3BucketNameException', 'Bucket name cannot be blank!');
  if (prefix !== null && (typeof prefix !== 'string' || prefix.length > 200 || !/^[^/].*[^/]$/.test(prefix)))
    throw new ServiceError('InvalidS3PrefixException', 'The prefix is not valid.');
  const isMulti = input.IsMultiRegionTrail === true;
  if (!isMulti && input.IncludeGlobalServiceEvents === false) throw unsupported('A trail here takes global events.');
  const own = trails.values().filter(({ homeRegion }) => homeRegion === call.region);
  if (own.some((trail) => trail.name === name))
    throw new ServiceError('TrailAlreadyExistsException', `Trail ${name} already exists for customer`);
  if (own.length >= MOST_TRAILS)
    throw new ServiceError('MaximumNumberOfTrailsExceededException', 'The most trails of a Region are there.', 403);
  return {
    ...{ name, arn, bucket, prefix, homeRegion: call.region, multiRegion: isMulti },
    validation: input.EnableLogFileValidation === true,
    ...{
      startedMillis: null,
      stoppedMillis: null,
      stoppedNumber: null,
      running: false,
      deliveredNumber: 0,
      deliveredMillis: 0,
    },
    ...{ chains: {}, lastLogMillis: null, lastDigestMillis: null, fault: null },
  };
}

function unsupported(message: string): ServiceError {
  return new ServiceError('UnsupportedOperationException', message);
}

/** CloudTrail makes its folders when a trail is made, and tells by that whether it may. */
function putFolder({ ask }: TrailsOptions, { nowMillis }: Call, trail: TrailRow, key: string): void {
  try {
    ask(trail, nowMillis, { Bucket: trail.bucket, Key: key, Body: '' });
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    const { bucket } = trail;
    if (cause.code === 'NoSuchBucket')
      throw new ServiceError('S3BucketDoesNotExistException', `S3 bucket ${bucket} does not exist!`, 404);
    throw new ServiceError(
      'InsufficientS3BucketPolicyException',
      `Incorrect S3 bucket policy is detected for bucket: ${bucket}`,
      403,
    );
  }
}

/** A chain of digests begins anew. */
function startLogging({ trails, delivery, history, regions }: TrailsOptions, { nowMillis }: Call, old: TrailRow): void {
  if (old.running) delivery.finish(old, nowMillis);
  const trail = trails.get(trailId(old)) ?? old;
  const fromMillis = Math.floor(nowMillis / 1000) * 1000;
  const chain = { fromMillis, previous: null, logs: [] };
  trails.put(trailId(trail), {
    ...trail,
    startedMillis: nowMillis,
    stoppedMillis: null,
    stoppedNumber: null,
    running: true,
    deliveredNumber: history.events().at(-1)?.number ?? 0,
    deliveredMillis: Math.floor(nowMillis / 300_000) * 300_000,
    chains: Object.fromEntries(regionsOf(trail, regions).map((region) => [region, chain])),
  });
}

function statusOf(trail: TrailRow): JsonObject {
  const seconds = (name: string, millis: number | null): JsonObject =>
    millis === null ? {} : { [name]: Math.floor(millis / 1000) };
  return {
    IsLogging: trail.startedMillis !== null && trail.stoppedMillis === null,
    ...(trail.fault !== null && { LatestDeliveryError: trail.fault }),
    ...seconds('LatestDeliveryTime', trail.lastLogMillis),
    ...seconds('LatestDigestDeliveryTime', trail.lastDigestMillis),
    ...seconds('StartLoggingTime', trail.startedMillis),
    ...seconds('StopLoggingTime', trail.stoppedMillis),
  };
}
