import type { GrantListEntry } from '@aws-sdk/client-kms';
import { instantFromDate } from '../base/time.js';
import type { Grant } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { allPages, unreadable } from './pages.js';

/** Every grant on a key, by id: a list that breaks off is an error (T43). */
export async function grants(aws: AwsConnection, region: string, key: string): Promise<readonly Grant[]> {
  const found = await allPages('ListGrants', async (Marker) => {
    const { output } = await aws
      .kms(region)
      .read('ListGrants', (sdk, client) => client.send(new sdk.ListGrantsCommand({ KeyId: key, Limit: 100, Marker })));
    return { items: output.Grants, truncated: output.Truncated, next: output.NextMarker };
  });
  return found.map(grantOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A grant is for a principal of an account or for an AWS service, one of the two (KMS API Reference, GrantListEntry). */
function grantOf(found: GrantListEntry): Grant {
  const { GrantId: id, Operations, CreationDate, Constraints } = found;
  const grantee = found.GranteePrincipal || found.GranteeServicePrincipal;
  if (!id || !grantee || !Operations || !CreationDate) throw unreadable('ListGrants');
  return {
    id,
    name: found.Name || null,
    grantee,
    retiring: found.RetiringPrincipal || found.RetiringServicePrincipal || null,
    operations: [...Operations].sort(),
    encryptionContextEquals: Constraints?.EncryptionContextEquals ?? null,
    encryptionContextSubset: Constraints?.EncryptionContextSubset ?? null,
    sourceArn: Constraints?.SourceArn ?? null,
    createdAt: instantFromDate(CreationDate),
  };
}
