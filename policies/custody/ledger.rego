# What may be done to the audit ledger in S3: an allow list of operations a purpose. Everything else is denied, what S3 adds
# later too. Input: {source, service, operation, bucket, resources, key, now (seconds), purpose, params}.
package custody.ledger

import data.custody.places
import rego.v1

reads := {
	"GetBucketEncryption",
	"GetBucketLifecycleConfiguration",
	"GetBucketLocation",
	"GetBucketOwnershipControls",
	"GetBucketPolicy",
	"GetBucketPolicyStatus",
	"GetBucketReplication",
	"GetBucketTagging",
	"GetBucketVersioning",
	"GetObject",
	"GetObjectAttributes",
	"GetObjectLegalHold",
	"GetObjectLockConfiguration",
	"GetObjectRetention",
	"GetPublicAccessBlock",
	"HeadBucket",
	"HeadObject",
	"ListObjectVersions",
	"ListObjectsV2",
	"RestoreObject",
}

provisioning := {
	"CreateBucket",
	"PutBucketEncryption",
	"PutBucketLifecycleConfiguration",
	"PutBucketOwnershipControls",
	"PutBucketPolicy",
	"PutBucketReplication",
	"PutBucketVersioning",
	"PutObjectLockConfiguration",
	"PutPublicAccessBlock",
}

# Which operations each purpose has; a record of CloudTrail names none.
operations := {
	"ledger.read": reads,
	"ledger.append": (reads | {"PutObject"}),
	"ledger.provision": (reads | provisioning),
	"trail.read": {"GetBucketLocation", "GetObject", "HeadBucket", "HeadObject", "ListObjectsV2"},
	"recorded": (reads | {"PutObject"}),
}

purpose := "recorded" if input.source == "cloudtrail"

purpose := input.purpose if input.source == "process"

named := {name |
	some given in array.concat([input.bucket], object.get(input, "resources", []))
	name := places.bucket_of(given)
}

# Names count alone where the request is ours; CloudTrail also says on which resources it was.
is_ledger if {
	some name in named
	name in places.ledger_buckets
}

concerned if input.source == "process"

concerned if is_ledger

concerned if {
	is_object(places.ledger)
	count(named) == 0
	not bucketless_read
}

# In a record: a read of the account, as of the list of its buckets.
bucketless_read if {
	input.bucket == null
	some verb in ["Describe", "Get", "Head", "List"]
	startswith(input.operation, verb)
}

decision := {"allow": count(rules) == 0, "concerned": true, "rules": sort(rules)} if concerned

decision := {"allow": true, "concerned": false, "rules": []} if not concerned

rules contains "input-unreadable" if not is_object(input.params)

rules contains "purpose-unknown" if not purposeful

purposeful if operations[purpose]

rules contains "bucket-unresolved" if count(named) == 0

rules contains "operation-not-allowed" if not listed_operation

listed_operation if input.operation in operations[purpose]

rules contains "bucket-not-the-ledger" if {
	startswith(purpose, "ledger.")
	not is_ledger
}

# Log files of CloudTrail never lie in the ledger's bucket.
rules contains "bucket-is-the-ledger" if {
	purpose == "trail.read"
	is_ledger
}

# An entry is written once: create-if-absent, below the folder of the ledger, and with nothing that changes how it is kept.
rules contains "write-not-once" if {
	input.operation == "PutObject"
	input.source == "process"
	object.get(input.params, "IfNoneMatch", "") != "*"
}

rules contains "write-outside-the-ledger" if {
	input.operation == "PutObject"
	not in_the_folder
}

in_the_folder if startswith(input.key, places.ledger.prefix)

write_parameters := {
	"Body",
	"Bucket",
	"BucketKeyEnabled",
	"ChecksumAlgorithm",
	"ChecksumCRC32",
	"ChecksumSHA256",
	"ContentLength",
	"ContentMD5",
	"ContentType",
	"ExpectedBucketOwner",
	"IfNoneMatch",
	"Key",
	"ObjectLockMode",
	"ObjectLockRetainUntilDate",
	"SSEKMSKeyId",
	"ServerSideEncryption",
}

rules contains "write-parameter-not-allowed" if {
	input.operation == "PutObject"
	some name, _ in input.params
	not name in write_parameters
}

rules contains "lock-not-compliance" if {
	object.get(input.params, "ObjectLockMode", "COMPLIANCE") != "COMPLIANCE"
}

day := 86400

# A day for clocks and for the time that the request takes.
rules contains "retention-too-short" if {
	until := input.params.ObjectLockRetainUntilDate
	not kept(until)
}

kept(until) if {
	is_number(until)
	until >= input.now + ((places.ledger.retentionDays - 1) * day)
}

rules contains "encryption-not-by-the-ledger-key" if {
	object.get(input.params, "ServerSideEncryption", "aws:kms") != "aws:kms"
}

rules contains "encryption-not-by-the-ledger-key" if {
	key := input.params.SSEKMSKeyId
	count(places.ledger.kmsKeys) > 0
	not places.ledger_key(key)
}

# A restore makes a readable copy for some days and nothing else.
rules contains "restore-writes" if {
	some name, _ in object.get(input.params, "RestoreRequest", {})
	not name in {"Days", "GlacierJobParameters", "Tier"}
}

# What provisioning writes can only make the ledger stricter.
rules contains "bucket-without-lock" if {
	input.operation == "CreateBucket"
	object.get(input.params, "ObjectLockEnabledForBucket", false) != true
}

