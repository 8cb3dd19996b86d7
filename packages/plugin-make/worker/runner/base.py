"""Runs targets of jobs' Makefiles on this worker, and makes jobs' directories equal to trees.

    python3 -I -S <root>/bin/runner.py <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]
    python3 -I -S <root>/bin/runner.py <bucket_id> --serve [--protocol 1] [--program make]

Delivered by maand; its contract is in the README of @maand/plugin-make. The program is made of parts, `worker/runner/`
there, joined in the order of `src/runner-program.ts`: a part uses the names of the others, and none imports another.
"""
import errno
import os
import sys
import time

# The C halves of `signal` and `json`: their Python halves load enum and re, half of the time a start takes.
try:
    import _signal as signal
except ImportError:
    import signal

try:
    from _json import make_scanner
except ImportError:
    make_scanner = None

if sys.version_info < (3, 7):
    os.write(2, ("runner: this is Python %s\n" % sys.version.split()[0]).encode())
    os._exit(1)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROTOCOL = "1"
# Exit codes; every other one is that of make.
NOT_HERE, NOTHING_TO_RUN, NO_LOCK, FENCED, USAGE, TIMED_OUT, NO_PROGRAM, ENDED = 3, 4, 5, 6, 64, 124, 127, 130
KILL_AFTER = 5.0  # seconds between SIGTERM and SIGKILL
STUCK_AFTER = 10.0  # seconds a reader may take nothing once make has ended, and once we ended it
STUCK_AFTER_ENDING = 1.0
STALLED_AFTER = 60.0  # seconds after which a reader that takes nothing counts as gone
GRACE = 2.0  # seconds a step that is to end has to end by itself
LOCK_PAUSE = 0.1
LONGEST = 86400.0  # poll takes no more than 24 days
CHUNK = 4096  # PIPE_BUF: what a pipe that is ready to be written takes without blocking
PIPE = 65536  # what a pipe holds at most: all that make can have left in it
ROOM = 65536  # bytes that may wait for our reader; make waits while there are more
LINE = 1048576  # longest request


class Failure(Exception):
    """Ends a request with an exit code and a sentence."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


class JsonSettings:
    """What make_scanner reads of a json.JSONDecoder."""

    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float
    memo = {}


def read_json(text):
    text = text.strip()
    if make_scanner is not None:
        try:
            value, end = make_scanner(JsonSettings)(text, 0)
            if end == len(text):
                return value
        except Exception:
            pass
    import json

    return json.loads(text)


def text_of(record, key):
    value = record.get(key)
    if type(value) is not str or "\0" in value:
        raise Failure(USAGE, key + " is not a text")
    return value


def limit_of(options):
    """The time limit of a request in seconds, None where it has none."""
    limit = options.get("timeout")
    if limit is None:
        return None
    if type(limit) not in (int, float) or not limit >= 0:
        raise Failure(USAGE, "timeout is not a number of seconds")
    return float(limit)


class Request:
    """What is to be run: a target, for which jobs, with which environment and limit."""

    def __init__(self, target):
        self.target = target
        self.jobs = None
        self.limit = None
        self.program = "make"
        self.env = os.environb
        self.step = None  # the step of a run that it carries out, and the earlier ones that it replaces
        self.voids = ()
        self.words = None  # a command instead of a target, and the digest of what it is
        self.what = target
        self.fence = None  # who asks for it
