"""Plays rows against one server; nothing is known about the server but its endpoint."""

import time
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations import AWAY, HOME

PATIENCE_SECONDS = 30


def connect(service, region, unchecked=False, **where):
    """`unchecked`: botocore sends also what its own model forbids."""
    config = Config(
        retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20, parameter_validation=not unchecked
    )
    return boto3.session.Session().client(service, region_name=region, config=config, **where)


def connect_all(listener=None, **where):
    """A client of each kind; `where`: endpoint and credentials, by default those of the AWS profile."""
    kinds = [("kms", HOME, False), ("kms", AWAY, False), ("sts", HOME, False), ("sts", HOME, True)]
    kinds += [("iam", HOME, False), ("cloudtrail", HOME, False), ("s3", HOME, False), ("s3", AWAY, False)]
    clients = {kind: connect(*kind, **where) for kind in kinds}
    for client in clients.values():
        if listener is not None:
            listener.watch(client)
    return clients


@dataclass(frozen=True)
class Outcome:
    """What became of a row: an answer, or the code of an error."""

    answer: dict | None
    code: str | None


class Play:
    def __init__(self, clients):
        self.clients = clients
        self.known = {}

    def run(self, row):
        """The outcome, with what later rows need of it kept. KeyError: an earlier row did not give what this one needs."""
        client = self.clients[row.service, row.region, row.unchecked]
        method = client.meta.method_to_api_mapping
        name = next(name for name, operation in method.items() if operation == row.operation)
        try:
            answer = self._ask(getattr(client, name), row)
        except ClientError as refusal:
            return Outcome(None, refusal.response["Error"]["Code"])
        answer.pop("ResponseMetadata")
        self.known.update(row.keep(answer))
        return Outcome(answer, None)

    def _ask(self, method, row):
        input = row.input(self.known)
        end = time.monotonic() + PATIENCE_SECONDS
        answer = method(**input)
        while row.until and not row.until(answer) and time.monotonic() < end:
            time.sleep(0.25)
            answer = method(**input)
        return answer