rules contains "ownership-with-acls" if {
	input.operation == "CreateBucket"
	some name, _ in input.params
	not name in {"Bucket", "CreateBucketConfiguration", "ObjectLockEnabledForBucket", "ObjectOwnership"}
}

rules contains "ownership-with-acls" if {
	object.get(input.params, "ObjectOwnership", "BucketOwnerEnforced") != "BucketOwnerEnforced"
}

rules contains "versioning-not-enabled" if {
	input.operation == "PutBucketVersioning"
	object.get(input.params, ["VersioningConfiguration", "Status"], "") != "Enabled"
}

rules contains "lock-not-compliance" if {
	input.operation == "PutObjectLockConfiguration"
	not complies(object.get(input.params, ["ObjectLockConfiguration", "Rule", "DefaultRetention"], {}))
}

complies(retention) if {
	retention.Mode == "COMPLIANCE"
	days(retention) >= places.ledger.retentionDays
}

days(retention) := retention.Days

days(retention) := retention.Years * 365

rules contains "public-access-not-blocked" if {
	input.operation == "PutPublicAccessBlock"
	some name in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
	object.get(input.params, ["PublicAccessBlockConfiguration", name], false) != true
}

rules contains "lifecycle-not-allowed" if {
	input.operation == "PutBucketLifecycleConfiguration"
	not archiving
}

archiving if {
	count(input.params.LifecycleConfiguration.Rules) == 1
	every rule in input.params.LifecycleConfiguration.Rules { archives(rule) }
}

# The one rule that provisioning writes: old bundles go where they are still read at once. Nothing expires, nothing else moves.
archives(rule) if {
	every name, _ in rule {
		name in {"Filter", "ID", "Status", "Transitions"}
	}
	rule.Status == "Enabled"
	rule.Filter == {"Prefix": bundles}
	rule.Transitions == [{"Days": 90, "StorageClass": "GLACIER_IR"}]
}

bundles := concat("", [places.ledger.prefix, "bundles/"])

rules contains "encryption-not-by-the-ledger-key" if {
	input.operation == "PutBucketEncryption"
	not encrypting
}

encrypting if {
	count(input.params.ServerSideEncryptionConfiguration.Rules) > 0
	every rule in input.params.ServerSideEncryptionConfiguration.Rules {
		encrypts(rule.ApplyServerSideEncryptionByDefault)
	}
}

encrypts(default_rule) if {
	default_rule.SSEAlgorithm == "aws:kms"
	key := default_rule.KMSMasterKeyID
	is_string(key)
	count(places.ledger.kmsKeys) == 0
}

encrypts(default_rule) if {
	default_rule.SSEAlgorithm == "aws:kms"
	places.ledger_key(default_rule.KMSMasterKeyID)
}

rules contains "ownership-with-acls" if {
	input.operation == "PutBucketOwnershipControls"
	not owning
}

owning if {
	count(input.params.OwnershipControls.Rules) > 0
	every rule in input.params.OwnershipControls.Rules { rule.ObjectOwnership == "BucketOwnerEnforced" }
}

rules contains "replication-not-of-the-ledger" if {
	input.operation == "PutBucketReplication"
	not replicating
}

replicating if {
	count(input.params.ReplicationConfiguration.Rules) > 0
	every rule in input.params.ReplicationConfiguration.Rules { replicates(rule) }
}

# Delete markers stay where they were made: a copy of one would hide the entry there, too.
replicates(rule) if {
	rule.Status == "Enabled"
	object.get(rule, ["DeleteMarkerReplication", "Status"], "Disabled") == "Disabled"
	places.bucket_of(rule.Destination.Bucket) in places.ledger_buckets
}

rules contains "policy-not-of-the-ledger" if {
	input.operation == "PutBucketPolicy"
	not sound_policy(object.get(input.params, "Policy", ""), named)
}

sound_policy(text, names) if {
	statements := json.unmarshal(text).Statement
	every statement in statements { sound(statement) }
	every name in names {
		every action in {"s3:DeleteObject", "s3:DeleteObjectVersion"} { denied(statements, action, name) }
	}
}

sound(statement) if statement.Effect == "Deny"

sound(statement) if {
	statement.Effect == "Allow"
	object.keys(statement.Principal) == {"AWS"}
	not "*" in listed(statement.Principal.AWS)
	every action in listed(statement.Action) { action in policy_actions }
}

# A sound statement about everybody denies; this one whatever lies in the bucket.
denied(statements, action, name) if {
	some statement in statements
	statement.Principal == "*"
	not statement.Condition
	some given in listed(statement.Action)
	given in {"s3:*", "s3:Delete*", action}
	some resource in listed(statement.Resource)
	everything_in(resource, name)
}

everything_in(resource, _) if resource == "*"

everything_in(resource, name) if endswith(resource, concat("", [":::", name, "/*"]))

listed(value) := [value] if is_string(value)

listed(value) := value if is_array(value)

policy_actions := {
	"s3:GetBucketLocation",
	"s3:GetBucketObjectLockConfiguration",
	"s3:GetBucketOwnershipControls",
	"s3:GetBucketPolicy",
	"s3:GetBucketPublicAccessBlock",
	"s3:GetBucketVersioning",
	"s3:GetEncryptionConfiguration",
	"s3:GetLifecycleConfiguration",
	"s3:GetObject",
	"s3:GetObjectLegalHold",
	"s3:GetObjectRetention",
	"s3:GetObjectVersion",
	"s3:GetReplicationConfiguration",
	"s3:ListBucket",
	"s3:ListBucketVersions",
	"s3:PutObject",
	"s3:PutObjectRetention",
	"s3:ReplicateObject",
	"s3:RestoreObject",
}
