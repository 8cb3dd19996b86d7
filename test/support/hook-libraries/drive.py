"""Runs `cases.json` with the Python library, and writes the outcome of each case to `$OUTCOMES`, as a line of JSON."""

import json
import os

import maand


def plain(value):
    if isinstance(value, maand.Response):
        answer = {"status_code": value.status_code, "ok": value.ok, "text": value.text}
        return {**answer, "json": value.json()} if value.ok and value.text else answer
    if isinstance(value, maand.CompletedCommand):
        return vars(value)
    if isinstance(value, tuple):
        return dict(zip(("user", "key_path", "use_sudo"), value))
    return value


def run(case):
    options = case.get("options", {})
    if case["call"] != "semaphore":
        return getattr(maand, case["call"])(*case["args"], **options)
    with maand.semaphore(*case["args"]):
        if "fails" in options:
            raise ValueError(options["fails"])
        return "worked"


def outcome(case):
    try:
        return {"returns": plain(run(case))}
    except Exception as error:
        names = ("status_code", "namespace", "key", "result")
        details = {name: plain(getattr(error, name)) for name in names if hasattr(error, name)}
        return {"raises": {"error": type(error).__name__, "message": str(error), **details}}


before = {"JOB_COMMAND_API_TOKEN": None, **os.environ}
with open("cases.json") as cases, open(before["OUTCOMES"], "w") as outcomes:
    for number, case in enumerate(json.load(cases)):
        os.environ.clear()
        env = {**before, "JOB_COMMAND_API_TOKEN": before["JOB_COMMAND_API_TOKEN"] or str(number), **case.get("env", {})}
        os.environ.update({name: value for name, value in env.items() if value is not None})
        print(json.dumps(outcome(case)), file=outcomes)
