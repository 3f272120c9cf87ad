# One planned change of Terraform (`terraform show -json`, resource_changes), before it is applied. Input: {change}.
package custody.terraform

import data.custody.ledger
import data.custody.places
import rego.v1

actions := {action | some action in input.change.change.actions}

kind := input.change.type

after := object.get(input.change.change, "after", null)

before := object.get(input.change.change, "before", null)

quiet if {
	every action in actions { action in {"no-op", "read"} }
}

# To forget a resource is to leave it to whoever comes next; a replacement deletes first or last.
ends if "delete" in actions

ends if "forget" in actions

# Of both providers of AWS, and of all that S3 has beside buckets (s3control, s3tables, s3outposts).
about_s3 if {
	some start in ["aws_s3", "awscc_s3"]
	startswith(kind, start)
}

# AWS's own interface to all of its resources.
about_s3 if of_service("AWS::S3")

about_kms if of_service("AWS::KMS::")

of_service(start) if {
	kind == "aws_cloudcontrolapi_resource"
	some values in state
	startswith(values.type_name, start)
}

about_kms if {
	some start in ["aws_kms_", "awscc_kms_"]
	startswith(kind, start)
}

state contains after if is_object(after)

state contains before if is_object(before)

names_of(values) := {name |
	some attribute in ["bucket", "bucket_name", "bucket_arn"]
	name := places.bucket_of(values[attribute])
}

named := union({names_of(values) | some values in state})

own if count(named & places.ledger_buckets) > 0

# What is about another bucket may still write into the ledger: copies, lists, logs.
of_ledger if {
	some values in state
	count(places.mentioned(values) & places.ledger_buckets) > 0
}

# What is known only after the change, or is under another name, could be the ledger: before the change or after it.
unresolved if count(state) == 0

unresolved if {
	some values in state
	count(names_of(values)) == 0
}

concerned if {
	not quiet
	about_s3
	of_ledger
}

concerned if {
	is_object(places.ledger)
	not quiet
	about_s3
	unresolved
}

concerned if {
	not quiet
	about_kms
}

default decision := {"allow": false, "concerned": true, "rules": ["change-unreadable"]}

decision := {"allow": count(rules) == 0, "concerned": true, "rules": sort(rules)} if {
	readable
	concerned
}

decision := {"allow": true, "concerned": false, "rules": []} if {
	readable
	not concerned
}

readable if {
	is_string(kind)
	count(actions) > 0
	every action in actions { action in {"create", "delete", "forget", "no-op", "read", "update"} }
}

rules contains "bucket-unresolved" if {
	about_s3
	unresolved
}

rules contains "ledger-deleted" if {
	about_s3
	ends
}

rules contains "resource-not-allowed" if {
	about_s3
	not kind in {
		"aws_s3_bucket",
		"aws_s3_bucket_lifecycle_configuration",
		"aws_s3_bucket_object_lock_configuration",
		"aws_s3_bucket_ownership_controls",
		"aws_s3_bucket_policy",
		"aws_s3_bucket_public_access_block",
		"aws_s3_bucket_replication_configuration",
		"aws_s3_bucket_server_side_encryption_configuration",
		"aws_s3_bucket_versioning",
	}
}

# The lists that Terraform makes of blocks.
block(value, name) := value[name][0]

# No resource but buckets and their objects has this, and none of KMS.
rules contains "force-destroy" if {
	object.get(after, "force_destroy", false) != false
}

rules contains "bucket-without-lock" if {
	kind == "aws_s3_bucket"
	"create" in actions
	not made_with_lock
}

made_with_lock if after.object_lock_enabled == true

made_with_lock if block(after, "object_lock_configuration").object_lock_enabled == "Enabled"

# Before version 4 of the provider all this stood in the bucket itself, and later ones still read it there. Judged is what is
# written there, and what was: to leave it out is to take it away.
within(name) if {
	about_s3
	some values in state
	count(object.get(values, name, [])) > 0
}

rules contains "lock-not-compliance" if {
	within("object_lock_configuration")
	not locks_within
}

locks_within if locking(block(after, "object_lock_configuration"))

rules contains "versioning-not-enabled" if {
	within("versioning")
	not versioned_within
}

versioned_within if block(after, "versioning").enabled == true

# A bucket without rules keeps everything.
rules contains "lifecycle-not-allowed" if {
	some rule in after.lifecycle_rule
	not archives_within(rule)
}

rules contains "lifecycle-not-allowed" if count(after.lifecycle_rule) > 1

archives_within(rule) if {
	rule.enabled == true
	rule.prefix == ledger.bundles
	archives_alone(rule, {"enabled", "id", "prefix", "transition"})
}

rules contains "policy-not-of-the-ledger" if {
	within("policy")
	not sound
}

