"""The sources and targets of bytes: the outputs of make, and the outputs of the runner."""
import select


class Output:
    """One output of the runner. When its reader is gone, all further data is dropped."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.waiting = bytearray()
        self.reader_gone = False
        self.taken = time.monotonic()  # when its reader last read something, or had nothing to read

    def push(self, chunk):
        if not self.reader_gone:
            if not self.waiting:
                self.taken = time.monotonic()
            self.waiting += chunk

    def give(self):
        try:
            count = os.write(self.descriptor, self.waiting[:CHUNK])
            del self.waiting[:count]
            self.taken = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            self.give_up()

    def give_up(self):
        """Called when the reader is gone or has stopped reading, because a command must not wait for it forever."""
        self.waiting.clear()
        self.reader_gone = True

    def stalls_at(self):
        """When the reader will count as gone; None if it has nothing to read."""
        return self.taken + STALLED_AFTER if self.waiting else None

    def full(self):
        return len(self.waiting) >= ROOM


class Channel:
    """One output of one request: unchanged, or in frames with the number of the request."""

    def __init__(self, output, number=None, kind=b""):
        self.output = output
        self.number = number
        self.kind = kind
        self.broken = False  # whether the last line is incomplete
        self.spool = None  # keeps the output for a later run

    def write(self, chunk):
        self.broken = chunk[-1:] != b"\n"
        if self.spool is not None:
            self.spool.keep(chunk)
            if self.output.reader_gone:
                self.spool.detach()
        if self.number is not None:
            self.output.push(b"%d %s %d\n" % (self.number, self.kind, len(chunk)))
        self.output.push(chunk)

    def full(self):
        return self.output.full()


class Collected:
    """A channel that keeps its output, and drops everything beyond 16 MiB."""

    def __init__(self):
        self.bytes = bytearray()

    def write(self, chunk):
        if len(self.bytes) < 1 << 24:
            self.bytes += chunk

    def full(self):
        return False


class Pump:
    """Copies bytes from one output of make to a channel, as fast as its reader reads."""

    def __init__(self, source, channel):
        self.source = source
        self.channel = channel

    def ready(self):
        return self.source is not None and not self.channel.full()

    def take(self):
        chunk = os.read(self.source, PIPE)
        if chunk:
            self.channel.write(chunk)
        else:
            os.close(self.source)
            self.source = None
        return len(chunk)

    def drain(self):
        """Passes on the remaining output once make has ended. Later output of a background child does not belong to make."""
        left = PIPE
        while self.source is not None and left > 0 and ready(self.source, select.POLLIN, 0):
            left -= self.take()

    def leave(self):
        """
        Gives the output of a background child another reader, because otherwise its next line would terminate the child (SIGPIPE).
        """
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


def print_error(text):
    """Prints a line of the runner that belongs to no request."""
    if ready(2, select.POLLOUT, 1):
        try:
            os.write(2, ("runner: %s\n" % text).encode("utf-8", "replace"))
        except OSError:
            pass
