# What may be asked of KMS: reads and uses of keys by an allow list, everything else only in the name of a request that a quorum
# has approved, or for a purpose of its own. Input: {source, endpoint, service, operation, params, purpose, quorum}.
package custody.kms

import data.custody.places
import rego.v1

reads := {
	"DescribeKey",
	"GetKeyLastUsage",
	"GetKeyPolicy",
	"GetKeyRotationStatus",
	"GetPublicKey",
	"ListAliases",
	"ListGrants",
	"ListKeyPolicies",
	"ListKeyRotations",
	"ListKeys",
	"ListResourceTags",
	"ListRetirableGrants",
}

uses := {
	"Decrypt",
	"Encrypt",
	"GenerateDataKey",
	"GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext",
	"GenerateDataKeyWithoutPlaintext",
	"GenerateMac",
	"GenerateRandom",
	"ReEncrypt",
	"Sign",
	"Verify",
	"VerifyMac",
}

making := {"CreateAlias", "CreateKey", "EnableKeyRotation", "ReplicateKey"}

importing := {"GetParametersForImport", "ImportKeyMaterial"}

# THE table: what a quorum can authorise, of which class it is, and which calls it may make.
actions := {
	"drill.cycle": {"class": "rotation", "calls": {"EnableKeyRotation"}},
	"key.alias-create": {"class": "alias", "calls": {"CreateAlias"}},
	"key.alias-delete": {"class": "alias", "calls": {"DeleteAlias"}},
	"key.alias-move": {"class": "alias", "calls": {"UpdateAlias"}},
	"key.cancel-deletion": {"class": "veto", "calls": {"CancelKeyDeletion"}},
	"key.create": {"class": "create", "calls": making},
	"key.delete": {"class": "delete", "calls": {"ScheduleKeyDeletion"}},
	"key.describe": {"class": "label", "calls": {"UpdateKeyDescription"}},
	"key.disable": {"class": "disable", "calls": {"DisableKey"}},
	"key.enable": {"class": "enable", "calls": {"EnableKey"}},
	"key.grant": {"class": "grant", "calls": {"CreateGrant"}},
	"key.import": {"class": "import", "calls": importing},
	"key.material-off": {"class": "material-off", "calls": {"DeleteImportedKeyMaterial"}},
	"key.policy": {"class": "policy", "calls": {"PutKeyPolicy"}},
	"key.promote": {"class": "promote", "calls": {"UpdatePrimaryRegion"}},
	"key.replicate": {"class": "replicate", "calls": {"CreateAlias", "ReplicateKey"}},
	"key.retire": {"class": "revoke", "calls": {"RetireGrant"}},
	"key.revoke": {"class": "revoke", "calls": {"RevokeGrant"}},
	"key.rotate": {"class": "rotate", "calls": {"RotateKeyOnDemand"}},
	"key.rotate-imported": {"class": "import", "calls": (importing | {"RotateKeyOnDemand"})},
	"key.rotation": {"class": "rotation", "calls": {"EnableKeyRotation"}},
	"key.rotation-off": {"class": "rotation-off", "calls": {"DisableKeyRotation"}},
	"key.succeed": {"class": "create", "calls": {"CreateKey", "EnableKeyRotation", "ReplicateKey"}},
	"key.tag": {"class": "label", "calls": {"TagResource"}},
	"key.untag": {"class": "label", "calls": {"UntagResource"}},
}

# Purposes without a quorum, each with the calls that it needs.
alone := {
	"signer.create": {"CreateKey"},
	"drill.executor": {"EnableKeyRotation", "PutKeyPolicy"},
	"drill.scratch": {"CreateKey", "DeleteImportedKeyMaterial", "GetParametersForImport", "ImportKeyMaterial", "PutKeyPolicy", "ScheduleKeyDeletion"},
	"rehearse.attack": {"PutKeyPolicy", "RotateKeyOnDemand", "ScheduleKeyDeletion"},
}

free if input.operation in reads

free if input.operation in uses

privileged if not free

decision := {
	"allow": count(rules) == 0,
	"concerned": true,
	"privileged": count({true | privileged}) == 1,
	"rules": sort(rules),
}

by_itself if alone[input.purpose]

rules contains "quorum-missing" if {
	privileged
	not by_itself
	not is_object(input.quorum)
}

rules contains "purpose-unknown" if {
	privileged
	not by_itself
	not for_a_quorum
}

# In a rule of its own, as every "no" of these files that looks into an input: of what is missing, `not f(x)` says nothing at all.
for_a_quorum if input.purpose in {"execute", "recorded", "veto"}

