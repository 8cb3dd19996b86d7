"""Runs targets of jobs' Makefiles on this worker. Delivered by maand; see README.md of @maand/plugin-make.

    python3 -I -S <root>/bin/runner.py <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]

Exit codes: that of the first make that fails; 3 no such job here, 64 wrong usage, 124 timed out, 130 ended on request.
On its input the line `end` ends what runs; the end of its input means that nobody listens any more, and it goes on.
"""
import fcntl
import os
import select
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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNKNOWN, USAGE, TIMED_OUT, ENDED, NO_PROGRAM = 3, 64, 124, 130, 127
KILL_AFTER = 5.0  # seconds between SIGTERM and SIGKILL
STUCK_AFTER = 10.0  # seconds a reader may take nothing once make is over, and once it was ended by us
STUCK_AFTER_ENDING = 1.0
LOCK_PAUSE = 0.1
LONGEST = 86400.0  # poll takes no more than 24 days
CHUNK = 4096  # PIPE_BUF: what a pipe that is ready to be written takes without blocking
PIPE = 65536  # what a pipe holds at most: all that make can have left in it


class Failure(Exception):
    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


def main(words):
    request = parse(words)
    watch = Watch(request.limit)
    for job in chosen(request):
        code = run(request, job, watch)
        if code != 0:
            return code
    return 0


class Request:
    def __init__(self, target):
        self.target = target
        self.jobs = None
        self.limit = None
        self.program = "make"


def parse(words):
    if len(words) < 2 or len(words) % 2 != 0:
        raise Failure(USAGE, "usage: runner <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]")
    request = Request(words[1])
    for name, value in zip(words[2::2], words[3::2]):
        if name == "--jobs":
            request.jobs = [job for job in value.split(",") if job]
        elif name == "--timeout":
            request.limit = seconds(value)
        elif name == "--program":
            request.program = value
        else:
            raise Failure(USAGE, "unknown option " + name)
    return request


def seconds(text):
    try:
        return float(text)
    except ValueError:
        raise Failure(USAGE, "--timeout needs a number of seconds, not " + text) from None


# Which jobs


def chosen(request):
    """The jobs asked for, or all of this worker's; a disabled one is not started unless it is asked for."""
    if request.jobs is not None:
        return request.jobs
    lively = request.target in ("start", "restart")
    return [job for job, disabled in listed() if not (lively and disabled)]


def listed():
    """Jobs of this worker with whether they are disabled, as the last deploy delivered them."""
    path = os.path.join(ROOT, "jobs.json")
    try:
        with open(path, "rb") as file:
            return [(entry["job"], bool(entry.get("disabled"))) for entry in read_json(file.read().decode())]
    except FileNotFoundError:
        return []
    except Exception as error:
        raise Failure(UNKNOWN, "%s cannot be read: %s" % (path, error)) from None


class Plain:
    """What make_scanner asks of a json.JSONDecoder."""

    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float
    memo = {}


def read_json(text):
    if make_scanner is not None:
        try:
            return make_scanner(Plain)(text.strip(), 0)[0]
        except Exception:
            pass
    import json

    return json.loads(text)


def present(request, job):
    """Whether there is something to run; a job that is leaving needs no entry in jobs.json to be stopped."""
    makefile = os.path.join(ROOT, "jobs", job, "Makefile")
    named = job not in (".", "..") and "/" not in job
    if named and os.path.exists(makefile):
        if request.target == "stop" or job in [name for name, _ in listed()]:
            return True
        reason = "it is not in jobs.json"
    else:
        reason = "it has no Makefile here"
    if request.target != "stop":
        raise Failure(UNKNOWN, "%s: %s; run maand deploy first" % (job, reason))
    say("%s: nothing to stop, %s" % (job, reason))
    return False


# One job


def run(request, job, watch):
    if not present(request, job):
        return 0
    lock = None if request.target == "status" else take_lock(request, job, watch)
    try:
        directory = os.path.join(ROOT, "jobs", job)
        return carry([request.program, "-s", "-C", directory, "--", request.target], watch)
    finally:
        if lock is not None:
            os.close(lock)


