"""Runs targets of jobs' Makefiles on this worker. Delivered by maand; see README.md of @maand/plugin-make.

    python3 -I -S <root>/bin/runner.py <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]
    python3 -I -S <root>/bin/runner.py <bucket_id> --serve [--protocol 1] [--program make]

Exit codes: that of the first make that fails; 3 no such job here, 64 wrong usage, 124 timed out, 130 ended on request.
On its input the line `end` ends what runs; the end of its input means that nobody listens any more, and it goes on.
With --serve every line of its input is a request; they run side by side, and it ends once its input and they ended.
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
PROTOCOL = "1"
KILL_AFTER = 5.0  # seconds between SIGTERM and SIGKILL
STUCK_AFTER = 10.0  # seconds a reader may take nothing once make is over, and once it was ended by us
STUCK_AFTER_ENDING = 1.0
LOCK_PAUSE = 0.1
LONGEST = 86400.0  # poll takes no more than 24 days
CHUNK = 4096  # PIPE_BUF: what a pipe that is ready to be written takes without blocking
PIPE = 65536  # what a pipe holds at most: all that make can have left in it
ROOM = 65536  # bytes that may wait for our reader; make waits while there are more
LINE = 1048576  # longest request


class Failure(Exception):
    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


def main(words):
    request = parse(words)
    return serve(request.program) if request.target == "--serve" else once(request)


class Request:
    def __init__(self, target):
        self.target = target
        self.jobs = None
        self.limit = None
        self.program = "make"
        self.env = os.environb


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
        elif name != "--protocol" or value != PROTOCOL:
            raise Failure(USAGE, "unknown option " + name)
    return request


def seconds(text):
    try:
        return float(text)
    except ValueError:
        raise Failure(USAGE, "--timeout needs a number of seconds, not " + text) from None


# The two forms


def once(request):
    """Runs the target of the command line; its output goes out as it comes."""
    out, err = Wire(1), Wire(2)
    call = Call(request, Voice(out), Voice(err))

    def hear(line):
        if line.strip() == b"end":
            call.end(ENDED, "ended on request")

    loop = Loop([out, err], hear)
    loop.begin(call)
    while loop.calls:
        loop.turn()
    loop.flush(STUCK_AFTER if call.code is None else STUCK_AFTER_ENDING)
    return call.answer


def serve(program):
    """Runs what its input asks for, and answers in frames that say which request they belong to."""
    wire = Wire(1)

    def hear(line):
        try:
            wish = read_json(line.decode())
            number = wish["id"]
            if type(number) is not int or number < 0:
                raise ValueError("id is no number")
        except Exception:
            complain("this is no request")
            return
        same = [call for call in loop.calls if call.number == number]
        if "content" in wish:
            for call in same:
                if call.inbox is not None:
                    call.inbox.append(wish)
                    loop.advance(call)
        elif wish.get("end") is True:
            for call in same:
                call.end(ENDED, "ended on request")
        elif same:
            complain("request %d runs already" % number)
        else:
            loop.begin(Call(None, Voice(wire, number, b"out"), Voice(wire, number, b"err"), number, (wish, program)))

    def over(call):
        wire.push(b"%d exit %d\n" % (call.number, call.answer))

    loop = Loop([wire], hear, over)
    wire.push(b"maand-runner %s\n" % PROTOCOL.encode())
    while loop.input is not None or loop.calls:
        loop.turn()
    loop.flush(STUCK_AFTER_ENDING)
    return 0


def asked(wish, program):
    """A request as it came over the wire."""
    request = Request(text_of(wish, "target"))
    request.program = program
    request.jobs = [text_of(wish, "job")]
    request.limit = limit_of(wish)
    more = wish.get("env", {})
    if type(more) is not dict:
        raise Failure(USAGE, "env is no object")
    request.env = dict(os.environb)
    for name in more:
        if name == "" or "=" in name or "\0" in name:
            raise Failure(USAGE, "env has a name that is none")
        request.env[name.encode()] = text_of(more, name).encode()
    return request


def limit_of(wish):
    limit = wish.get("timeout")
    if limit is None:
        return None
    if type(limit) not in (int, float) or not limit >= 0:
        raise Failure(USAGE, "timeout is no number of seconds")
    return float(limit)


def text_of(record, key):
    value = record.get(key)
    if type(value) is not str or "\0" in value:
        raise Failure(USAGE, key + " is no text")
    return value


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
    text = text.strip()
    if make_scanner is not None:
        try:
            value, end = make_scanner(Plain)(text, 0)
            if end == len(text):
                return value
        except Exception:
            pass
    import json

    return json.loads(text)


def present(call, job):
    """Whether there is something to run; a job that is leaving needs no entry in jobs.json to be stopped."""
    stopping = call.request.target == "stop"
    makefile = os.path.join(ROOT, "jobs", job, "Makefile")
    named = job not in ("", ".", "..") and "/" not in job
    if named and os.path.exists(makefile):
        if stopping or job in [name for name, _ in listed()]:
            return True
        reason = "it is not in jobs.json"
    else:
        reason = "it has no Makefile here"
    if not stopping:
        raise Failure(UNKNOWN, "%s: %s; run maand deploy first" % (job, reason))
    call.say("%s: nothing to stop, %s" % (job, reason))
    return False


# One request: generators, which yield for how many seconds they wait at most, None for as long as it takes


def perform(call, wish):
    if wish is not None:
        if "stage" in wish[0]:
            return (yield from stage(call, wish[0]))  # of files.py, which comes along when files are to be brought
        call.takes(asked(*wish))
    for job in chosen(call.request):
        code = yield from run(call, job)
        if code != 0:
            return code
    return 0


def run(call, job):
    if not present(call, job):
        return 0
    request = call.request
    lock = None if request.target == "status" else Lock(job)
    try:
        if lock is not None:
            yield from lock.take(call)
        directory = os.path.join(ROOT, "jobs", job)
        return (yield from carry(call, [request.program, "-s", "-C", directory, "--", request.target], lock))
    finally:
        if lock is not None:
            lock.close()


class Lock:
    """
    One lifecycle command per job at a time, by two locks on files that are kept. `<job>.lock` is ours and dies with us,
    so those who wait take turns. `<job>.make` is make's own: a record lock, which lives through exec and is inherited by
    no child, so it lasts exactly as long as make, even if we are killed, and no server make starts holds it.
    """

    def __init__(self, job):
        self.job = job
        self.turn = self.open(".lock")
        self.make = None

    def open(self, suffix):
        directory = os.path.join(ROOT, "locks")
        os.makedirs(directory, 0o700, True)
        return os.open(os.path.join(directory, self.job + suffix), os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, call):
        told = False
        call.goes_on("")
        while not self.taken():
            if not told:
                holder = os.pread(self.turn, 200, 0).decode("utf-8", "replace").strip() or "another command"
                call.say("%s: waiting for %s, which still runs here" % (self.job, holder))
                told = True
            yield LOCK_PAUSE
            call.goes_on(", waiting for the command that still runs here")
        os.ftruncate(self.turn, 0)
        os.pwrite(self.turn, ("%s (pid %d)\n" % (call.request.target, os.getpid())).encode("utf-8", "replace"), 0)

    def taken(self):
        try:
            fcntl.flock(self.turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.make is None:
                # not before: closing any descriptor of this file, as exec does, gives up every lock on it
                self.make = self.open(".make")
            fcntl.lockf(self.make, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(self.make, fcntl.LOCK_UN)
            return True
        except OSError:
            return False

    def hand_over(self):
        """In the child that becomes make."""
        fcntl.lockf(self.make, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(self.make, True)

    def close(self):
        for descriptor in (self.make, self.turn):
            if descriptor is not None:
                os.close(descriptor)


def carry(call, command, lock):
    """Runs make to its end, however it ends, and hands its output on."""
    child, call.pumps = start(call, command, lock)
    ending = Ending(child)
    kill_at = None
    while True:
        status = CHILDREN[child]
        if status is not None and (kill_at is None or not ending.signal(0)):
            break
        if call.code is not None and kill_at is None and ending.signal(signal.SIGTERM):
            kill_at = time.monotonic() + KILL_AFTER
        if kill_at is not None and time.monotonic() >= kill_at:
            ending.signal(signal.SIGKILL)
            break
        yield None if call.code is None else 0.05
    del CHILDREN[child]
    pumps, call.pumps = call.pumps, []
    for pump in pumps:
        pump.drain()
        pump.leave()
    if kill_at is None:
        return exit_code(status)
    call.say(call.text)
    return call.code


CHILDREN = {}  # makes that run, by process id, with their status once they ended


def reap():
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
        while pid != 0:
            if pid in CHILDREN:
                CHILDREN[pid] = status
            pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass


def start(call, command, lock):
    pipes = []
    try:
        pipes.append(os.pipe())
        pipes.append(os.pipe())
        child = os.fork()
    except OSError:
        for ends in pipes:
            os.close(ends[0])
            os.close(ends[1])
        raise
    (out, out_end), (err, err_end) = pipes
    if child == 0:
        become(command, call.request.env, out_end, err_end, lock)
    os.close(out_end)
    os.close(err_end)
    CHILDREN[child] = None
    return child, [Pump(out, call.out), Pump(err, call.err)]


def become(command, env, out, err, lock):
    """In the child: a session of its own, so that all it starts can be ended together, and no input."""
    try:
        for name in ("SIGTERM", "SIGINT", "SIGPIPE", "SIGHUP"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        if lock is not None:
            lock.hand_over()
        execute(command, env)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
    finally:
        os._exit(NO_PROGRAM)


def execute(command, env):
    """As os.execvpe does, which loads a module for it in every child."""
    program = command[0].encode()
    places = [b""] if b"/" in program else env.get(b"PATH", os.defpath.encode()).split(b":")
    found = None
    for place in places:
        try:
            os.execve(os.path.join(place, program), command, env)
        except OSError as error:
            if found is None or not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                found = error
    raise found


def exit_code(status):
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class Ending:
    """
    Ends what a command started: its process group, and children of that which have left the group but are still
    children, as those of `timeout` and `setsid --wait` are. A server that cut itself loose is nobody's child and lives.
    """

    def __init__(self, leader):
        self.leader = leader
        self.strays = {}  # when each began, by process id

    def signal(self, number):
        """Whether there was anybody to signal; number 0 only asks."""
        self.gather()
        found = send(-self.leader, number)
        for pid in self.strays:
            found = send(pid, number) or found
        return found

    def gather(self):
        every = processes()
        self.strays = {pid: began for pid, began in self.strays.items() if pid in every and every[pid][2] == began}
        known = set(self.strays) | {pid for pid, (_, group, _) in every.items() if group == self.leader}
        news = known
        while news:
            news = {pid for pid, (parent, _, _) in every.items() if parent in news and pid not in known}
            known = known | news
            self.strays.update({pid: every[pid][2] for pid in news})


def processes():
    """Parent, group and beginning of every process that has not ended, by its id."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    words = file.read().rpartition(b")")[2].split()
                if words[0] not in (b"Z", b"X"):
                    found[int(name)] = (int(words[1]), int(words[2]), words[19])
            except (OSError, IndexError):
                pass
    return found


