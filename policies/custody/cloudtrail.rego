# One record of CloudTrail, after the fact. A call that AWS refused was attempted all the same. Input: {record, quorum}, where the
# quorum is what the repository knows of the request that the session is named after, or null.
package custody.cloudtrail

import data.custody.kms
import data.custody.ledger
import data.custody.places
import rego.v1

# As CloudTrail names them (Amazon S3 User Guide, "Amazon S3 CloudTrail events").
names := {
	"GetBucketLifecycle": "GetBucketLifecycleConfiguration",
	"GetBucketObjectLockConfiguration": "GetObjectLockConfiguration",
	"GetBucketPublicAccessBlock": "GetPublicAccessBlock",
	"ListObjects": "ListObjectsV2",
}

parameters := input.record.requestParameters if is_object(input.record.requestParameters)

parameters := {} if not is_object(object.get(input.record, "requestParameters", null))

outcome := "attempted" if is_string(object.get(input.record, "errorCode", null))

outcome := "made" if not is_string(object.get(input.record, "errorCode", null))

# What a service does by itself is no call of anybody: "AwsServiceEvent".
called if object.get(input.record, "eventType", "AwsApiCall") != "AwsServiceEvent"

resources := [item.ARN | some item in object.get(input.record, "resources", []); item.ARN]

service := "kms" if input.record.eventSource == "kms.amazonaws.com"

service := "s3" if {
	some source in ["s3.amazonaws.com", "s3-object-lambda.amazonaws.com", "s3express.amazonaws.com", "s3-outposts.amazonaws.com"]
	input.record.eventSource == source
}

call := {
	"source": "cloudtrail",
	"operation": object.get(names, input.record.eventName, input.record.eventName),
	"bucket": object.get(parameters, "bucketName", null),
	"resources": array.concat(resources, [name | some name in places.mentioned(parameters)]),
	"key": object.get(parameters, "key", ""),
	"params": {name: value | some name, header in headers; value := parameters[header]},
} if {
	service == "s3"
}

# What a write may say of how the object is kept; what `ledger.write_parameters` does not have may not be said.
headers := {
	"ACL": "x-amz-acl",
	"GrantFullControl": "x-amz-grant-full-control",
	"GrantRead": "x-amz-grant-read",
	"GrantReadACP": "x-amz-grant-read-acp",
	"GrantWriteACP": "x-amz-grant-write-acp",
	"ObjectLockLegalHoldStatus": "x-amz-object-lock-legal-hold",
	"ObjectLockMode": "x-amz-object-lock-mode",
	"SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
	"SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
	"ServerSideEncryption": "x-amz-server-side-encryption",
	"StorageClass": "x-amz-storage-class",
	"Tagging": "x-amz-tagging",
}

# CloudTrail writes names of parameters with a small letter, and leaves secrets out.
call := {
	"operation": input.record.eventName,
	"purpose": "recorded",
	"quorum": object.get(input, "quorum", null),
	"params": {name: value |
		some name, small in {
			"BypassPolicyLockoutSafetyCheck": "bypassPolicyLockoutSafetyCheck",
			"KeyId": "keyId",
			"PendingWindowInDays": "pendingWindowInDays",
		}
		value := parameters[small]
	},
} if {
	service == "kms"
}

default decision := {"allow": false, "concerned": true, "outcome": "made", "rules": ["record-unreadable"]}

decision := object.union(judged, {"outcome": outcome}) if {
	is_string(input.record.eventName)
	called
}

judged := found if {
	service == "s3"
	found := ledger.decision with input as call
}

judged := found if {
	service == "kms"
	found := kms.decision with input as call
}

decision := {"allow": true, "concerned": false, "outcome": outcome, "rules": []} if {
	is_string(input.record.eventName)
	is_string(input.record.eventSource)
	not service
}

decision := {"allow": true, "concerned": false, "outcome": outcome, "rules": []} if {
	is_string(input.record.eventName)
	service
	not called
}
