"""Calls every operation of the table on the sandbox that the AWS profile of the environment names, and reads each answer strictly.

Prints one JSON object: {answers, operations: [service.Operation], faults: [text]}.
"""

import json
import sys

from operations import ROWS
from play import Play, connect_all
from strict import StrictAnswers


def fault_of(row, outcome, known):
    """What is wrong with the outcome of a row, in words; None when nothing is."""
    if outcome.code != row.refused:
        return f"expected {row.refused or 'an answer'}, found {outcome.code or 'an answer'}"
    if outcome.answer is None:
        return None
    if sorted(outcome.answer) != sorted(row.gives.split()):
        return f"expected {row.gives or 'nothing'}, found {' '.join(sorted(outcome.answer))}"
    try:
        return None if row.check(known, outcome.answer) else f"a check failed: {outcome.answer}"
    except Exception as cause:
        return f"a check failed: {cause!r}"


def main():
    strict = StrictAnswers()
    play = Play(connect_all(strict))
    faults = []
    for row in ROWS:
        try:
            fault = fault_of(row, play.run(row), play.known)
        except KeyError as missing:
            fault = f"{missing} is missing"
        if fault:
            faults.append(f"{row.name} ({row.call}): {fault}")
    report = {
        "answers": strict.answers,
        "operations": sorted(strict.operations),
        "faults": faults + sorted(set(strict.faults)),
    }
    json.dump(report, sys.stdout)


main()
