# The vectors of policies/vectors, which the compiled policy is put to as well.
package custody.vectors_test

import data.custody.cloudtrail
import data.custody.guard
import data.custody.terraform
import rego.v1

answer(vector) := found if {
	vector.entry == "guard"
	found := guard.decision with input as vector.input with data.config as data.vectors.configs[vector.config]
}

answer(vector) := found if {
	vector.entry == "cloudtrail"
	found := cloudtrail.decision with input as vector.input with data.config as data.vectors.configs[vector.config]
}

answer(vector) := found if {
	vector.entry == "terraform"
	found := terraform.decision with input as vector.input with data.config as data.vectors.configs[vector.config]
}

# Each expected field with its value; a decision that is undefined fits none.
fits(vector) if {
	found := answer(vector)
	every name, value in vector.expect { found[name] == value }
}

misfits := [sprintf("%s: %s: %v", [vector.entry, vector.name, answer(vector)]) |
	some vector in data.vectors.calls
	not fits(vector)
]

test_vectors if {
	count(data.vectors.calls) > 200
	print(misfits)
	misfits == []
}

purposes := {purpose | some purpose, _ in guard.purposes}

# THE snapshot of what is allowed: of every operation, known today or made up, in every purpose.
test_operations if {
	expected := data.vectors.operations
	{purpose | some purpose, _ in expected.s3} | {purpose | some purpose, _ in expected.kms} == purposes
	every purpose, allowed in expected.s3 {
		{name | some name in expected.names.s3; allowed_s3(purpose, name)} == {name | some name in allowed}
	}
	every purpose, allowed in expected.kms {
		{name | some name in expected.names.kms; allowed_kms(purpose, name)} == {name | some name in allowed}
	}
}

allowed_s3(purpose, name) if {
	call := {"source": "process", "service": "s3", "bucket": bucket_for(purpose), "purpose": purpose, "operation": name, "key": "", "params": {}}
	found := guard.decision with input as call with data.config as data.vectors.configs.s3
	not "operation-not-allowed" in found.rules
	not "purpose-unknown" in found.rules
	not "undecided" in found.rules
}

bucket_for(purpose) := "acme-logs" if purpose == "trail.read"

bucket_for(purpose) := "acme-ledger" if purpose != "trail.read"

allowed_kms(purpose, name) if {
	call := {"source": "process", "service": "kms", "endpoint": "sandbox", "purpose": purpose, "operation": name, "params": {}, "quorum": null}
	found := guard.decision with input as call with data.config as data.vectors.configs.s3
	not "operation-not-allowed" in found.rules
	not "purpose-unknown" in found.rules
	not "undecided" in found.rules
}

test_actions if {
	every action, row in data.vectors.operations.actions {
		found := {name |
			some name in data.vectors.operations.names.kms
			call := {
				"source": "process", "service": "kms", "endpoint": "aws", "purpose": "execute", "operation": name,
				"params": {"KeyId": "a key of a drill", "PendingWindowInDays": 30},
				"scratch": "a key of a drill",
				"quorum": {
					"requestId": "r-abcdefghij",
					"digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					"action": action, "class": row.class, "approvals": 2, "threshold": 2, "executor": "alice",
					"operations": [name], "key": key_of(action),
				},
			}
			answered := guard.decision with input as call with data.config as data.vectors.configs.s3
			answered.privileged
			answered.allow
		}
		found == {name | some name in row.calls}
	}
}

key_of(action) := "drill-cycle" if action == "drill.cycle"

key_of(action) := "root" if action != "drill.cycle"

test_every_purpose_has_its_reason if {
	every _, reason in guard.purposes { count(reason) > 15 }
}
