import type { Keys } from './keys.js';

/**
 * The condition keys that requests to KMS, S3, STS and IAM can carry ("AWS global condition context keys"; Service
 * Authorization Reference, "Condition keys" of each service). A name ending in `/` or `:` stands for all that start so.
 */
const SINGLE = `
  aws:assumedroot aws:calledviaawsmcp aws:calledviafirst aws:calledvialast aws:chatbotsourcearn aws:currenttime
  aws:ec2instancesourceprivateipv4 aws:ec2instancesourcevpc aws:epochtime aws:federatedprovider aws:ismcpserviceaction
  aws:multifactorauthage aws:multifactorauthpresent aws:principalaccount aws:principalarn aws:principalisawsservice
  aws:principalorgid aws:principalservicename aws:principaltag/ aws:principaltype aws:referer aws:requestedregion
  aws:requesttag/ aws:resourceaccount aws:resourceorgid aws:resourcetag/ aws:securetransport aws:sourceaccount
  aws:sourcearn aws:sourceidentity aws:sourceip aws:sourceorgid aws:sourceowner aws:sourcevpc aws:sourcevpcarn
  aws:sourcevpce aws:tokenissuetime aws:useragent aws:userid aws:username aws:viaawsmcpservice aws:viaawsservice
  aws:vpceaccount aws:vpceorgid aws:vpcsourceip
  ec2:roledelivery ec2:sourceinstancearn glue:credentialissuingservice glue:roleassumedby identitystore:userid
  lambda:sourcefunctionarn ssm:sourceinstancearn
  kms:bypasspolicylockoutsafetycheck kms:calleraccount kms:customermasterkeyspec kms:customermasterkeyusage
  kms:datakeypairspec kms:encryptionalgorithm kms:encryptioncontext: kms:expirationmodel kms:grantconstraintsourcearn
  kms:grantconstrainttype kms:granteeprincipal kms:granteeserviceprincipal kms:grantisforawsresource
  kms:keyagreementalgorithm kms:keyorigin kms:keyspec kms:keyusage kms:macalgorithm kms:messagetype kms:multiregion
  kms:multiregionkeytype kms:primaryregion kms:recipientattestation: kms:reencryptonsamekey kms:replicaregion
  kms:requestalias kms:resourcetag kms:resourcetag/ kms:retiringprincipal kms:retiringserviceprincipal
  kms:rotationperiodindays kms:schedulekeydeletionpendingwindowindays kms:signingalgorithm
  kms:trailingdayswithoutkeyusage kms:validto kms:viaservice kms:wrappingalgorithm kms:wrappingkeyspec
  sts:awsservicename sts:durationseconds sts:externalid sts:requestcontext/ sts:roleauthorizedbyidp
  sts:rolesessionname sts:signingalgorithm sts:sourceidentity sts:taskpolicyarn
  s3:accesspointnetworkorigin s3:authtype s3:dataaccesspointaccount s3:dataaccesspointarn s3:delimiter
  s3:destinationregion s3:existingjoboperation s3:existingjobpriority s3:existingobjecttag/ s3:if-match
  s3:if-none-match s3:inventoryaccessibleoptionalfields s3:isreplicationpauserequest s3:jobsuspendedcause
  s3:locationconstraint s3:max-keys s3:object-lock-legal-hold s3:object-lock-mode
  s3:object-lock-remaining-retention-days s3:object-lock-retain-until-date s3:objectcreationoperation s3:prefix
  s3:requestjoboperation s3:requestjobpriority s3:requestobjecttag/ s3:resourceaccount s3:signatureage
  s3:signatureversion s3:tlsversion s3:versionid s3:x-amz-acl s3:x-amz-content-sha256 s3:x-amz-copy-source
  s3:x-amz-grant-full-control s3:x-amz-grant-read s3:x-amz-grant-read-acp s3:x-amz-grant-write
  s3:x-amz-grant-write-acp s3:x-amz-metadata-directive s3:x-amz-object-ownership s3:x-amz-server-side-encryption
  s3:x-amz-server-side-encryption-aws-kms-key-id s3:x-amz-server-side-encryption-customer-algorithm
  s3:x-amz-storage-class s3:x-amz-website-redirect-location
  iam:associatedresourcearn iam:awsservicename iam:delegationduration iam:delegationrequestowner
  iam:fido-certification iam:fido-fips-140-2-certification iam:fido-fips-140-3-certification iam:notificationchannel
  iam:organizationspolicyid iam:passedtoservice iam:permissionsboundary iam:policyarn iam:registersecuritykey
  iam:resourcetag/ iam:roletemplatearn iam:servicespecificcredentialagedays
  iam:servicespecificcredentialservicename iam:templatearn
`;

/** "Multivalued context keys require a condition set operator" (Single-valued vs. multivalued context keys). */
const MANY = `
  aws:calledvia aws:principalorgpaths aws:principalservicenameslist aws:resourceorgpaths aws:sourceorgpaths aws:tagkeys
  aws:vpceorgpaths kms:encryptioncontextkeys kms:grantoperations kms:resourcealiases
  s3:requestobjecttagkeys sts:identitytokenaudience
  sts:requestcontextproviders sts:transitivetagkeys iam:accountpropertynamespaces
`;

const words = (text: string) => text.trim().split(/\s+/);
const NAMES: ReadonlySet<string> = new Set([...words(SINGLE), ...words(MANY)].filter((name) => !/[/:]$/.test(name)));
const PREFIXES = words(SINGLE).filter((name) => /[/:]$/.test(name));
const MANY_NAMES: ReadonlySet<string> = new Set(words(MANY));

/** What an identity provider says of its subject: `token.actions.githubusercontent.com:sub`, `saml:aud`. */
const PROVIDER = /^(?:saml|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/[^:]*)?):.+$/;

/** Whether AWS has such a key, by its lower-case name. What is behind a prefix must not be empty. */
export function isKnownKey(lowerKey: string): boolean {
  if (NAMES.has(lowerKey) || PROVIDER.test(lowerKey)) return true;
  return PREFIXES.some((prefix) => lowerKey.length > prefix.length && lowerKey.startsWith(prefix));
}

/**
 * Whether AWS has such a key for this request: keys of S3 are in requests to S3 alone, each of which says how it was signed ("Actions,
 * resources, and condition keys for Amazon S3").
 */
export function isKeyOfRequest(lowerKey: string, keys: Keys): boolean {
  if (!isKnownKey(lowerKey)) return false;
  return !lowerKey.startsWith('s3:') || keys.get('s3:signatureversion') !== undefined;
}

/** Whether a request may carry several values under this key. */
export function hasManyValues(lowerKey: string): boolean {
  return MANY_NAMES.has(lowerKey);
}
