import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import type { XmlNode } from './xml-document.js';

/** What an XML body of S3 may hold: text, a structure of named elements, or elements that repeat. */
export type XmlShape = 'text' | { readonly [name: string]: XmlShape } | readonly [XmlShape];

/** An XML body as JSON of the same names; null for an element that the shape does not have, or that comes twice. */
export function fromXml(node: XmlNode, shape: XmlShape): JsonValue | null {
  if (shape === 'text') return node.children.length === 0 ? node.text : null;
  if (isMany(shape)) return null;
  const read: Record<string, JsonValue> = {};
  if (node.children.length === 0 && node.text.trim() !== '') return null;
  for (const child of node.children) {
    const inner = Object.hasOwn(shape, child.name) ? shape[child.name] : undefined;
    if (inner === undefined) return null;
    const value = fromXml(child, isMany(inner) ? inner[0] : inner);
    if (value === null || (child.name in read && !isMany(inner))) return null;
    const before = read[child.name];
    read[child.name] = isMany(inner) ? [...(Array.isArray(before) ? before : []), value] : value;
  }
  return read satisfies JsonObject;
}

function isMany(shape: XmlShape): shape is readonly [XmlShape] {
  return Array.isArray(shape);
}

const TAG: XmlShape = { Key: 'text', Value: 'text' };
const TRANSITION: XmlShape = { Date: 'text', Days: 'text', StorageClass: 'text' };
const SIZES = { ObjectSizeGreaterThan: 'text', ObjectSizeLessThan: 'text' } as const;

/** Amazon S3 API Reference, data types; members that are not here are refused. */
export const SHAPES = {
  CreateBucketConfiguration: { LocationConstraint: 'text' },
  VersioningConfiguration: { Status: 'text', MfaDelete: 'text' },
  ObjectLockConfiguration: {
    ObjectLockEnabled: 'text',
    Rule: { DefaultRetention: { Mode: 'text', Days: 'text', Years: 'text' } },
  },
  ServerSideEncryptionConfiguration: {
    Rule: [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'text', KMSMasterKeyID: 'text' },
        BucketKeyEnabled: 'text',
        BlockedEncryptionTypes: { EncryptionType: ['text'] },
      },
    ],
  },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: 'text',
    IgnorePublicAcls: 'text',
    BlockPublicPolicy: 'text',
    RestrictPublicBuckets: 'text',
  },
  OwnershipControls: { Rule: [{ ObjectOwnership: 'text' }] },
  LifecycleConfiguration: {
    Rule: [
      {
        ID: 'text',
        Status: 'text',
        Prefix: 'text',
        Filter: {
          Prefix: 'text',
          Tag: TAG,
          ...SIZES,
          And: { Prefix: 'text', Tag: [TAG], ...SIZES },
        },
        Transition: [TRANSITION],
        NoncurrentVersionTransition: [
          { NoncurrentDays: 'text', StorageClass: 'text', NewerNoncurrentVersions: 'text' },
        ],
        Expiration: { Date: 'text', Days: 'text', ExpiredObjectDeleteMarker: 'text' },
        NoncurrentVersionExpiration: { NoncurrentDays: 'text', NewerNoncurrentVersions: 'text' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 'text' },
      },
    ],
  },
  ReplicationConfiguration: {
    Role: 'text',
    Rule: [
      {
        ID: 'text',
        Priority: 'text',
        Status: 'text',
        Prefix: 'text',
        Filter: { Prefix: 'text' },
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'text' } },
        ExistingObjectReplication: { Status: 'text' },
        DeleteMarkerReplication: { Status: 'text' },
        Destination: {
          Bucket: 'text',
          Account: 'text',
          StorageClass: 'text',
          EncryptionConfiguration: { ReplicaKmsKeyID: 'text' },
        },
      },
    ],
  },
  Delete: { Object: [{ Key: 'text', VersionId: 'text' }], Quiet: 'text' },
  Retention: { Mode: 'text', RetainUntilDate: 'text' },
  LegalHold: { Status: 'text' },
} as const satisfies Record<string, XmlShape>;

export type XmlRoot = keyof typeof SHAPES;