def take_lock(request, job, watch):
    """One lifecycle command per job at a time; the file is kept, the lock on it dies with this process."""
    directory = os.path.join(ROOT, "locks")
    os.makedirs(directory, 0o700, True)
    lock = os.open(os.path.join(directory, job + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    told = False
    watch.goes_on("")
    while not locked(lock):
        if not told:
            holder = os.pread(lock, 200, 0).decode("utf-8", "replace").strip() or "another command"
            say("%s: waiting for %s, which still runs here" % (job, holder))
            told = True
        watch.wait([], LOCK_PAUSE)
        watch.goes_on(", waiting for the command that still runs here")
    os.ftruncate(lock, 0)
    os.pwrite(lock, ("%s (pid %d)\n" % (request.target, os.getpid())).encode(), 0)
    return lock


def locked(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


def carry(command, watch):
    """Runs make to its end, however it ends, and hands its output on."""
    child, pumps = start(command)
    status = None
    kill_at = None
    while True:
        status = ended(child) if status is None else status
        if status is not None and (kill_at is None or not signal_group(child, 0)):
            break
        if watch.code is not None and kill_at is None and signal_group(child, signal.SIGTERM):
            kill_at = time.monotonic() + KILL_AFTER
        if kill_at is not None and time.monotonic() >= kill_at:
            signal_group(child, signal.SIGKILL)
            break
        watch.wait(pumps, None if watch.code is None else 0.05)
    for pump in pumps:
        pump.drain(STUCK_AFTER if kill_at is None else STUCK_AFTER_ENDING)
        pump.leave()
    if kill_at is None:
        return exit_code(status)
    say(watch.text, pumps[1].broken)
    return watch.code


def start(command):
    out, err = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        become(command, out[1], err[1])
    os.close(out[1])
    os.close(err[1])
    return child, [Pump(out[0], 1), Pump(err[0], 2)]


def become(command, out, err):
    """In the child: a session of its own, so that all it starts can be ended together, and no input."""
    try:
        os.setsid()
        for name in ("SIGPIPE", "SIGHUP"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
    finally:
        os._exit(NO_PROGRAM)


def ended(child):
    pid, status = os.waitpid(child, os.WNOHANG)
    return status if pid == child else None


def exit_code(status):
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def signal_group(leader, number):
    """Whether there was anybody to signal; number 0 only asks."""
    try:
        os.kill(-leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# What is watched meanwhile


class Watch:
    """What may end a command before its time: the clock, the word `end`, a signal. Sets `code` and `text` once."""

    def __init__(self, limit):
        self.code = None
        self.text = ""
        self.limit = limit
        self.deadline = None if limit is None else time.monotonic() + limit
        self.input = 0
        self.heard = b""
        self.bell, ring = os.pipe()
        os.set_blocking(self.bell, False)
        os.set_blocking(ring, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        for name in ("SIGCHLD", "SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), self.rung)
        for name in ("SIGHUP", "SIGPIPE"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

    def rung(self, number, _frame):
        if number != signal.SIGCHLD:
            self.end(128 + number, "ended by a signal")

    def end(self, code, text):
        if self.code is None:
            self.code, self.text = code, text

    def goes_on(self, where):
        if self.code is not None:
            raise Failure(self.code, self.text + where)

    def wait(self, pumps, pause):
        """Waits until something happens or `pause` seconds are over, and deals with it."""
        poll = select.poll()
        poll.register(self.bell, select.POLLIN)
        if self.input is not None:
            poll.register(self.input, select.POLLIN)
        steps = {}
        for pump in pumps:
            if pump.interest() is not None:
                poll.register(*pump.interest())
                steps[pump.interest()[0]] = pump
        for ready, _ in poll.poll(self.milliseconds(pause)):
            if ready in steps:
                steps[ready].step()
            elif ready == self.input:
                self.listen()
            elif ready == self.bell:
                os.read(self.bell, CHUNK)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.end(TIMED_OUT, "timed out after %g s" % self.limit)

    def milliseconds(self, pause):
        if self.deadline is not None and self.code is None:
            left = max(0.0, self.deadline - time.monotonic())
            pause = left if pause is None else min(pause, left)
        return None if pause is None else int(min(pause, LONGEST) * 1000) + 1

    def listen(self):
        try:
            chunk = os.read(self.input, CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            self.input = None
        lines = (self.heard + chunk).split(b"\n")
        self.heard = lines.pop()[-CHUNK:]
        if b"end" in [line.strip() for line in lines]:
            self.end(ENDED, "ended on request")


class Pump:
    """Carries bytes from one of make's outputs to ours: reads only when what it read before is gone."""

    def __init__(self, source, sink):
        self.source = source
        self.sink = sink
        self.pending = b""
        self.heard = True
        self.broken = False  # the last line has no end yet

    def interest(self):
        if self.pending:
            return self.sink, select.POLLOUT
        return None if self.source is None else (self.source, select.POLLIN)

    def step(self):
        if self.pending:
            self.give()
        else:
            self.take()

    def take(self):
        chunk = os.read(self.source, CHUNK)
        if not chunk:
            os.close(self.source)
            self.source = None
        elif self.heard:
            self.pending = chunk
        return len(chunk)

    def give(self):
        try:
            count = os.write(self.sink, self.pending)
            self.broken = self.pending[count - 1 : count] != b"\n"
            self.pending = self.pending[count:]
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            self.pending = b""
            self.heard = False

    def drain(self, patience):
        """Hands on what is left once make is over; what a background child writes from now on is not make's."""
        left = PIPE
        while True:
            if self.pending:
                if not ready(self.sink, select.POLLOUT, patience):
                    return
                self.give()
            elif self.source is None or left <= 0 or not ready(self.source, select.POLLIN, 0):
                return
            else:
                left -= self.take()

    def leave(self):
        """Gives a background child that still writes here a reader, or its next line would end it (SIGPIPE)."""
        if self.source is None:
            return
        if os.fork() == 0:
            try:
                os.setsid()
                nothing = os.open(os.devnull, os.O_RDWR)
                os.dup2(self.source, 0)
                os.dup2(nothing, 1)
                os.dup2(nothing, 2)
                os.chdir("/")
                os.execvp("cat", ["cat"])
            finally:
                os._exit(NO_PROGRAM)
        os.close(self.source)
        self.source = None


def ready(descriptor, event, pause):
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(int(pause * 1000)))


def say(text, broken=False):
    if ready(2, select.POLLOUT, 1):
        try:
            os.write(2, ("%srunner: %s\n" % ("\n" if broken else "", text)).encode("utf-8", "replace"))
        except OSError:
            pass


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except Failure as failure:
        say(str(failure))
        code = failure.code
    except BaseException as error:
        say("%s: %s" % (type(error).__name__, error))
        code = 1
    os._exit(code)
