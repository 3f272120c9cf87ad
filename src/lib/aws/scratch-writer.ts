import { isObject } from '../base/fields.js';
import { isKeyArn, type KeyArn, type KeyWriter } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { createKeyReader } from './kms-reader.js';
import { createKeyWriter } from './kms-writer.js';

/** The tag of a drill's keys, as drill/scratch and the policies name it. */
const SCRATCH_TAG = 'custody:drill';

/**
 * Changes only keys that a drill made: those that this writer has made itself, and those whose tag at KMS says so. That is
 * looked up here, so that the guard need not take a caller's word for it.
 */
export function createScratchWriter(aws: AwsConnection): KeyWriter {
  const made = new Set<string>();
  const reader = createKeyReader(aws);
  const scratch = async (region: string, key: KeyArn) =>
    made.has(key) || (await reader.tags(region, key))?.[SCRATCH_TAG] !== undefined;
  return {
    call: async (call) => {
      const { KeyId } = call.parameters;
      const own = isKeyArn(KeyId) && (await scratch(call.region, KeyId)) ? { scratch: KeyId } : {};
      const answered = await createKeyWriter(aws, { purpose: 'drill.scratch', ...own }).call(call);
      const { KeyMetadata } = answered.answer;
      if (call.operation === 'CreateKey' && isObject(KeyMetadata)) made.add(String(KeyMetadata.Arn));
      return answered;
    },
  };
}