rules contains "ownership-with-acls" if {
	not object.get(after, "acl", null) in {null, "", "private"}
}

# Everybody, everybody with an account, and the writer of access logs are groups.
rules contains "ownership-with-acls" if {
	some grant in after.grant
	grant.type == "Group"
}

rules contains "replication-not-of-the-ledger" if {
	within("replication_configuration")
	not replicated_within
}

replicated_within if {
	rules_within := block(after, "replication_configuration").rules
	count(rules_within) > 0
	every rule in rules_within {
		object.get(rule, "delete_marker_replication_status", "") in {"", "Disabled"}
		copies(rule)
	}
}

rules contains "encryption-not-by-the-ledger-key" if {
	within("server_side_encryption_configuration")
	not encrypted_within
}

encrypted_within if encrypting(block(after, "server_side_encryption_configuration"))

rules contains "lock-not-compliance" if {
	kind == "aws_s3_bucket_object_lock_configuration"
	not locks
}

locks if locking(after)

locking(configuration) if {
	retention := block(block(configuration, "rule"), "default_retention")
	retention.mode == "COMPLIANCE"
	days(retention) >= places.ledger.retentionDays
}

days(retention) := retention.days if retention.days > 0

days(retention) := retention.years * 365 if retention.years > 0

rules contains "versioning-not-enabled" if {
	kind == "aws_s3_bucket_versioning"
	not versioned
}

versioned if block(after, "versioning_configuration").status == "Enabled"

rules contains "lifecycle-not-allowed" if {
	kind == "aws_s3_bucket_lifecycle_configuration"
	not archives
}

archives if {
	count(after.rule) == 1
	every rule in after.rule {
		rule.status == "Enabled"
		filter := block(rule, "filter")
		filter.prefix == ledger.bundles
		says_only(filter, {"prefix"})
		archives_alone(rule, {"filter", "id", "status", "transition"})
	}
}

# As `ledger.archives`, in Terraform's words.
archives_alone(rule, names) if {
	says_only(rule, names)
	count(rule.transition) == 1
	move := block(rule, "transition")
	move.days == 90
	move.storage_class == "GLACIER_IR"
	says_only(move, {"days", "storage_class"})
}

# What a plan leaves open is null or empty in it.
says_only(value, names) if {
	every name, part in value { part_of(name, part, names) }
}

part_of(name, _, names) if name in names

part_of(_, part, _) if part in {null, "", false, 0}

part_of(_, part, _) if count(part) == 0

rules contains "policy-not-of-the-ledger" if {
	kind == "aws_s3_bucket_policy"
	not sound
}

sound if ledger.sound_policy(after.policy, named)

rules contains "public-access-not-blocked" if {
	kind == "aws_s3_bucket_public_access_block"
	some name in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	not after[name] == true
}

rules contains "ownership-with-acls" if {
	kind == "aws_s3_bucket_ownership_controls"
	not owned
}

owned if block(after, "rule").object_ownership == "BucketOwnerEnforced"

rules contains "replication-not-of-the-ledger" if {
	kind == "aws_s3_bucket_replication_configuration"
	not replicated
}

replicated if {
	count(after.rule) > 0
	every rule in after.rule {
		every marker in object.get(rule, "delete_marker_replication", []) { marker.status == "Disabled" }
		copies(rule)
	}
}

copies(rule) if {
	own
	rule.status == "Enabled"
	places.bucket_of(block(rule, "destination").bucket) in places.ledger_buckets
}

rules contains "encryption-not-by-the-ledger-key" if {
	kind == "aws_s3_bucket_server_side_encryption_configuration"
	not encrypted
}

encrypted if encrypting(after)

encrypting(configuration) if {
	count(configuration.rule) > 0
	every rule in configuration.rule {
		by_default := block(rule, "apply_server_side_encryption_by_default")
		by_default.sse_algorithm == "aws:kms"
		encrypts(by_default.kms_master_key_id)
	}
}

encrypts(key) if places.ledger_key(key)

encrypts(key) if {
	is_string(key)
	count(places.ledger.kmsKeys) == 0
}

# A key that is new and nobody's may be made; every change of one that is there is for a quorum.
new_key if {
	actions == {"create"}
	kind in {"aws_kms_external_key", "aws_kms_key"}
}

rules contains "key-deleted" if {
	about_kms
	ends
}

rules contains "key-changed-without-quorum" if {
	about_kms
	not new_key
}

rules contains "key-policy-changed" if {
	about_kms
	object.get(before, "policy", null) != object.get(after, "policy", null)
}

rules contains "lockout-check-bypassed" if {
	object.get(after, "bypass_policy_lockout_safety_check", false) == true
}

rules contains "window-too-short" if {
	window := after.deletion_window_in_days
	window < 30
}
