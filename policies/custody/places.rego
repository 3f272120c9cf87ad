# Which of the ledger's places a call, a record or a planned change is about. What cannot be resolved is nobody's: it is denied.
package custody.places

import rego.v1

ledger := object.get(data.config, "ledger", null)

ledger_buckets := {name | some name in ledger.buckets}

# Names that S3 takes in place of a bucket's and that are none: aliases of access points, of object lambdas, of directory buckets
# and tables (Amazon S3 User Guide, "General purpose bucket naming rules").
alias(name) if endswith(name, "-s3alias")

alias(name) if endswith(name, "--ol-s3")

alias(name) if endswith(name, "--x-s3")

alias(name) if endswith(name, "--table-s3")

alias(name) if endswith(name, ".mrap")

# Without regular expressions: they would make the compiled policy twice as large, and so every start slower.
plain(name) if {
	count(name) >= 3
	trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
	not alias(name)
}

# The bucket behind a name or an ARN; undefined where only S3 itself could tell.
bucket_of(given) := given if plain(given)

bucket_of(given) := name if {
	parts := split(given, ":")
	count(parts) == 6
	[parts[0], parts[2], parts[3], parts[4]] == ["arn", "s3", "", ""]
	name := split(parts[5], "/")[0]
	plain(name)
}

# One that is known by two names at once is an error, and so a no.
bucket_of(given) := ledger.accessPoints[given]

# Whether a KMS key is the one that encrypts the ledger: by the id at the end of an ARN, which replicas share.
ledger_key(given) if {
	some known in ledger.kmsKeys
	last(given) == last(known)
}

last(arn) := parts[count(parts) - 1] if parts := split(arn, "/")

# The buckets that are named anywhere in a value: as what it is about, or as where something is written to.
mentioned(value) := {name |
	[path, given] := walk(value)
	path[count(path) - 1] in {"Bucket", "TargetBucket", "bucket", "bucketName", "bucket_arn", "bucket_name", "target_bucket"}
	name := bucket_of(given)
}
