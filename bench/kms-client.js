// What a KMS endpoint does a second, through AWS's own client: the same function measures the sandbox, moto or AWS.
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';

const CONTEXT = { bench: '1' };
const PLAINTEXT = Buffer.alloc(32, 7);

/**
 * @param {{ endpoint: string, region: string, credentials: { accessKeyId: string, secretAccessKey: string }, requestHandler?: object }} address
 * @param {{ millis?: number, concurrency?: number }} [options] how long each operation is measured, and how many at once
 * @returns {Promise<Record<string, number>>} operations a second
 */
export async function measureKms(address, { millis = 2000, concurrency = 8 } = {}) {
  const client = new KMSClient({ ...address, maxAttempts: 1 });
  try {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId;
    const sealed = await client.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT }));
    const { CiphertextBlob } = sealed;
    const commands = {
      DescribeKey: () => new DescribeKeyCommand({ KeyId }),
      Encrypt: () => new EncryptCommand({ KeyId, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT }),
      Decrypt: () => new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }),
      GenerateDataKey: () => new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }),
      CreateKey: () => new CreateKeyCommand({}),
    };
    const rates = {};
    for (const [name, command] of Object.entries(commands))
      rates[name] = await rate(client, command, millis, concurrency);
    return rates;
  } finally {
    client.destroy();
  }
}

async function rate(client, command, millis, concurrency) {
  await run(client, command, millis / 10, concurrency);
  const { count, took } = await run(client, command, millis, concurrency);
  return (count * 1000) / took;
}

async function run(client, command, millis, concurrency) {
  const started = performance.now();
  let count = 0;
  const worker = async () => {
    while (performance.now() - started < millis) {
      await client.send(command());
      count++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { count, took: performance.now() - started };
}
