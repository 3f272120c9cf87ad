"""The same requests to the sandbox of the AWS profile and to moto, an independent server; what differs, and moto's known defects.

Prints one JSON object: {compared, differences: [text], defects: {name: [sandbox, moto]}}.
"""

import json
import logging
import re
import sys
import time
from datetime import datetime

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.server import ThreadedMotoServer

from operations import AWAY, CONTEXT, HOME, ROWS, TRUST
from play import Play, connect_all

ANYBODY = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "nobody checks it"}
SECRETS = {"GrantToken", "ImportToken", "NextMarker", "SecretAccessKey", "SessionToken"}
# What each server makes up: in this order.
MADE_UP = [
    (r"\b(?:000000000000|123456789012)\b", "<account>"),
    (r"\bmrk-[0-9a-f]{32}\b", "<multi-Region key>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
    (r"\b[0-9a-f]{64}\b", "<digest>"),
    (r"\b(?:AROA|ASIA|AKIA)[A-Z0-9]{12,17}\b", "<unique id>"),
]


def normal(value, name=""):
    """A value without what must differ between two servers."""
    if isinstance(value, dict):
        return {key: normal(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, datetime):
        return "<date>"
    if isinstance(value, bytes):
        return "<bytes>"
    if not isinstance(value, str):
        return value
    if name in SECRETS:
        return "<secret>"
    if name == "PolicyId":
        return "<unique id>"
    if name == "GrantId":
        return f"<{len(value)} characters>"
    if name in ("Policy", "ReplicaPolicy"):
        return normal(json.loads(value))
    for pattern, word in MADE_UP:
        value = re.sub(pattern, word, value)
    return value


def differences(ours, theirs, where=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        lines = []
        for name in sorted({*ours, *theirs}):
            at = f"{where}.{name}".lstrip(".")
            if name not in theirs:
                lines.append(f"{at}: not moto's")
            elif name not in ours:
                lines.append(f"{at}: only moto's")
            else:
                lines += differences(ours[name], theirs[name], at)
        return lines
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [line for at, pair in enumerate(zip(ours, theirs)) for line in differences(*pair, f"{where}[{at}]")]
    return [] if ours == theirs else [f"{where}: {brief(ours)}, moto: {brief(theirs)}".lstrip(": ")]


def brief(value):
    if isinstance(value, dict):
        return "an answer"
    return f"{len(value)} entries" if isinstance(value, list) else str(value)


def outcome(play, row):
    try:
        found = play.run(row)
    except KeyError as missing:
        return f"cannot be asked: no {str(missing.args[0])}"
    except ResponseParserError:
        return "what is no answer of AWS's"
    return found.code if found.answer is None else normal(row.view(found.answer))


def compare(sandbox, moto):
    return [f"{row.name}: {line}" for row in ROWS for line in differences(outcome(sandbox, row), outcome(moto, row))]


# moto's known defects: each is asked of both


def code_of(ask):
    """The error's code, or what `ask` returns."""
    try:
        return ask()
    except ClientError as refusal:
        return refusal.response["Error"]["Code"]


def new_key(kms, **more):
    return kms.create_key(**more)["KeyMetadata"]["KeyId"]


def replica_decrypts(clients):
    kms, away = clients["kms", HOME, False], clients["kms", AWAY, False]
    key = new_key(kms, MultiRegion=True)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    wait_until(lambda: away.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled")
    return code_of(lambda: away.decrypt(CiphertextBlob=sealed)["Plaintext"].decode())


def multi_region_decrypts(clients):
    kms = clients["kms", HOME, False]
    sealed = kms.encrypt(KeyId=new_key(kms, MultiRegion=True), Plaintext=b"x")["CiphertextBlob"]
    return code_of(lambda: kms.decrypt(CiphertextBlob=sealed)["Plaintext"].decode())


def rotation_changes_material(clients):
    kms = clients["kms", HOME, False]
    key = new_key(kms)
    material = lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256").get("KeyMaterialId")
    before = material()
    kms.rotate_key_on_demand(KeyId=key)
    wait_until(lambda: kms.list_key_rotations(KeyId=key)["Rotations"])
    return "another" if material() != before else "the same"


def context_is_bound(clients):
    kms = clients["kms", HOME, False]
    sealed = kms.encrypt(KeyId=new_key(kms), Plaintext=b"x", EncryptionContext={"a": "bc"})["CiphertextBlob"]
    return code_of(lambda: kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"ab": "c"})["Plaintext"].decode())


def statement(account, **more):
    everybody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    return {**everybody, **more}


def put_policy(clients, *statements):
    kms, account = clients["kms", HOME, False], clients["sts", HOME, False].get_caller_identity()["Account"]
    key = new_key(kms)
    policy = {"Version": "2012-10-17", "Statement": [statement(account), *(statement(account, **more) for more in statements)]}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    return key


def resource_tag_in_policy(clients):
    by_tag = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}
    return code_of(lambda: put_policy(clients, by_tag) and "accepted")


def policy_is_enforced(clients):
    denied = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt"}
    key = put_policy(clients, denied)
    return code_of(lambda: clients["kms", HOME, False].encrypt(KeyId=key, Plaintext=b"x") and "encrypted")


def short_session(clients):
    role = clients["iam", HOME, False].create_role(RoleName="short", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    wanted = {"RoleArn": role, "RoleSessionName": "short", "DurationSeconds": 300}
    return code_of(lambda: clients["sts", HOME, True].assume_role(**wanted) and "a session")


def wrong_signature(clients):
    kms = clients["kms", HOME, False]
    key = new_key(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    how = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(Message=b"m", **how)["Signature"]
    return code_of(lambda: kms.verify(Message=b"n", Signature=signature, **how)["SignatureValid"])


def import_of_material(clients):
    kms = clients["kms", HOME, False]
    wanted = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    return code_of(lambda: kms.get_parameters_for_import(KeyId=new_key(kms, Origin="EXTERNAL"), **wanted) and "parameters")


DEFECTS = {
    "a replica decrypts what its primary encrypted": replica_decrypts,
    "a multi-Region key decrypts what it encrypted": multi_region_decrypts,
    "a rotation changes the material": rotation_changes_material,
    "{a: bc} is another context than {ab: c}": context_is_bound,
    "aws:ResourceTag in a key policy": resource_tag_in_policy,
    "a key policy that denies": policy_is_enforced,
    "a session of 300 seconds": short_session,
    "a signature of another message": wrong_signature,
    "import of material": import_of_material,
}


def wait_until(done):
    end = time.monotonic() + 20
    while not done() and time.monotonic() < end:
        time.sleep(0.25)


def main():
    logging.disable()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    both = [connect_all(), connect_all(endpoint_url=f"http://{host}:{port}", **ANYBODY)]
    report = {
        "compared": len(ROWS),
        "differences": compare(*map(Play, both)),
        "defects": {name: [ask(clients) for clients in both] for name, ask in DEFECTS.items()},
    }
    server.stop()
    json.dump(report, sys.stdout)


main()