# A call that KMS adds later is in no list. Every "no" below is for want of a "yes": what is missing from an input gives none.
called_for if free

called_for if input.operation in alone[input.purpose]

called_for if {
	judged
	input.operation in actions[input.quorum.action].calls
}

rules contains "operation-not-allowed" if not called_for

rules contains "input-unreadable" if not is_object(input.params)

judged if {
	privileged
	is_object(input.quorum)
	not by_itself
}

rules contains "action-unknown" if {
	judged
	not known
}

known if actions[input.quorum.action]

rules contains "class-of-another-action" if {
	judged
	not classed
}

classed if actions[input.quorum.action].class == input.quorum.class

rules contains "request-not-named" if {
	judged
	not written(object.get(input.quorum, "requestId", ""), "r-", 12, "abcdefghijklmnopqrstuvwxyz234567")
}

rules contains "request-not-named" if {
	judged
	not written(object.get(input.quorum, "digest", ""), "sha256:", 71, "0123456789abcdef")
}

# A prefix, and so many letters of an alphabet.
written(text, prefix, length, alphabet) if {
	startswith(text, prefix)
	count(text) == length
	trim(trim_prefix(text, prefix), alphabet) == ""
}

rules contains "executor-not-named" if {
	judged
	object.get(input.quorum, "executor", "") == ""
}

# What was signed for is one list of calls.
rules contains "call-not-signed" if {
	judged
	not input.operation in object.get(input.quorum, "operations", [])
}

# Two people at least, whatever a plan says; one of them is enough for a veto, which only takes power away.
least := 1 if input.quorum.class == "veto"

least := 2 if input.quorum.class != "veto"

# OPA orders numbers before texts: what lies between two numbers is one.
met if {
	input.quorum.threshold >= least
	input.quorum.approvals >= input.quorum.threshold
	is_number(input.quorum.approvals)
}

rules contains "quorum-not-met" if {
	judged
	not met
}

rules contains "veto-of-another-kind" if {
	input.purpose == "veto"
	not vetoed
}

vetoed if input.quorum.class == "veto"

# Nobody signs these away.
rules contains "lockout-check-bypassed" if object.get(input.params, "BypassPolicyLockoutSafetyCheck", false) != false

rules contains "window-too-short" if {
	input.operation == "ScheduleKeyDeletion"
	judged
	not long_window
}

long_window if {
	is_number(input.params.PendingWindowInDays)
	input.params.PendingWindowInDays >= 30
}

destructions := {"DeleteImportedKeyMaterial", "DisableKey", "ScheduleKeyDeletion"}

# Without its key nothing in the ledger can be read: to end the key is to purge the ledger.
rules contains "ledger-key-destroyed" if {
	input.operation in destructions
	places.ledger_key(object.get(input.params, "KeyId", null))
}

rules contains "ledger-key-destroyed" if {
	input.operation in destructions
	input.quorum.key == places.ledger.key
}

rules contains "not-a-signing-key" if {
	input.purpose == "signer.create"
	[object.get(input.params, "KeyUsage", ""), object.get(input.params, "KeySpec", "")] != ["SIGN_VERIFY", "ECC_NIST_P256"]
}

scratch_tags := {item.TagValue | some item in object.get(input.params, "Tags", []); item.TagKey == "custody:drill"}

rules contains "not-a-scratch-key" if {
	input.purpose == "drill.scratch"
	input.operation == "CreateKey"
	count(scratch_tags) != 1
}

# `scratch` is said by the writer that made the key or read its tag, for this very key.
rules contains "not-a-scratch-key" if {
	input.purpose == "drill.scratch"
	input.operation in (alone["drill.scratch"] - {"CreateKey"})
	not input.scratch == input.params.KeyId
}

rules contains "not-a-scratch-key" if {
	input.purpose == "drill.executor"
	input.operation in {"EnableKeyRotation", "PutKeyPolicy"}
	not input.scratch == input.params.KeyId
}

# An exercise is for a key that a drill made, whatever a quorum says: by its name in the request, and by what was read of it before.
rules contains "not-a-scratch-key" if {
	judged
	input.quorum.action == "drill.cycle"
	not exercised
}

exercised if {
	input.quorum.key == "drill-cycle"
	input.scratch == input.params.KeyId
}

# A record of CloudTrail does not hold what was read before.
exercised if {
	input.quorum.key == "drill-cycle"
	input.purpose == "recorded"
}

rules contains "not-the-sandbox" if {
	input.purpose == "rehearse.attack"
	not input.endpoint == "sandbox"
}
