"""Runs one lifecycle command per job at a time."""
import fcntl


class Lock:
    """
    Two locks on files that remain on the worker. `<job>.lock` belongs to the runner and ends with it, so waiting commands take
    turns. `<job>.make` belongs to make. It is a record lock, which survives exec and is not inherited by children, so it lasts
    exactly as long as make, even if the runner is killed, and no server that make starts holds it.
    """

    def __init__(self, job):
        self.job = job
        self.turn = self.open(".lock")
        self.make = None
        self.note = b""

    def open(self, suffix):
        directory = os.path.join(ROOT, "locks")
        path = os.path.join(directory, self.job + suffix)
        try:
            os.makedirs(directory, 0o700, True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise Failure(NO_LOCK, "%s: its lock cannot be used: %s: %s" % (self.job, error.filename, error.strerror)) from None
        if is_plain_file(file):
            return file
        os.close(file)
        raise Failure(NO_LOCK, "%s: its lock cannot be used: %s: not a file" % (self.job, path))

    def take(self, call, watch=None):
        """Waits for its turn. In the meantime, shows the output of the command that it waits for, which `watch` reads."""
        reported = False

        def report(steps=()):
            nonlocal reported
            if watch is not None:
                watch.read(call.out)
            if not reported and steps:
                pids = ", ".join(str(pid) for pid in sorted(steps))
                call.report("%s: waiting for processes of %s, which was killed: pid %s" % (self.job, self.holder(), pids))
            elif not reported:
                call.report("%s: waiting for %s, which still runs here" % (self.job, self.holder()))
            reported = True
            call.fail_if_ended(", waiting for the command that still runs here")

        call.fail_if_ended("")
        while not self.taken():
            report()
            yield LOCK_PAUSE
        orphans = self.orphans()
        if orphans is not None and (yield from orphans.wait(report)):
            call.report("%s: stopped the processes that %s left running" % (self.job, self.holder()))
        self.note = ("%s (pid %d)\n" % (call.request.target, os.getpid())).encode("utf-8", "replace")
        os.ftruncate(self.turn, 0)
        os.pwrite(self.turn, self.note, 0)

    def holder(self):
        return self.read()[0].decode("utf-8", "replace").strip() or "another command"

    def orphans(self):
        """The remaining processes of the previous command if its runner was killed; None if its line is incomplete."""
        try:
            return Orphans(self.read()[1])
        except (IndexError, ValueError):
            return None

    def read(self):
        return os.pread(self.turn, 500, 0).split(b"\n")

    def taken(self):
        try:
            fcntl.flock(self.turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.make is None:
                # opened only now, because closing any descriptor of this file, as exec does, releases every lock on it
                self.make = self.open(".make")
            fcntl.lockf(self.make, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(self.make, fcntl.LOCK_UN)
            return True
        except OSError:
            return False

    def hand_over(self, command):
        """Called in the child that becomes make."""
        os.pwrite(self.turn, Orphans.record(command) + b"\n", len(self.note))
        fcntl.lockf(self.make, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(self.make, True)

    def settle(self):
        """Called after the command has ended and its remaining processes were handled."""
        os.ftruncate(self.turn, len(self.note))

    def close(self):
        for descriptor in (self.make, self.turn):
            if descriptor is not None:
                os.close(descriptor)


def is_plain_file(descriptor):
    return os.fstat(descriptor).st_mode & 0o170000 == 0o100000
