"""Starts commands in separate sessions, and detects how they ended."""

CHILDREN = {}  # running commands by process id, with their status once they have ended


class Command:
    """The program to run for a job, the target of its output, and a mark in its environment that all its children inherit."""

    def __init__(self, call, job, words, env=None):
        self.words = words
        self.directory = directory_of(job)
        self.out = call.out
        self.err = call.err
        self.deadline = call.deadline
        self.mark = b"MAAND_RUNNER_COMMAND=" + os.urandom(8).hex().encode()
        # as after `cd` from the bucket's directory into the job's directory
        place = {b"PWD": os.fsencode(self.directory), b"OLDPWD": os.fsencode(ROOT)}
        name, _, value = self.mark.partition(b"=")
        self.env = {**call.request.env, **(env or {}), **place, name: value}


def reap():
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
        while pid != 0:
            if pid in CHILDREN:
                CHILDREN[pid] = status
            pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass


def start(command, lock):
    """Starts a command; returns its process id and the pumps of its outputs."""
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
        become(command, out_end, err_end, lock)
    os.close(out_end)
    os.close(err_end)
    CHILDREN[child] = None
    return child, [Pump(out, command.out), Pump(err, command.err)]


def become(command, out, err, lock):
    """Called in the child. Starts a new session, so that all its processes can be stopped together, without any input."""
    what = command.words[0]
    try:
        for name in ("SIGTERM", "SIGINT", "SIGPIPE", "SIGHUP"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        what = command.directory
        os.chdir(command.directory)
        what = command.words[0]
        if lock is not None:
            lock.hand_over(command)
        execute(command.words, command.env)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (what, error.strerror)).encode("utf-8", "surrogateescape"))
    finally:
        os._exit(NO_PROGRAM)


def execute(words, env):
    """Does the same as os.execvpe, which loads a module in every child."""
    program = words[0].encode()
    places = [b""] if b"/" in program else env.get(b"PATH", os.defpath.encode()).split(b":")
    found = None
    for place in places:
        try:
            os.execve(os.path.join(place, program), words, env)
        except OSError as error:
            if found is None or not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                found = error
    raise found


def exit_code(status):
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class Descendants:
    """
    The processes of a command that may have to be stopped: its session, and processes that left the session but are still its
    children, such as those of `setsid --wait`. Processes that detached themselves from their parent, as servers do, are left
    running, unless `everything` is set: once make has exited, a server cannot be distinguished from a step of its recipe.
    """

    def __init__(self, leader, mark, everything):
        self.leader = leader
        self.mark = mark
        self.everything = everything
        self.known = {}  # group and start time by process id

    def signal(self, number):
        """Returns whether there was any process to signal; signal number 0 only checks."""
        if not os.path.exists("/proc/self/stat"):
            return send(-self.leader, number)
        self.gather()
        if self.known:
            send(-self.leader, number)  # all together, so that no remaining process can start another one
        for pid, (group, _) in self.known.items():
            if group != self.leader:
                send(pid, number)
        return bool(self.known)

    def gather(self):
        every = processes()
        known = {pid for pid, (_, began) in self.known.items() if pid in every and every[pid][3] == began}
        known |= {pid for pid, (_, group, session, _) in every.items() if self.leader in (group, session)}
        if self.everything:
            known |= {pid for pid in every if pid not in known and self.mark in environment_of(pid)}
        self.known = {pid: (every[pid][1], every[pid][3]) for pid in with_descendants(known, every)}


def processes():
    """Parent, group, session and start time of every process that has not ended, by process id."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    words = file.read().rpartition(b")")[2].split()
                if words[0] not in (b"Z", b"X"):
                    found[int(name)] = (int(words[1]), int(words[2]), int(words[3]), words[19])
            except (OSError, IndexError):
                pass
    return found


def environment_of(pid):
    try:
        with open("/proc/%d/environ" % pid, "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return ()


def send(target, number):
    try:
        os.kill(target, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
