import { encodeBase64, sha256, sha256Hex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { readAhead } from '../ledger/ahead.js';
import { MAX_OBJECT_BYTES, OBJECT_NAME, type ObjectHistory, type ObjectStore } from '../ledger/objects.js';
import { BUNDLE_PREFIX, SLOT_PREFIX } from '../ledger/slot.js';
import type { AwsConnection, S3Link } from './connection.js';
import { bodyOf, deleted, isMarked, nameOf, statusOf, tooLarge } from './s3-answers.js';
import { heldUntil, listLatest, listVersions, type S3Folder } from './s3-names.js';

/** Where the objects lie, and how they are kept. */
export interface S3Place {
  readonly region: string;
  readonly bucket: string;
  /** With `/` at its end. */
  readonly prefix: string;
  /** The KMS key that encrypts bundles: a role that may not use it for decryption reads no entry. */
  readonly keyArn: string;
  /** Each object is held in COMPLIANCE mode for so long from its creation. */
  readonly retentionDays: number;
  readonly now: () => Instant;
}

const SECONDS_PER_DAY = 86_400;
/** A name that ends with the digest of its bytes: whatever version has that digest has the first one's bytes. */
const NAMED_BY_DIGEST = /(?:^|\/)([0-9a-f]{64})$/;
const PARALLEL = 8;

/**
 * Objects in S3, each created once with `If-None-Match: *` under Object Lock. A delete marker makes a name look free and
 * lets it be created again ("Conditional writes", Amazon S3 User Guide), so the first version is the one that counts.
 *
 * A role that may list versions reads it by its id. One that may not can still append: of slots, and of nothing else, it
 * reads what S3 shows. That proves nothing; `histories`, and with it an audit, fails for such a role with DENIED.
 * @param purpose `ledger.read` for a role that creates nothing: the guard holds it to that
 */
export function createS3Objects(
  aws: AwsConnection,
  place: S3Place,
  purpose: 'ledger.append' | 'ledger.read' = 'ledger.append',
): ObjectStore {
  const objects = new S3Objects(aws.s3(place.region, purpose), place, {
    bucket: place.bucket,
    prefix: place.prefix,
    owner: aws.account,
  });
  return {
    create: (name, bytes) => objects.create(name, bytes),
    read: (name) => objects.read(name),
    list: (prefix, after = '') => objects.list(prefix, after),
    histories: (prefix) => objects.histories(prefix),
  };
}

class S3Objects {
  /** What this role turned out not to be allowed: it is not asked for again. */
  readonly #denied = new Set<'versions' | 'names'>();

  constructor(
    private readonly link: S3Link,
    private readonly place: S3Place,
    private readonly folder: S3Folder,
  ) {}

  async create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const key = this.#key(name);
    if (bytes.length > MAX_OBJECT_BYTES) throw tooLarge(name);
    const encrypted = name.startsWith(BUNDLE_PREFIX)
      ? { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: this.place.keyArn }
      : {};
    // Of a try that nobody answered for it is not known whether it has taken the name.
    let unsure = false;
    // Sent again after failures: the condition lets one of all tries through.
    const { output } = await this.link.read('PutObject', async (sdk, client) => {
      const command = new sdk.PutObjectCommand({
        Bucket: this.folder.bucket,
        Key: key,
        Body: bytes,
        IfNoneMatch: '*',
        // Required beside a retention date ("PutObject", Amazon S3 API, x-amz-sdk-checksum-algorithm).
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: encodeBase64(sha256(bytes)),
        ContentType: 'application/octet-stream',
        ObjectLockMode: 'COMPLIANCE',
        ObjectLockRetainUntilDate: new Date(addSeconds(this.place.now(), this.place.retentionDays * SECONDS_PER_DAY)),
        ExpectedBucketOwner: this.folder.owner,
        ...encrypted,
      });
      try {
        const { $metadata } = await client.send(command);
        return { $metadata, taken: false };
      } catch (cause) {
        const status = statusOf(cause);
        if (status === 412) return { $metadata: {}, taken: true };
        unsure ||= status === null || status >= 500;
        throw cause;
      }
    });
    if (!output.taken) return 'created';
    if (!unsure) return 'exists';
    throw new CustodyError('UNAVAILABLE', `${name} is taken since a try to create it that S3 did not answer for`, {
      details: { name, maybeDone: true },
    });
  }

  async read(name: string): Promise<Uint8Array | null> {
    this.#key(name);
    const digest = NAMED_BY_DIGEST.exec(name)?.[1];
    if (digest !== undefined) {
      const shown = await this.#get(name, null).catch(notShown);
      if (shown.bytes !== null && sha256Hex(shown.bytes) === digest) return shown.bytes;
    }
    const found = await this.#firstVersion(name);
    if (found === 'unknown') return this.#readShown(name);
    if (found === null) return null;
    const { bytes } = await this.#get(name, found);
    if (bytes === null) throw deleted(name);
    return bytes;
  }

  async *list(prefix: string, after: string): AsyncGenerator<string> {
    try {
      if (!this.#denied.has('versions') || !prefix.startsWith(SLOT_PREFIX)) {
        for await (const { name } of listVersions(this.link, this.folder, prefix, after)) {
          if (OBJECT_NAME.test(name)) yield name;
        }
        return;
      }
    } catch (cause) {
      this.#deniedFor(prefix, 'versions', cause);
    }
    for await (const name of listLatest(this.link, this.folder, prefix, after)) if (OBJECT_NAME.test(name)) yield name;
  }

  async *histories(prefix: string): AsyncGenerator<ObjectHistory> {
    const names = listVersions(this.link, this.folder, prefix, '');
    const limits = { parallel: PARALLEL, budget: PARALLEL, weigh: () => 1 };
    yield* readAhead(
      names,
      async ({ name, versions, deleteMarkers, first }) => ({
        name,
        versions,
        deleteMarkers,
        createdAt: first?.at ?? null,
        retainedUntil: first === null ? null : await heldUntil(this.link, this.folder, name, first.versionId),
      }),
      limits,
    );
  }

  /** The id of the first version; null when there is none; *unknown* for a role that may not list versions. */
  async #firstVersion(name: string): Promise<string | null | 'unknown'> {
    if (this.#denied.has('versions') && name.startsWith(SLOT_PREFIX)) return 'unknown';
    try {
      for await (const found of listVersions(this.link, this.folder, name, '')) {
        // Of all names that begin with it, the name itself comes first.
        if (found.name !== name) return null;
        // Only markers are left: somebody has deleted what lay there.
        if (found.first === null) throw deleted(name);
        return found.first.versionId;
      }
      return null;
    } catch (cause) {
      this.#deniedFor(name, 'versions', cause);
      return 'unknown';
    }
  }

  /**
   * A slot as S3 shows it. Without s3:ListBucket S3 answers 403 for a name that is free ("GetObject", Amazon S3 API), so
   * where names may be listed they are asked first.
   */
  async #readShown(name: string): Promise<Uint8Array | null> {
    if (!this.#denied.has('names')) {
      try {
        for await (const found of listLatest(this.link, this.folder, name, '')) {
          if (found === name) return (await this.#get(name, null)).bytes;
        }
        return null;
      } catch (cause) {
        this.#deniedFor(name, 'names', cause);
      }
    }
    const { bytes, marked } = await this.#get(name, null);
    if (marked) throw deleted(name);
    return bytes;
  }

  /** Remembers a denial where there is another way, which slots alone have; throws everything else on. */
  #deniedFor(name: string, what: 'versions' | 'names', cause: unknown): void {
    const denied = cause instanceof CustodyError && cause.code === 'DENIED';
    if (!denied || !name.startsWith(SLOT_PREFIX)) throw cause;
    this.#denied.add(what);
  }

  async #get(name: string, versionId: string | null): Promise<Shown> {
    const key = this.#key(name);
    const { output } = await this.link.read('GetObject', async (sdk, client) => {
      const command = new sdk.GetObjectCommand({
        Bucket: this.folder.bucket,
        Key: key,
        ExpectedBucketOwner: this.folder.owner,
        ...(versionId === null ? {} : { VersionId: versionId }),
      });
      try {
        const { $metadata, Body, ContentLength } = await client.send(command);
        return { $metadata, bytes: await bodyOf(name, Body, ContentLength), marked: false };
      } catch (cause) {
        if (!['NoSuchKey', 'NoSuchVersion'].includes(nameOf(cause))) throw cause;
        return { $metadata: {}, bytes: null, marked: isMarked(cause) };
      }
    });
    return output;
  }

  #key(name: string): string {
    if (!OBJECT_NAME.test(name)) throw new CustodyError('REFUSED', `not the name of an object: ${name.slice(0, 100)}`);
    return this.folder.prefix + name;
  }
}

/**
 * S3 may answer 403 for a name that is free, to a role whose s3:ListBucket is held to a prefix as well. Whether it is free, the list
 * of versions says; of a role that may not list or not read, the next question is denied too.
 */
function notShown(cause: unknown): Shown {
  if (cause instanceof CustodyError && cause.code === 'DENIED') return { bytes: null, marked: false };
  throw cause;
}

interface Shown {
  readonly bytes: Uint8Array | null;
  /** A delete marker lies over it. */
  readonly marked: boolean;
}
