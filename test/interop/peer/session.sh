#!/usr/bin/env bash
# A key's life as somebody at AWS would type it: nothing here knows that the endpoint is a sandbox.
# The answers are kept in the current directory.
set -euo pipefail

account=$(aws sts get-caller-identity --query Account --output text)
key=$(aws kms create-key --multi-region --description 'Case data' --tags TagKey=team,TagValue=cases \
  --query KeyMetadata.KeyId --output text)
aws kms create-alias --alias-name alias/case-data --target-key-id "$key"
aws kms list-aliases --key-id "$key" >aliases.json

cat >policy.json <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administrators",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::$account:role/Admin" },
      "Action": "kms:*",
      "Resource": "*"
    }
  ]
}
EOF
aws kms put-key-policy --key-id "$key" --policy file://policy.json
aws kms get-key-policy --key-id "$key" >got-policy.json

printf 'the file of case 7' >plain.txt
aws kms encrypt --key-id alias/case-data --plaintext fileb://plain.txt --encryption-context case=7 \
  --query CiphertextBlob --output text | base64 --decode >sealed.bin

aws kms enable-key-rotation --key-id "$key" --rotation-period-in-days 180
aws kms get-key-rotation-status --key-id "$key" >rotation-status.json
aws kms rotate-key-on-demand --key-id "$key" >rotate.json
until [ "$(aws kms list-key-rotations --key-id "$key" --query 'length(Rotations)')" = 1 ]; do sleep 1; done
aws kms list-key-rotations --key-id "$key" --include-key-material ALL_KEY_MATERIAL >rotations.json

aws kms replicate-key --key-id "$key" --replica-region eu-west-1 --policy file://policy.json >replicate.json
state() { aws kms describe-key --key-id "$key" --query KeyMetadata.KeyState --output text "$@"; }
until [ "$(state --region eu-west-1)" = Enabled ]; do sleep 1; done
aws kms decrypt --region eu-west-1 --ciphertext-blob fileb://sealed.bin --encryption-context case=7 >decrypt.json
if aws kms decrypt --region eu-west-1 --ciphertext-blob fileb://sealed.bin 2>no-context.txt; then exit 1; fi

if AWS_PROFILE=service aws kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context case=7 2>no-grant.txt; then
  exit 1
fi
aws kms create-grant --key-id "$key" --grantee-principal "arn:aws:iam::$account:role/app" --operations Decrypt DescribeKey \
  --constraints EncryptionContextSubset={case=7} --name peer >grant.json
token=$(aws kms create-grant --key-id "$key" --grantee-principal "arn:aws:iam::$account:role/app" \
  --operations Decrypt DescribeKey --constraints EncryptionContextSubset={case=7} --name peer \
  --query GrantToken --output text)
AWS_PROFILE=service aws kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context case=7 \
  --grant-tokens "$token" --query Plaintext --output text | base64 --decode >by-grant.txt
aws kms list-grants --key-id "$key" >grants.json
aws kms revoke-grant --key-id "$key" --grant-id "$(aws kms list-grants --key-id "$key" --query 'Grants[0].GrantId' --output text)"

aws kms schedule-key-deletion --region eu-west-1 --key-id "$key" --pending-window-in-days 7 >schedule.json
aws kms cancel-key-deletion --region eu-west-1 --key-id "$key" >cancel.json
aws kms enable-key --region eu-west-1 --key-id "$key"
aws kms describe-key --region eu-west-1 --key-id "$key" >replica.json
aws kms describe-key --key-id alias/case-data >primary.json
