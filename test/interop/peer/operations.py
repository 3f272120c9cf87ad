"""THE table of requests: every operation that the sandbox offers, in an order in which a person could use them."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

HOME, AWAY = "eu-central-1", "eu-west-1"
NO_KEY = "00000000-0000-4000-8000-000000000000"
MATERIAL = bytes(range(32))
CONTEXT = {"case": "7", "part": "a"}
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}],
    }
)
ROLE_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:List*", "Resource": "*"}]}
)


PEER = ec.derive_private_key(7, ec.SECP256R1())


def _spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Row:
    """One request. `gives`: the members of the answer, all of them; `keep`: what later rows need of it."""

    name: str
    call: str
    input: Callable[[dict], dict]
    gives: str = ""
    keep: Callable[[dict], dict] = field(default=lambda answer: {})
    region: str = HOME
    # The answer must also hold this; a sentence when it does not.
    check: Callable[[dict, dict], bool] = field(default=lambda known, answer: True)
    # Ask again, for some seconds, until the answer says so.
    until: Callable[[dict], bool] | None = None
    refused: str | None = None
    # What is compared between two servers.
    view: Callable[[dict], object] = field(default=lambda answer: answer)
    # The request breaks a rule that botocore knows.
    unchecked: bool = False

    @property
    def service(self):
        return self.call.split(".")[0]

    @property
    def operation(self):
        return self.call.split(".")[1]


def _key_policy(known):
    statement = {
        "Sid": "Root",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{known['account']}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _made(name):
    return lambda answer: {name: answer["KeyMetadata"]["KeyId"], f"{name} arn": answer["KeyMetadata"]["Arn"]}


def _kms(name, operation, input, gives="", **more):
    return Row(name, f"kms.{operation}", input, gives, **more)


def _same_arn(key):
    return lambda known, answer: answer["KeyId"] == known[f"{key} arn"]


KEYS = [
    _kms("a key", "CreateKey", lambda _: {"Description": "peer", "Tags": [{"TagKey": "team", "TagValue": "a"}]}, "KeyMetadata", keep=_made("key")),
    _kms("a multi-Region key", "CreateKey", lambda _: {"MultiRegion": True}, "KeyMetadata", keep=_made("shared")),
    _kms("another key", "CreateKey", lambda _: {}, "KeyMetadata", keep=_made("other")),
    _kms("a P-256 key", "CreateKey", lambda _: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, "KeyMetadata", keep=_made("signer")),
    _kms("an RSA key that signs", "CreateKey", lambda _: {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "KeyMetadata", keep=_made("rsa signer")),
    _kms("an RSA key that encrypts", "CreateKey", lambda _: {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "KeyMetadata", keep=_made("rsa")),
    _kms("an HMAC key", "CreateKey", lambda _: {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "KeyMetadata", keep=_made("mac key")),
    _kms("a key without material", "CreateKey", lambda _: {"Origin": "EXTERNAL"}, "KeyMetadata", keep=_made("external")),
    _kms("describe by id", "DescribeKey", lambda s: {"KeyId": s["key"]}, "KeyMetadata"),
    _kms("describe by ARN", "DescribeKey", lambda s: {"KeyId": s["signer arn"]}, "KeyMetadata"),
    _kms("describe without material", "DescribeKey", lambda s: {"KeyId": s["external"]}, "KeyMetadata"),
    _kms("a page of keys", "ListKeys", lambda _: {"Limit": 2}, "Keys NextMarker Truncated", keep=lambda a: {"marker": a["NextMarker"]}, check=lambda _, a: len(a["Keys"]) == 2 and a["Truncated"]),
    _kms("the next page", "ListKeys", lambda s: {"Limit": 100, "Marker": s["marker"]}, "Keys Truncated", check=lambda _, a: len(a["Keys"]) == 6),
    _kms("another description", "UpdateKeyDescription", lambda s: {"KeyId": s["key"], "Description": "ümlaut & <tag>"}),
    _kms("the other description", "DescribeKey", lambda s: {"KeyId": s["key"]}, "KeyMetadata", check=lambda _, a: a["KeyMetadata"]["Description"] == "ümlaut & <tag>"),
]

NAMES = [
    _kms("an alias", "CreateAlias", lambda s: {"AliasName": "alias/peer", "TargetKeyId": s["key"]}),
    _kms("the alias again", "CreateAlias", lambda s: {"AliasName": "alias/peer", "TargetKeyId": s["other"]}, refused="AlreadyExistsException"),
    _kms("aliases of a key", "ListAliases", lambda s: {"KeyId": s["key"]}, "Aliases Truncated", check=lambda _, a: [x["AliasName"] for x in a["Aliases"]] == ["alias/peer"]),
    _kms("describe by alias", "DescribeKey", lambda _: {"KeyId": "alias/peer"}, "KeyMetadata", check=lambda s, a: a["KeyMetadata"]["KeyId"] == s["key"]),
    _kms("the alias moves", "UpdateAlias", lambda s: {"AliasName": "alias/peer", "TargetKeyId": s["other"]}),
    _kms("the alias moved", "DescribeKey", lambda _: {"KeyId": "alias/peer"}, "KeyMetadata", check=lambda s, a: a["KeyMetadata"]["KeyId"] == s["other"]),
    _kms("the alias goes", "DeleteAlias", lambda _: {"AliasName": "alias/peer"}),
    _kms("no alias", "DescribeKey", lambda _: {"KeyId": "alias/peer"}, refused="NotFoundException"),
    _kms("tag", "TagResource", lambda s: {"KeyId": s["key"], "Tags": [{"TagKey": "b", "TagValue": "1 + 2"}]}),
    _kms("untag", "UntagResource", lambda s: {"KeyId": s["key"], "TagKeys": ["team"]}),
    _kms("tags", "ListResourceTags", lambda s: {"KeyId": s["key"]}, "Tags Truncated", check=lambda _, a: a["Tags"] == [{"TagKey": "b", "TagValue": "1 + 2"}]),
]

POLICIES = [
    _kms("the default policy", "GetKeyPolicy", lambda s: {"KeyId": s["key"], "PolicyName": "default"}, "Policy PolicyName"),
    _kms("names of policies", "ListKeyPolicies", lambda s: {"KeyId": s["key"]}, "PolicyNames Truncated"),
    _kms("a policy", "PutKeyPolicy", lambda s: {"KeyId": s["key"], "PolicyName": "default", "Policy": _key_policy(s)}),
    _kms("that policy", "GetKeyPolicy", lambda s: {"KeyId": s["key"]}, "Policy PolicyName", check=lambda s, a: json.loads(a["Policy"]) == json.loads(_key_policy(s))),
    _kms("no policy", "PutKeyPolicy", lambda s: {"KeyId": s["key"], "PolicyName": "default", "Policy": "{}"}, refused="MalformedPolicyDocumentException"),
]

ENCRYPTION = [
    _kms("encrypt", "Encrypt", lambda s: {"KeyId": s["key"], "Plaintext": b"case 7", "EncryptionContext": CONTEXT}, "CiphertextBlob EncryptionAlgorithm KeyId", keep=lambda a: {"blob": a["CiphertextBlob"]}, check=_same_arn("key")),
    _kms("decrypt", "Decrypt", lambda s: {"CiphertextBlob": s["blob"], "EncryptionContext": CONTEXT}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda _, a: a["Plaintext"] == b"case 7"),
    _kms("decrypt with the key named", "Decrypt", lambda s: {"KeyId": s["key"], "CiphertextBlob": s["blob"], "EncryptionContext": CONTEXT}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda _, a: a["Plaintext"] == b"case 7"),
    _kms("decrypt without context", "Decrypt", lambda s: {"CiphertextBlob": s["blob"]}, refused="InvalidCiphertextException"),
    _kms("decrypt by another key", "Decrypt", lambda s: {"KeyId": s["other"], "CiphertextBlob": s["blob"], "EncryptionContext": CONTEXT}, refused="IncorrectKeyException"),
    _kms("decrypt what is none", "Decrypt", lambda s: {"KeyId": s["key"], "CiphertextBlob": b"no ciphertext of anybody's"}, refused="InvalidCiphertextException"),
    _kms("encrypt with a key that signs", "Encrypt", lambda s: {"KeyId": s["signer"], "Plaintext": b"x"}, refused="InvalidKeyUsageException"),
    _kms("only ask to encrypt", "Encrypt", lambda s: {"KeyId": s["key"], "Plaintext": b"x", "DryRun": True}, refused="DryRunOperationException"),
    _kms("re-encrypt", "ReEncrypt", lambda s: {"CiphertextBlob": s["blob"], "SourceEncryptionContext": CONTEXT, "SourceKeyId": s["key"], "DestinationKeyId": s["other"], "DestinationEncryptionContext": {"case": "8"}}, "CiphertextBlob DestinationEncryptionAlgorithm DestinationKeyMaterialId KeyId SourceEncryptionAlgorithm SourceKeyId SourceKeyMaterialId", keep=lambda a: {"moved": a["CiphertextBlob"]}, check=_same_arn("other")),
    _kms("decrypt the re-encrypted", "Decrypt", lambda s: {"CiphertextBlob": s["moved"], "EncryptionContext": {"case": "8"}}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda _, a: a["Plaintext"] == b"case 7"),
    _kms("encrypt by RSA", "Encrypt", lambda s: {"KeyId": s["rsa"], "Plaintext": b"rsa", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "CiphertextBlob EncryptionAlgorithm KeyId", keep=lambda a: {"rsa blob": a["CiphertextBlob"]}),
    _kms("decrypt by RSA", "Decrypt", lambda s: {"KeyId": s["rsa"], "CiphertextBlob": s["rsa blob"], "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "EncryptionAlgorithm KeyId Plaintext", check=lambda _, a: a["Plaintext"] == b"rsa"),
    _kms("RSA's public key", "GetPublicKey", lambda s: {"KeyId": s["rsa"]}, "CustomerMasterKeySpec EncryptionAlgorithms KeyId KeySpec KeyUsage PublicKey", keep=lambda a: {"outside": serialization.load_der_public_key(a["PublicKey"]).encrypt(b"from outside", OAEP)}),
    _kms("decrypt what was encrypted outside", "Decrypt", lambda s: {"KeyId": s["rsa"], "CiphertextBlob": s["outside"], "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "EncryptionAlgorithm KeyId Plaintext", check=lambda _, a: a["Plaintext"] == b"from outside"),
    _kms("random bytes", "GenerateRandom", lambda _: {"NumberOfBytes": 24}, "Plaintext", check=lambda _, a: len(a["Plaintext"]) == 24),
]

DATA_KEYS = [
    _kms("a data key", "GenerateDataKey", lambda s: {"KeyId": s["key"], "KeySpec": "AES_256", "EncryptionContext": CONTEXT}, "CiphertextBlob KeyId KeyMaterialId Plaintext", keep=lambda a: {"data key": a["Plaintext"], "sealed data key": a["CiphertextBlob"]}, check=lambda _, a: len(a["Plaintext"]) == 32),
    _kms("the data key again", "Decrypt", lambda s: {"CiphertextBlob": s["sealed data key"], "EncryptionContext": CONTEXT}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda s, a: a["Plaintext"] == s["data key"]),
    _kms("a data key of 64 bytes", "GenerateDataKey", lambda s: {"KeyId": s["key"], "NumberOfBytes": 64}, "CiphertextBlob KeyId KeyMaterialId Plaintext", check=lambda _, a: len(a["Plaintext"]) == 64),
    _kms("a sealed data key", "GenerateDataKeyWithoutPlaintext", lambda s: {"KeyId": s["key"], "KeySpec": "AES_128"}, "CiphertextBlob KeyId KeyMaterialId", keep=lambda a: {"only sealed": a["CiphertextBlob"]}),
    _kms("the sealed data key opened", "Decrypt", lambda s: {"CiphertextBlob": s["only sealed"]}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda _, a: len(a["Plaintext"]) == 16),
    _kms("a data key pair", "GenerateDataKeyPair", lambda s: {"KeyId": s["key"], "KeyPairSpec": "ECC_NIST_P256"}, "KeyId KeyMaterialId KeyPairSpec PrivateKeyCiphertextBlob PrivateKeyPlaintext PublicKey", check=lambda _, a: _is_pair(a["PrivateKeyPlaintext"], a["PublicKey"])),
    _kms("a sealed data key pair", "GenerateDataKeyPairWithoutPlaintext", lambda s: {"KeyId": s["key"], "KeyPairSpec": "ECC_NIST_P384"}, "KeyId KeyMaterialId KeyPairSpec PrivateKeyCiphertextBlob PublicKey", keep=lambda a: {"pair": a["PublicKey"], "sealed pair": a["PrivateKeyCiphertextBlob"]}),
    _kms("the sealed pair opened", "Decrypt", lambda s: {"CiphertextBlob": s["sealed pair"]}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda s, a: _is_pair(a["Plaintext"], s["pair"])),
]

SIGNATURES = [
    _kms("the P-256 public key", "GetPublicKey", lambda s: {"KeyId": s["signer"]}, "CustomerMasterKeySpec KeyId KeySpec KeyUsage PublicKey SigningAlgorithms", keep=lambda a: {"signer spki": a["PublicKey"]}),
    _kms("sign", "Sign", lambda s: {"KeyId": s["signer"], "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}, "KeyId Signature SigningAlgorithm", keep=lambda a: {"signature": a["Signature"]}, check=lambda s, a: _signed(s["signer spki"], a["Signature"], b"m")),
    _kms("sign a digest", "Sign", lambda s: {"KeyId": s["signer"], "Message": hashlib.sha256(b"m").digest(), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}, "KeyId Signature SigningAlgorithm", check=lambda s, a: _signed(s["signer spki"], a["Signature"], b"m")),
    _kms("verify", "Verify", lambda s: {"KeyId": s["signer"], "Message": b"m", "Signature": s["signature"], "SigningAlgorithm": "ECDSA_SHA_256"}, "KeyId SignatureValid SigningAlgorithm", check=lambda _, a: a["SignatureValid"]),
    _kms("verify another message", "Verify", lambda s: {"KeyId": s["signer"], "Message": b"n", "Signature": s["signature"], "SigningAlgorithm": "ECDSA_SHA_256"}, refused="KMSInvalidSignatureException"),
    _kms("RSA's signing key", "GetPublicKey", lambda s: {"KeyId": s["rsa signer"]}, "CustomerMasterKeySpec KeyId KeySpec KeyUsage PublicKey SigningAlgorithms", keep=lambda a: {"rsa spki": a["PublicKey"]}),
    _kms("sign by RSA PSS", "Sign", lambda s: {"KeyId": s["rsa signer"], "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_384"}, "KeyId Signature SigningAlgorithm", check=lambda s, a: _rsa_signed(s["rsa spki"], a["Signature"], padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48), hashes.SHA384())),
    _kms("sign by RSA PKCS #1", "Sign", lambda s: {"KeyId": s["rsa signer"], "Message": b"m", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_512"}, "KeyId Signature SigningAlgorithm", check=lambda s, a: _rsa_signed(s["rsa spki"], a["Signature"], padding.PKCS1v15(), hashes.SHA512())),
    _kms("a MAC", "GenerateMac", lambda s: {"KeyId": s["mac key"], "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}, "KeyId Mac MacAlgorithm", keep=lambda a: {"mac": a["Mac"]}, check=lambda _, a: len(a["Mac"]) == 32),
    _kms("verify the MAC", "VerifyMac", lambda s: {"KeyId": s["mac key"], "Message": b"m", "Mac": s["mac"], "MacAlgorithm": "HMAC_SHA_256"}, "KeyId MacAlgorithm MacValid", check=lambda _, a: a["MacValid"]),
    _kms("verify another MAC", "VerifyMac", lambda s: {"KeyId": s["mac key"], "Message": b"n", "Mac": s["mac"], "MacAlgorithm": "HMAC_SHA_256"}, refused="KMSInvalidMacException"),
    _kms("a key to agree by", "CreateKey", lambda _: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}, "KeyMetadata", keep=_made("agreement")),
    _kms("its public key", "GetPublicKey", lambda s: {"KeyId": s["agreement"]}, "CustomerMasterKeySpec KeyAgreementAlgorithms KeyId KeySpec KeyUsage PublicKey", keep=lambda a: {"agreement spki": a["PublicKey"]}),
    _kms("agree", "DeriveSharedSecret", lambda s: {"KeyId": s["agreement"], "KeyAgreementAlgorithm": "ECDH", "PublicKey": _spki(PEER)}, "KeyAgreementAlgorithm KeyId KeyOrigin SharedSecret", check=lambda s, a: a["SharedSecret"] == PEER.exchange(ec.ECDH(), serialization.load_der_public_key(s["agreement spki"])), view=lambda _: None),
]

ROTATION = [
    _kms("rotation is off", "GetKeyRotationStatus", lambda s: {"KeyId": s["key"]}, "KeyId KeyRotationEnabled", check=lambda _, a: not a["KeyRotationEnabled"]),
    _kms("rotation on", "EnableKeyRotation", lambda s: {"KeyId": s["key"], "RotationPeriodInDays": 180}),
    _kms("rotation is on", "GetKeyRotationStatus", lambda s: {"KeyId": s["key"]}, "KeyId KeyRotationEnabled NextRotationDate RotationPeriodInDays", check=lambda _, a: a["RotationPeriodInDays"] == 180),
    _kms("rotate now", "RotateKeyOnDemand", lambda s: {"KeyId": s["key"]}, "KeyId"),
    _kms("it is rotated", "ListKeyRotations", lambda s: {"KeyId": s["key"]}, "Rotations Truncated", until=lambda a: len(a["Rotations"]) == 1, check=lambda s, a: a["Rotations"][0]["RotationType"] == "ON_DEMAND"),
    _kms("all its material", "ListKeyRotations", lambda s: {"KeyId": s["key"], "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}, "Rotations Truncated", check=lambda _, a: [x["KeyMaterialState"] for x in a["Rotations"]] == ["NON_CURRENT", "CURRENT"]),
    _kms("decrypt after rotation", "Decrypt", lambda s: {"CiphertextBlob": s["blob"], "EncryptionContext": CONTEXT}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", check=lambda _, a: a["Plaintext"] == b"case 7"),
    _kms("rotation off", "DisableKeyRotation", lambda s: {"KeyId": s["key"]}),
    _kms("rotate a key that signs", "RotateKeyOnDemand", lambda s: {"KeyId": s["signer"]}, refused="UnsupportedOperationException"),
]

GRANTS = [
    _kms("a grant", "CreateGrant", lambda s: {"KeyId": s["key"], "GranteePrincipal": s["role"], "RetiringPrincipal": s["role"], "Operations": ["Decrypt", "RetireGrant"], "Name": "peer", "Constraints": {"EncryptionContextSubset": {"case": "7"}}}, "GrantId GrantToken", keep=lambda a: {"grant": a["GrantId"], "token": a["GrantToken"]}),
    _kms("the grant again", "CreateGrant", lambda s: {"KeyId": s["key"], "GranteePrincipal": s["role"], "RetiringPrincipal": s["role"], "Operations": ["Decrypt", "RetireGrant"], "Name": "peer", "Constraints": {"EncryptionContextSubset": {"case": "7"}}}, "GrantId GrantToken", check=lambda s, a: a["GrantId"] == s["grant"]),
    _kms("grants", "ListGrants", lambda s: {"KeyId": s["key"]}, "Grants Truncated", check=lambda s, a: [x["GrantId"] for x in a["Grants"]] == [s["grant"]]),
    _kms("grants to retire", "ListRetirableGrants", lambda s: {"RetiringPrincipal": s["role"]}, "Grants Truncated", check=lambda _, a: len(a["Grants"]) == 1),
    _kms("retire it", "RetireGrant", lambda s: {"KeyId": s["key arn"], "GrantId": s["grant"]}),
    _kms("no grant", "ListGrants", lambda s: {"KeyId": s["key"]}, "Grants Truncated", check=lambda _, a: a["Grants"] == []),
    _kms("a second grant", "CreateGrant", lambda s: {"KeyId": s["key"], "GranteePrincipal": s["role"], "Operations": ["DescribeKey"]}, "GrantId GrantToken", keep=lambda a: {"grant": a["GrantId"]}),
    _kms("a grant with an empty constraint", "CreateGrant", lambda s: {"KeyId": s["key"], "GranteePrincipal": s["role"], "Operations": ["Decrypt"], "Constraints": {"EncryptionContextEquals": {"case": "7"}, "EncryptionContextSubset": {}}}, "GrantId GrantToken"),
    _kms("revoke it", "RevokeGrant", lambda s: {"KeyId": s["key"], "GrantId": s["grant"]}),
]

REGIONS = [
    _kms("encrypt by the multi-Region key", "Encrypt", lambda s: {"KeyId": s["shared"], "Plaintext": b"case 7", "EncryptionContext": CONTEXT}, "CiphertextBlob EncryptionAlgorithm KeyId", keep=lambda a: {"shared blob": a["CiphertextBlob"]}),
    _kms("a replica", "ReplicateKey", lambda s: {"KeyId": s["shared"], "ReplicaRegion": AWAY, "Policy": _key_policy(s), "Tags": [{"TagKey": "r", "TagValue": "2"}]}, "ReplicaKeyMetadata ReplicaPolicy ReplicaTags", check=lambda s, a: a["ReplicaKeyMetadata"]["KeyId"] == s["shared"]),
    _kms("the replica is ready", "DescribeKey", lambda s: {"KeyId": s["shared"]}, "KeyMetadata", region=AWAY, until=lambda a: a["KeyMetadata"]["KeyState"] == "Enabled", check=lambda _, a: a["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"),
    _kms("decrypt in the other Region", "Decrypt", lambda s: {"CiphertextBlob": s["shared blob"], "EncryptionContext": CONTEXT}, "EncryptionAlgorithm KeyId KeyMaterialId Plaintext", region=AWAY, check=lambda _, a: a["Plaintext"] == b"case 7" and f":{AWAY}:" in a["KeyId"]),
    _kms("the replica again", "ReplicateKey", lambda s: {"KeyId": s["shared"], "ReplicaRegion": AWAY, "Policy": _key_policy(s)}, refused="AlreadyExistsException"),
    _kms("a replica of a key of one Region", "ReplicateKey", lambda s: {"KeyId": s["other"], "ReplicaRegion": AWAY}, refused="UnsupportedOperationException"),
    _kms("the other Region becomes primary", "UpdatePrimaryRegion", lambda s: {"KeyId": s["shared"], "PrimaryRegion": AWAY}),
    _kms("it is primary", "DescribeKey", lambda s: {"KeyId": s["shared"]}, "KeyMetadata", region=AWAY, until=lambda a: a["KeyMetadata"]["KeyState"] == "Enabled", check=lambda _, a: a["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"),
]

IMPORT = [
    _kms("what import needs", "GetParametersForImport", lambda s: {"KeyId": s["external"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, "ImportToken KeyId ParametersValidTo PublicKey", keep=lambda a: {"import token": a["ImportToken"], "wrapped": serialization.load_der_public_key(a["PublicKey"]).encrypt(MATERIAL, OAEP)}),
    _kms("import without an end in writing", "ImportKeyMaterial", lambda s: {"KeyId": s["external"], "ImportToken": s["import token"], "EncryptedKeyMaterial": s["wrapped"]}, refused="ValidationException"),
    _kms("import", "ImportKeyMaterial", lambda s: {"KeyId": s["external"], "ImportToken": s["import token"], "EncryptedKeyMaterial": s["wrapped"], "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}, "KeyId KeyMaterialId"),
    _kms("describe the imported", "DescribeKey", lambda s: {"KeyId": s["external"]}, "KeyMetadata", check=lambda _, a: a["KeyMetadata"]["KeyState"] == "Enabled"),
    _kms("material of the imported", "ListKeyRotations", lambda s: {"KeyId": s["external"], "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}, "Rotations Truncated", check=lambda _, a: a["Rotations"][0]["ImportState"] == "IMPORTED"),
    _kms("the material goes", "DeleteImportedKeyMaterial", lambda s: {"KeyId": s["external"]}, "KeyId KeyMaterialId"),
    _kms("encrypt without material", "Encrypt", lambda s: {"KeyId": s["external"], "Plaintext": b"x"}, refused="KMSInvalidStateException"),
    _kms("import into a key of KMS's own", "GetParametersForImport", lambda s: {"KeyId": s["other"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, refused="UnsupportedOperationException"),
]

ENDS = [
    _kms("when it was used", "GetKeyLastUsage", lambda s: {"KeyId": s["other"]}, "KeyCreationDate KeyId KeyLastUsage TrackingStartDate"),
    _kms("disable", "DisableKey", lambda s: {"KeyId": s["other"]}),
    _kms("encrypt while disabled", "Encrypt", lambda s: {"KeyId": s["other"], "Plaintext": b"x"}, refused="DisabledException"),
    _kms("enable", "EnableKey", lambda s: {"KeyId": s["other"]}),
    _kms("schedule deletion", "ScheduleKeyDeletion", lambda s: {"KeyId": s["other"], "PendingWindowInDays": 7}, "DeletionDate KeyId KeyState PendingWindowInDays", check=lambda _, a: a["KeyState"] == "PendingDeletion"),
    _kms("describe what waits", "DescribeKey", lambda s: {"KeyId": s["other"]}, "KeyMetadata"),
    _kms("encrypt while it waits", "Encrypt", lambda s: {"KeyId": s["other"], "Plaintext": b"x"}, refused="KMSInvalidStateException"),
    _kms("cancel deletion", "CancelKeyDeletion", lambda s: {"KeyId": s["other"]}, "KeyId", check=_same_arn("other")),
    _kms("disabled after all", "DescribeKey", lambda s: {"KeyId": s["other"]}, "KeyMetadata", check=lambda _, a: a["KeyMetadata"]["KeyState"] == "Disabled"),
]

IAM_MEMBERS = {"RoleName": "peer"}
PEOPLE = [
    Row("who am I", "sts.GetCallerIdentity", lambda _: {}, "Account Arn UserId", keep=lambda a: {"account": a["Account"]}),
    Row("a role", "iam.CreateRole", lambda _: {**IAM_MEMBERS, "AssumeRolePolicyDocument": TRUST, "Description": "a & <b> \"c\"", "MaxSessionDuration": 7200, "Tags": [{"Key": "custody:a:b", "Value": "1 + 2"}]}, "Role", keep=lambda a: {"role": a["Role"]["Arn"]}, check=lambda _, a: a["Role"]["Description"] == "a & <b> \"c\""),
    Row("the role again", "iam.CreateRole", lambda _: {**IAM_MEMBERS, "AssumeRolePolicyDocument": TRUST}, refused="EntityAlreadyExists"),
    Row("the role", "iam.GetRole", lambda _: IAM_MEMBERS, "Role", check=lambda _, a: a["Role"]["AssumeRolePolicyDocument"] == json.loads(TRUST)),
    Row("no role", "iam.GetRole", lambda _: {"RoleName": "nobody"}, refused="NoSuchEntity"),
    Row("roles", "iam.ListRoles", lambda _: {}, "IsTruncated Roles", view=lambda a: [role for role in a["Roles"] if role["RoleName"] == "peer"], check=lambda _, a: "peer" in [role["RoleName"] for role in a["Roles"]]),
    Row("another trust", "iam.UpdateAssumeRolePolicy", lambda _: {**IAM_MEMBERS, "PolicyDocument": TRUST}),
    Row("no trust", "iam.UpdateAssumeRolePolicy", lambda _: {**IAM_MEMBERS, "PolicyDocument": "{"}, refused="MalformedPolicyDocument"),
    Row("tag the role", "iam.TagRole", lambda _: {**IAM_MEMBERS, "Tags": [{"Key": "t", "Value": "é"}]}),
    Row("untag the role", "iam.UntagRole", lambda _: {**IAM_MEMBERS, "TagKeys": ["t"]}),
    Row("tags of the role", "iam.ListRoleTags", lambda _: IAM_MEMBERS, "IsTruncated Tags", check=lambda _, a: a["Tags"] == [{"Key": "custody:a:b", "Value": "1 + 2"}]),
    Row("a policy of the role", "iam.PutRolePolicy", lambda _: {**IAM_MEMBERS, "PolicyName": "list", "PolicyDocument": ROLE_POLICY}),
    Row("that policy of the role", "iam.GetRolePolicy", lambda _: {**IAM_MEMBERS, "PolicyName": "list"}, "PolicyDocument PolicyName RoleName", check=lambda _, a: a["PolicyDocument"] == json.loads(ROLE_POLICY)),
    Row("policies of the role", "iam.ListRolePolicies", lambda _: IAM_MEMBERS, "IsTruncated PolicyNames", check=lambda _, a: a["PolicyNames"] == ["list"]),
    Row("managed policies of the role", "iam.ListAttachedRolePolicies", lambda _: IAM_MEMBERS, "AttachedPolicies IsTruncated"),
    Row("instance profiles of the role", "iam.ListInstanceProfilesForRole", lambda _: IAM_MEMBERS, "InstanceProfiles IsTruncated"),
    Row("a user who is not there", "iam.GetUser", lambda _: {"UserName": "nobody"}, refused="NoSuchEntity"),
    Row("a session", "sts.AssumeRole", lambda s: {"RoleArn": s["role"], "RoleSessionName": "work", "DurationSeconds": 900, "SourceIdentity": "somebody"}, "AssumedRoleUser Credentials SourceIdentity", check=lambda _, a: a["AssumedRoleUser"]["Arn"].endswith(":assumed-role/peer/work")),
    Row("a session with a policy", "sts.AssumeRole", lambda s: {"RoleArn": s["role"], "RoleSessionName": "work", "Policy": ROLE_POLICY}, "AssumedRoleUser Credentials PackedPolicySize"),
    Row("a session of 899 seconds", "sts.AssumeRole", lambda s: {"RoleArn": s["role"], "RoleSessionName": "work", "DurationSeconds": 899}, refused="ValidationError", unchecked=True),
]

POLICY_MEMBERS = lambda s: {"PolicyArn": s["policy"]}
MANAGED = [
    Row("a managed policy", "iam.CreatePolicy", lambda _: {"PolicyName": "peer", "PolicyDocument": ROLE_POLICY, "Description": "a & b"}, "Policy", keep=lambda a: {"policy": a["Policy"]["Arn"]}),
    Row("the managed policy", "iam.GetPolicy", POLICY_MEMBERS, "Policy"),
    Row("managed policies", "iam.ListPolicies", lambda _: {"Scope": "Local"}, "IsTruncated Policies"),
    Row("its second version", "iam.CreatePolicyVersion", lambda s: {**POLICY_MEMBERS(s), "PolicyDocument": ROLE_POLICY, "SetAsDefault": True}, "PolicyVersion"),
    Row("that version", "iam.GetPolicyVersion", lambda s: {**POLICY_MEMBERS(s), "VersionId": "v2"}, "PolicyVersion", check=lambda _, a: a["PolicyVersion"]["Document"] == json.loads(ROLE_POLICY)),
    Row("its versions", "iam.ListPolicyVersions", POLICY_MEMBERS, "IsTruncated Versions", check=lambda _, a: len(a["Versions"]) == 2),
    Row("the first version again", "iam.SetDefaultPolicyVersion", lambda s: {**POLICY_MEMBERS(s), "VersionId": "v1"}),
    Row("the second version goes", "iam.DeletePolicyVersion", lambda s: {**POLICY_MEMBERS(s), "VersionId": "v2"}),
    Row("attach it", "iam.AttachRolePolicy", lambda s: {**IAM_MEMBERS, **POLICY_MEMBERS(s)}),
    Row("everything of the account", "iam.GetAccountAuthorizationDetails", lambda _: {}, "GroupDetailList IsTruncated Policies RoleDetailList UserDetailList", view=lambda a: [role for role in a["RoleDetailList"] if role["RoleName"] == "peer"]),
    Row("detach it", "iam.DetachRolePolicy", lambda s: {**IAM_MEMBERS, **POLICY_MEMBERS(s)}),
    Row("a boundary", "iam.PutRolePermissionsBoundary", lambda s: {**IAM_MEMBERS, "PermissionsBoundary": s["policy"]}),
    Row("no boundary", "iam.DeleteRolePermissionsBoundary", lambda _: IAM_MEMBERS),
    Row("the managed policy goes", "iam.DeletePolicy", POLICY_MEMBERS),
]

PROVIDER_MEMBERS = lambda s: {"OpenIDConnectProviderArn": s["provider"]}
PROVIDERS = [
    Row("an identity provider", "iam.CreateOpenIDConnectProvider", lambda _: {"Url": "https://idp.invalid", "ClientIDList": ["a"], "ThumbprintList": ["0" * 40]}, "OpenIDConnectProviderArn", keep=lambda a: {"provider": a["OpenIDConnectProviderArn"]}),
    Row("another client", "iam.AddClientIDToOpenIDConnectProvider", lambda s: {**PROVIDER_MEMBERS(s), "ClientID": "b"}),
    Row("without the first client", "iam.RemoveClientIDFromOpenIDConnectProvider", lambda s: {**PROVIDER_MEMBERS(s), "ClientID": "a"}),
    Row("another thumbprint", "iam.UpdateOpenIDConnectProviderThumbprint", lambda s: {**PROVIDER_MEMBERS(s), "ThumbprintList": ["1" * 40]}),
    Row("the identity provider", "iam.GetOpenIDConnectProvider", PROVIDER_MEMBERS, "ClientIDList CreateDate ThumbprintList Url", check=lambda _, a: a["ClientIDList"] == ["b"] and a["ThumbprintList"] == ["1" * 40]),
    Row("identity providers", "iam.ListOpenIDConnectProviders", lambda _: {}, "OpenIDConnectProviderList", view=lambda _: None, check=lambda s, a: {"Arn": s["provider"]} in a["OpenIDConnectProviderList"]),
    Row("the identity provider goes", "iam.DeleteOpenIDConnectProvider", PROVIDER_MEMBERS),
    Row("users", "iam.ListUsers", lambda _: {}, "IsTruncated Users"),
    Row("groups", "iam.ListGroups", lambda _: {}, "Groups IsTruncated"),
    Row("SAML providers", "iam.ListSAMLProviders", lambda _: {}, "SAMLProviderList"),
    Row("a token of nobody's", "sts.AssumeRoleWithWebIdentity", lambda s: {"RoleArn": s["role"], "RoleSessionName": "work", "WebIdentityToken": "a.b.c"}, refused="InvalidIdentityToken"),
    Row("what was recorded", "cloudtrail.LookupEvents", lambda _: {"MaxResults": 2, "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateKey"}]}, "Events NextToken", view=lambda _: None),
]

BUCKET, COPY = {"Bucket": "peer-ledger"}, {"Bucket": "peer-copy"}
SLOT = {**BUCKET, "Key": "custody/slots/0"}
HELD = {"Mode": "COMPLIANCE", "RetainUntilDate": "2099-01-01T00:00:00Z"}
BLOCKED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
ARCHIVE = {"ID": "archive", "Status": "Enabled", "Filter": {"Prefix": "archive/"}, "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}]}
CHECKSUMS = "ChecksumCRC32 ChecksumType"


def _bucket_policy(bucket):
    statement = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": {"Bool": {"aws:SecureTransport": "never"}}}]})


def _trail_policy(bucket):
    cloudtrail = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    where = f"arn:aws:s3:::{bucket}"
    statements = [{**cloudtrail, "Action": "s3:GetBucketAcl", "Resource": where}, {**cloudtrail, "Action": "s3:PutObject", "Resource": f"{where}/AWSLogs/*"}]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _s3(name, operation, input, gives="", **more):
    return Row(name, f"s3.{operation}", (lambda _: input) if isinstance(input, dict) else input, gives, **more)


def _trail(name, operation, input, gives="", **more):
    return Row(name, f"cloudtrail.{operation}", lambda _: input, gives, **more)


STORAGE = [
    _s3("a bucket with lock", "CreateBucket", {**BUCKET, "ObjectLockEnabledForBucket": True, "CreateBucketConfiguration": {"LocationConstraint": HOME}}, "Location"),
    _s3("the bucket again", "CreateBucket", {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": HOME}}, refused="BucketAlreadyOwnedByYou"),
    _s3("a bucket elsewhere", "CreateBucket", {**COPY, "ObjectLockEnabledForBucket": True, "CreateBucketConfiguration": {"LocationConstraint": AWAY}}, "Location", region=AWAY),
    _s3("is there", "HeadBucket", BUCKET, "BucketRegion"),
    _s3("where", "GetBucketLocation", BUCKET, "LocationConstraint", check=lambda _, a: a["LocationConstraint"] == HOME),
    _s3("buckets", "ListBuckets", {}, "Buckets Owner", check=lambda _, a: {"peer-ledger", "peer-copy"} <= {x["Name"] for x in a["Buckets"]}),
    _s3("versions", "PutBucketVersioning", {**BUCKET, "VersioningConfiguration": {"Status": "Enabled"}}),
    _s3("no versions", "PutBucketVersioning", {**BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}, refused="InvalidBucketState"),
    _s3("are kept", "GetBucketVersioning", BUCKET, "Status", check=lambda _, a: a["Status"] == "Enabled"),
    _s3("a default retention", "PutObjectLockConfiguration", {**BUCKET, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}}),
    _s3("the lock", "GetObjectLockConfiguration", BUCKET, "ObjectLockConfiguration", check=lambda _, a: a["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": 1}),
    _s3("an encryption", "PutBucketEncryption", {**BUCKET, "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}),
    _s3("the encryption", "GetBucketEncryption", BUCKET, "ServerSideEncryptionConfiguration"),
    _s3("block what is public", "PutPublicAccessBlock", {**BUCKET, "PublicAccessBlockConfiguration": BLOCKED}),
    _s3("is blocked", "GetPublicAccessBlock", BUCKET, "PublicAccessBlockConfiguration", check=lambda _, a: a["PublicAccessBlockConfiguration"] == BLOCKED),
    _s3("ownership", "PutBucketOwnershipControls", {**BUCKET, "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
    _s3("the ownership", "GetBucketOwnershipControls", BUCKET, "OwnershipControls"),
    _s3("a bucket policy", "PutBucketPolicy", {**BUCKET, "Policy": _bucket_policy("peer-ledger")}),
    _s3("that bucket policy", "GetBucketPolicy", BUCKET, "Policy", check=lambda _, a: json.loads(a["Policy"]) == json.loads(_bucket_policy("peer-ledger"))),
    _s3("a bucket policy for a trail", "PutBucketPolicy", {**BUCKET, "Policy": _trail_policy("peer-ledger")}),
    _trail("a trail", "CreateTrail", {"Name": "peer", "S3BucketName": "peer-ledger", "IsMultiRegionTrail": True, "EnableLogFileValidation": True}, "IncludeGlobalServiceEvents IsMultiRegionTrail IsOrganizationTrail LogFileValidationEnabled Name S3BucketName TrailARN"),
    _trail("the trail again", "CreateTrail", {"Name": "peer", "S3BucketName": "peer-ledger"}, refused="TrailAlreadyExistsException"),
    _trail("a trail without a bucket", "CreateTrail", {"Name": "none", "S3BucketName": "peer-nowhere"}, refused="S3BucketDoesNotExistException"),
    _trail("the trail logs", "StartLogging", {"Name": "peer"}),
    _trail("how it logs", "GetTrailStatus", {"Name": "peer"}, "IsLogging StartLoggingTime", check=lambda _, a: a["IsLogging"]),
    _trail("it logs no more", "StopLogging", {"Name": "peer"}),
    _trail("how it has logged", "GetTrailStatus", {"Name": "peer"}, "IsLogging StartLoggingTime StopLoggingTime", check=lambda _, a: not a["IsLogging"]),
    _trail("keys of digests", "ListPublicKeys", {}, "PublicKeyList", check=lambda _, a: a["PublicKeyList"] == []),
    _trail("the trail goes", "DeleteTrail", {"Name": "peer"}),
    _trail("no trail", "GetTrailStatus", {"Name": "peer"}, refused="TrailNotFoundException"),
    _s3("no bucket policy", "PutBucketPolicy", {**BUCKET, "Policy": "{"}, refused="MalformedPolicy"),
    _s3("the bucket policy goes", "DeleteBucketPolicy", BUCKET),
    _s3("is gone", "GetBucketPolicy", BUCKET, refused="NoSuchBucketPolicy"),
    _s3("a lifecycle", "PutBucketLifecycleConfiguration", {**BUCKET, "LifecycleConfiguration": {"Rules": [ARCHIVE]}}),
    _s3("the lifecycle", "GetBucketLifecycleConfiguration", BUCKET, "Rules", check=lambda _, a: a["Rules"] == [ARCHIVE]),
    _s3("the lifecycle goes", "DeleteBucketLifecycle", BUCKET),
    Row("a role that replicates", "iam.CreateRole", lambda _: {"RoleName": "peer-copier", "AssumeRolePolicyDocument": TRUST}, "Role", keep=lambda a: {"copier": a["Role"]["Arn"]}),
    _s3("a replication", "PutBucketReplication", lambda s: {**BUCKET, "ReplicationConfiguration": {"Role": s["copier"], "Rules": [{"ID": "copy", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "custody/"}, "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": "arn:aws:s3:::peer-copy"}}]}}),
    _s3("the replication", "GetBucketReplication", BUCKET, "ReplicationConfiguration"),
    _s3("the replication goes", "DeleteBucketReplication", BUCKET),
    Row("the role that replicates goes", "iam.DeleteRole", lambda _: {"RoleName": "peer-copier"}),
    _s3("an object, once", "PutObject", {**SLOT, "Body": b"slot", "IfNoneMatch": "*"}, f"{CHECKSUMS} ETag ServerSideEncryption VersionId", keep=lambda a: {"slot": a["VersionId"]}),
    _s3("the object again", "PutObject", {**SLOT, "Body": b"other", "IfNoneMatch": "*"}, refused="PreconditionFailed"),
    _s3("the object", "GetObject", SLOT, f"AcceptRanges Body {CHECKSUMS} ContentLength ContentType ETag LastModified Metadata ObjectLockMode ObjectLockRetainUntilDate ServerSideEncryption VersionId", view=lambda a: {**a, "Body": None}, check=lambda _, a: a["Body"].read() == b"slot"),
    _s3("no object", "GetObject", {**BUCKET, "Key": "custody/slots/1"}, refused="NoSuchKey"),
    _s3("its head", "HeadObject", SLOT, "AcceptRanges ContentLength ContentType ETag LastModified Metadata ObjectLockMode ObjectLockRetainUntilDate ServerSideEncryption VersionId", check=lambda _, a: a["ContentLength"] == 4),
    _s3("longer", "PutObjectRetention", lambda s: {**SLOT, "VersionId": s["slot"], "Retention": HELD}),
    _s3("shorter", "PutObjectRetention", lambda s: {**SLOT, "VersionId": s["slot"], "Retention": {**HELD, "RetainUntilDate": "2098-01-01T00:00:00Z"}}, refused="AccessDenied"),
    _s3("how long", "GetObjectRetention", SLOT, "Retention", check=lambda _, a: a["Retention"]["Mode"] == "COMPLIANCE" and a["Retention"]["RetainUntilDate"].year == 2099),
    _s3("a hold", "PutObjectLegalHold", {**SLOT, "LegalHold": {"Status": "ON"}}),
    _s3("the hold", "GetObjectLegalHold", SLOT, "LegalHold", check=lambda _, a: a["LegalHold"] == {"Status": "ON"}),
    _s3("a version under lock", "DeleteObject", lambda s: {**SLOT, "VersionId": s["slot"]}, refused="AccessDenied"),
    _s3("a marker", "DeleteObject", SLOT, "DeleteMarker VersionId", check=lambda _, a: a["DeleteMarker"]),
    _s3("names", "ListObjectsV2", {**BUCKET, "Prefix": "custody/"}, "EncodingType IsTruncated KeyCount MaxKeys Name Prefix", check=lambda _, a: a["KeyCount"] == 0),
    _s3("names by marker", "ListObjects", {**BUCKET, "Prefix": "custody/", "Marker": "custody/s"}, "EncodingType IsTruncated Marker MaxKeys Name Prefix", check=lambda _, a: "Contents" not in a),
    _s3("every version", "ListObjectVersions", {**BUCKET, "Prefix": "custody/"}, "DeleteMarkers EncodingType IsTruncated KeyMarker MaxKeys Name Prefix VersionIdMarker Versions", keep=lambda a: {"marker version": a["DeleteMarkers"][0]["VersionId"]}, check=lambda _, a: len(a["Versions"]) == 1 and len(a["DeleteMarkers"]) == 1),
    _s3("the marker goes", "DeleteObjects", lambda s: {**BUCKET, "Delete": {"Objects": [{"Key": SLOT["Key"], "VersionId": s["marker version"]}]}}, "Deleted"),
    _s3("a bucket with objects", "DeleteBucket", BUCKET, refused="BucketNotEmpty"),
    _s3("the empty bucket goes", "DeleteBucket", COPY, region=AWAY),
]

LEAVING = [
    Row("the role is in use", "iam.DeleteRole", lambda _: IAM_MEMBERS, refused="DeleteConflict"),
    Row("the policy goes", "iam.DeleteRolePolicy", lambda _: {**IAM_MEMBERS, "PolicyName": "list"}),
    Row("the role goes", "iam.DeleteRole", lambda _: IAM_MEMBERS),
]


def _is_pair(pkcs8, spki):
    public = serialization.load_der_private_key(pkcs8, password=None).public_key()
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*form) == spki


def _signed(spki, signature, message):
    """Raises InvalidSignature."""
    serialization.load_der_public_key(spki).verify(signature, message, ec.ECDSA(hashes.SHA256()))
    return utils.decode_dss_signature(signature)[1] > 0


def _rsa_signed(spki, signature, form, digest):
    """Raises InvalidSignature."""
    serialization.load_der_public_key(spki).verify(signature, b"m", form, digest)
    return True


def _of_no_key(rows):
    """Each operation that names a key, asked once for one that is not there."""
    seen = {}
    for row in rows:
        if row.service == "kms" and row.refused is None and row.operation not in seen:
            seen[row.operation] = row
    return [
        Row(f"{name} of no key", row.call, _without_key(row.input), refused="NotFoundException", region=row.region)
        for name, row in seen.items()
        if name not in ("CreateKey", "DeleteAlias", "GenerateRandom", "ListKeys", "ListRetirableGrants")
    ]


def _without_key(input):
    def replaced(known):
        found = input(known)
        name = next(name for name in ("KeyId", "TargetKeyId", "DestinationKeyId", "") if name in found or name == "")
        arn = f"arn:aws:kms:{HOME}:{known['account']}:key/{NO_KEY}"
        # Decrypt finds its key by the ciphertext; RetireGrant takes nothing but an ARN.
        return {**found, name or "KeyId": arn}

    return replaced


GROUPS = [PEOPLE, KEYS, NAMES, POLICIES, ENCRYPTION, DATA_KEYS, SIGNATURES, ROTATION, GRANTS, REGIONS, IMPORT, ENDS, MANAGED, PROVIDERS, STORAGE, LEAVING]
_ROWS = [row for group in GROUPS for row in group]
_OFFERED = set(json.loads(os.environ["OFFERED"]))
# What the sandbox does not offer is not asked.
ROWS = [row for row in _ROWS + _of_no_key(_ROWS) if row.call in _OFFERED]
