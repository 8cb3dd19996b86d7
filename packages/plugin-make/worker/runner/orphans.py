"""What a command left running whose runner was killed before it had seen the command's end."""


class Orphans:
    """
    A command writes what tells its processes into the lock file of its job, and its runner deletes that once the command has
    ended. What is still there once make is gone, is of a runner that was killed. Steps of the recipe may continue then, and a
    server that the recipe started; the next command waits for steps alone.
    """

    def __init__(self, record):
        mark, leader, deadline, outputs = record.split(b" ")
        self.mark = mark
        self.leader = int(leader)
        self.deadline = float(deadline)
        self.outputs = {b"pipe:[%s]" % number for number in outputs.split(b",")}

    @staticmethod
    def record(command):
        """In the child that becomes make, whose outputs are make's."""
        outputs = b",".join(b"%d" % os.fstat(number).st_ino for number in (1, 2))
        deadline = float("inf") if command.deadline is None else command.deadline
        return b"%s %d %f %s" % (command.mark, os.getpid(), deadline, outputs)

    def steps(self):
        every = processes() if os.path.exists("/proc/self/stat") else {}
        in_session = [pid for pid, (_, _, session, _) in every.items() if session == self.leader]
        if not any(self.mark in environment_of(pid) for pid in in_session):
            return []  # none, or the number is another session's by now
        return with_descendants({pid for pid in in_session if self.is_step(pid)}, every)

    def is_step(self, pid):
        """
        Whether a process of make's session belongs to the recipe: it was not put into the background, which makes a shell
        have it ignore SIGINT, or it has make's output open. A server has left the session, or is neither.
        """
        return not ignores(pid, signal.SIGINT) or not self.outputs.isdisjoint(open_files(pid))

    def wait(self, on_wait):
        """Waits for the steps until the time limit of their command, and then ends them. Whether there was any to end."""
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
    """Processes, and all that they have started and not left."""
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
