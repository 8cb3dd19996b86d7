"""One lifecycle command per job at a time."""


class Lock:
    """
    Two locks on files that are kept. `<job>.lock` is ours and ends with us, so commands that wait take turns. `<job>.make`
    is make's own: a record lock, which lives through exec and is inherited by no child, so it lasts exactly as long as
    make, even if we are killed, and no server that make starts holds it.
    """

    def __init__(self, job):
        self.job = job
        self.turn = self.open(".lock")
        self.make = None

    def open(self, suffix):
        directory = os.path.join(ROOT, "locks")
        os.makedirs(directory, 0o700, True)
        return os.open(os.path.join(directory, self.job + suffix), os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, call, watch=None):
        """Waits for its turn, and shows meanwhile what `watch` finds: the output of the command it waits for."""
        reported = False
        call.fail_if_ended("")
        while not self.taken():
            if not reported:
                holder = os.pread(self.turn, 200, 0).decode("utf-8", "replace").strip() or "another command"
                call.report("%s: waiting for %s, which still runs here" % (self.job, holder))
                reported = True
            if watch is not None:
                watch.read(call.out)
            yield LOCK_PAUSE
            call.fail_if_ended(", waiting for the command that still runs here")
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
