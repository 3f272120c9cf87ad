# One call of our own, before it is sent: judged by the package of its service, and by none where there is no such package.
package custody.guard

import data.custody.kms
import data.custody.ledger
import rego.v1

# A closed list; what is not in it may do nothing but read and use keys.
purposes := {
	"drill.executor": "A drill shows that AWS refuses an executor role what nobody has approved, on a key of the drill's own.",
	"drill.scratch": "A drill tries a backed-up policy, or an import of key material, on a key of its own, which nobody uses, and deletes it at once.",
	"execute": "A request that its quorum has approved is carried out.",
	"ledger.append": "Entries are created in the ledger, each once.",
	"ledger.provision": "The bucket of the ledger is made, and can only be made stricter.",
	"ledger.read": "The ledger is read.",
	"rehearse.attack": "A rehearsal shows that AWS refuses what goes past the tool; only against the sandbox.",
	"signer.create": "A custodian makes the own signing key, before there is a roster; it can encrypt nothing.",
	"trail.read": "Log files of CloudTrail are read from their bucket.",
	"use": "Keys are read and used.",
	"veto": "One custodian cancels the deletion of a key.",
}

default decision := {"allow": false, "concerned": true, "privileged": true, "rules": ["undecided"]}

decision := kms.decision if {
	input.source == "process"
	input.service == "kms"
	purposes[input.purpose]
}

decision := object.union(ledger.decision, {"privileged": changes}) if {
	input.source == "process"
	input.service == "s3"
	purposes[input.purpose]
}

changes := input.purpose == "ledger.provision"
