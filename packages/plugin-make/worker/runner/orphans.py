"""Processes that a command left running because its runner was killed before the command ended."""


class Orphans:
    """
    A command writes the data that identifies its processes into the lock file of its job, and its runner deletes this data once
    the command has ended. If the data still exists after make has exited, its runner was killed. Steps of the recipe may then
    still run, and so may a server that the recipe started. The next command waits only for the steps.
    """

    def __init__(self, record):
        mark, leader, deadline, outputs = record.split(b" ")
        self.mark = mark
        self.leader = int(leader)
        self.deadline = float(deadline)
        self.outputs = {b"pipe:[%s]" % number for number in outputs.split(b",")}

    @staticmethod
    def record(command):
        """Called in the child that becomes make, whose outputs belong to make."""
        outputs = b",".join(b"%d" % os.fstat(number).st_ino for number in (1, 2))
        deadline = float("inf") if command.deadline is None else command.deadline
        return b"%s %d %f %s" % (command.mark, os.getpid(), deadline, outputs)

    def steps(self):
        every = processes() if os.path.exists("/proc/self/stat") else {}
        in_session = [pid for pid, (_, _, session, _) in every.items() if session == self.leader]
        if not any(self.mark in environment_of(pid) for pid in in_session):
            return []  # no process, or the number now belongs to another session
        return with_descendants({pid for pid in in_session if self.is_step(pid)}, every)

    def is_step(self, pid):
        """
        Whether a process of make's session belongs to the recipe: it has make's output open, or it was not put into the
        background, because a shell makes background processes ignore SIGINT. A server has left the session, or meets neither
        condition.
        """
        return not ignores(pid, signal.SIGINT) or not self.outputs.isdisjoint(open_files(pid))

    def wait(self, on_wait):
        """Waits for the steps until the time limit of their command, and then ends them. Returns whether it ended any."""
        ended = False
        for number, until in ((0, self.deadline), (signal.SIGTERM, None), (signal.SIGKILL, None)):
            for pid in self.steps() if number else ():
                ended = True
                send(pid, number)
            until = time.monotonic() + KILL_AFTER if until is None else until
            steps = self.steps()
            while steps and time.monotonic() < until:
                on_wait(steps)
                yield LOCK_PAUSE
                steps = self.steps()
        return ended


def with_descendants(known, every):
    """Processes, with all their descendants."""
    known, news = set(known), known
    while news:
        news = {pid for pid, (parent, _, _, _) in every.items() if parent in news and pid not in known}
        known |= news
    return known


def ignores(pid, number):
    try:
        with open("/proc/%d/status" % pid, "rb") as file:
            masks = [line.split()[1] for line in file if line.startswith(b"SigIgn:")]
    except OSError:
        return False
    return bool(masks) and bool(int(masks[0], 16) >> (number - 1) & 1)


def open_files(pid):
    place = b"/proc/%d/fd" % pid
    try:
        return [os.readlink(os.path.join(place, name)) for name in os.listdir(place)]
    except OSError:
        return ()
