"""Runs targets of jobs' Makefiles on this worker, and makes jobs' directories equal to trees.

    python3 -I -S <root>/bin/runner.py <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]
    python3 -I -S <root>/bin/runner.py <bucket_id> --serve [--protocol 1] [--program make]

maand delivers this program. Its contract is in the README of @maand/plugin-make. The program consists of the parts in
`worker/runner/` of that package, joined in the order of `src/runner-program.ts`. A part uses the names of the other parts
without importing them.
"""
import errno
import os
import sys
import time

# The C parts of `signal` and `json`: their Python parts load enum and re, which takes half of the start time.
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
# Exit codes; any other exit code comes from make.
NOT_HERE, NOTHING_TO_RUN, NO_LOCK, FENCED, USAGE, TIMED_OUT, NO_PROGRAM, ENDED = 3, 4, 5, 6, 64, 124, 127, 130
KILL_AFTER = 5.0  # seconds between SIGTERM and SIGKILL
STUCK_AFTER = 10.0  # seconds without reading after which a reader counts as gone, once make has ended
STUCK_AFTER_ENDING = 1.0
STALLED_AFTER = 60.0  # seconds without reading after which a reader counts as gone while make runs
GRACE = 2.0  # seconds that a step has to end by itself when it must end
LOCK_PAUSE = 0.1
LONGEST = 86400.0  # poll accepts at most 24 days
CHUNK = 4096  # PIPE_BUF: the bytes that a writable pipe accepts without blocking
PIPE = 65536  # the capacity of a pipe, so make cannot leave more in it
ROOM = 65536  # bytes that may wait for our reader; make waits while there are more
LINE = 1048576  # bytes of the longest request


class Failure(Exception):
    """Ends a request with an exit code and a message."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


class JsonSettings:
    """The attributes of a json.JSONDecoder that make_scanner reads."""

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
        raise Failure(USAGE, key + " is not a string")
    return value


def limit_of(options):
    """The time limit of a request in seconds; None for no limit."""
    limit = options.get("timeout")
    if limit is None:
        return None
    if type(limit) not in (int, float) or not limit >= 0:
        raise Failure(USAGE, "timeout is not a number of seconds")
    return float(limit)


class Request:
    """The work of a request: a target, its jobs, its environment and its time limit."""

    def __init__(self, target):
        self.target = target
        self.jobs = None
        self.limit = None
        self.program = "make"
        self.env = os.environb
        self.step = None  # the step of a run that the request carries out, and the earlier steps that it replaces
        self.voids = ()
        self.words = None  # a command instead of a target, and the digest of the command
        self.what = target
        self.fence = None  # the command of the bucket that sent the request