def send(target, number):
    try:
        os.kill(target, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# What is watched meanwhile


class Call:
    """A request under way: where its output goes, and what may end it before its time, which sets `code` and `text`."""

    def __init__(self, request, out, err, number=0, wish=None):
        self.out = out
        self.err = err
        self.number = number
        self.pumps = []
        self.code = None
        self.text = ""
        self.answer = None
        self.request = None
        self.inbox = None  # contents that came for it, while it waits for some
        self.deadline = None
        self.due = None
        self.steps = perform(self, wish)
        if request is not None:
            self.takes(request)

    def takes(self, request):
        self.request = request
        self.deadline = None if request.limit is None else time.monotonic() + request.limit

    def end(self, code, text):
        if self.code is None:
            self.code, self.text = code, text
            self.deadline, self.due = None, 0.0

    def goes_on(self, where):
        if self.code is not None:
            raise Failure(self.code, self.text + where)

    def say(self, text):
        begin = "\n" if self.err.broken else ""
        self.err.say(("%srunner: %s\n" % (begin, text)).encode("utf-8", "replace"))

    def advance(self):
        """Goes on until it has to wait again; whether it is over."""
        try:
            pause = next(self.steps)
            self.due = None if pause is None else time.monotonic() + pause
            return False
        except StopIteration as over:
            self.answer = over.value
        except Failure as failure:
            self.say(str(failure))
            self.answer = failure.code
        except Exception as error:
            self.say("%s: %s" % (type(error).__name__, error))
            self.answer = 1
        return True


class Loop:
    """Waits for everything at once: our input and outputs, the outputs of makes, signals, the clock."""

    def __init__(self, wires, hear, over=None):
        self.wires = wires
        self.hear = hear
        self.over = over
        self.calls = []
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
            self.input = None
            for call in self.calls:
                call.end(128 + number, "ended by a signal")

    def begin(self, call):
        self.calls.append(call)
        self.advance(call)

    def advance(self, call):
        if call.advance():
            self.calls.remove(call)
            if self.over is not None:
                self.over(call)

    def turn(self):
        """Waits until something happens, and deals with it."""
        poll = select.poll()
        poll.register(self.bell, select.POLLIN)
        if self.input is not None:
            poll.register(self.input, select.POLLIN)
        wires = {wire.descriptor: wire for wire in self.wires if wire.waiting}
        for descriptor in wires:
            poll.register(descriptor, select.POLLOUT)
        pumps = {pump.source: pump for call in self.calls for pump in call.pumps if pump.wanting()}
        for descriptor in pumps:
            poll.register(descriptor, select.POLLIN)
        rung = listens = False
        for descriptor, _ in poll.poll(self.milliseconds()):
            if descriptor in pumps:
                pumps[descriptor].take()
            elif descriptor in wires:
                wires[descriptor].give()
            elif descriptor == self.bell:
                os.read(self.bell, CHUNK)
                reap()
                rung = True
            else:
                listens = True
        now = time.monotonic()
        for call in list(self.calls):
            if call.deadline is not None and now >= call.deadline:
                call.end(TIMED_OUT, "timed out after %g s" % call.request.limit)
            if rung or call.due is not None and now >= call.due:
                self.advance(call)
        if listens and self.input is not None:
            self.listen()

    def milliseconds(self):
        """How long nothing has to be done by itself."""
        moments = [moment for call in self.calls for moment in (call.deadline, call.due) if moment is not None]
        if not moments:
            return None
        return int(min(max(0.0, min(moments) - time.monotonic()), LONGEST) * 1000) + (0 if 0.0 in moments else 1)

    def listen(self):
        try:
            chunk = os.read(self.input, PIPE)
        except OSError:
            chunk = b""
        if not chunk:
            self.input = None
            for call in self.calls:
                if call.inbox is not None:
                    call.end(ENDED, "nobody sends the rest")
        lines = (self.heard + chunk).split(b"\n")
        self.heard = lines.pop()[-LINE:]
        for line in lines:
            if line.strip():
                self.hear(line)

    def flush(self, patience):
        for wire in self.wires:
            while wire.waiting and ready(wire.descriptor, select.POLLOUT, patience):
                wire.give()


class Wire:
    """One of our own outputs; when its reader is gone, what is written is dropped."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.waiting = bytearray()
        self.heard = True

    def push(self, chunk):
        if self.heard:
            self.waiting += chunk

    def give(self):
        try:
            count = os.write(self.descriptor, self.waiting[:CHUNK])
            del self.waiting[:count]
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            self.waiting.clear()
            self.heard = False


class Voice:
    """An output of a request: as it is, or in frames that say whose it is."""

    def __init__(self, wire, number=None, kind=b""):
        self.wire = wire
        self.number = number
        self.kind = kind
        self.broken = False  # the last line has no end yet

    def say(self, chunk):
        self.broken = chunk[-1:] != b"\n"
        if self.number is not None:
            self.wire.push(b"%d %s %d\n" % (self.number, self.kind, len(chunk)))
        self.wire.push(chunk)


class Pump:
    """Carries bytes from one of make's outputs to ours, at the pace of our reader."""

    def __init__(self, source, voice):
        self.source = source
        self.voice = voice

    def wanting(self):
        return self.source is not None and len(self.voice.wire.waiting) < ROOM

    def take(self):
        chunk = os.read(self.source, PIPE)
        if chunk:
            self.voice.say(chunk)
        else:
            os.close(self.source)
            self.source = None
        return len(chunk)

    def drain(self):
        """Hands on what is left once make is over; what a background child writes from now on is not make's."""
        left = PIPE
        while self.source is not None and left > 0 and ready(self.source, select.POLLIN, 0):
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
                execute(["cat"], os.environb)
            finally:
                os._exit(NO_PROGRAM)
        os.close(self.source)
        self.source = None


def ready(descriptor, event, pause):
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(int(pause * 1000)))


def complain(text):
    """Says a line of our own that belongs to no request."""
    if ready(2, select.POLLOUT, 1):
        try:
            os.write(2, ("runner: %s\n" % text).encode("utf-8", "replace"))
        except OSError:
            pass


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except Failure as failure:
        complain(str(failure))
        code = failure.code
    except BaseException as error:
        complain("%s: %s" % (type(error).__name__, error))
        code = 1
    os._exit(code)
