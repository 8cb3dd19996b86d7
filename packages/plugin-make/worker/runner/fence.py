"""
Records which command of the bucket last changed this worker. Each command sends its identity and the record that it has seen
here. A command is refused if it is not the newest, or if it belongs to another copy of the bucket. A sync holds the stage lock
while it writes, so an older command writes nothing once a newer command is recorded.
"""


class Fence:
    """The data that a command sends: its line, the line that it may replace, and the record that it leaves."""

    def __init__(self, options):
        self.line = text_of(options, "line")
        self.text = text_of(options, "text")
        self.expected = None if options.get("expected") is None else text_of(options, "expected")
        if not self.text.startswith(self.line + "\n"):
            raise Failure(USAGE, "this is not a fence")

    def holds(self):
        """
        Whether this worker has the record of this command. Returns False if the command may write it, and fails otherwise.
        """
        found = fence_here()
        line = found.partition("\n")[0]
        if line == self.line:
            return True
        if line == "" or line == self.expected or self.expected is None and is_newer(self.line, line):
            return False
        raise Failure(FENCED, "another command has changed this worker: " + found.strip().replace("\n", " "))

    def must_hold(self):
        if not self.holds():
            raise Failure(FENCED, "the record of this command was removed from this worker")


def take_fence(call, fence):
    """Records a command that may change this worker, as soon as no other command writes files here."""
    if fence is None or not os.path.isdir(ROOT) or fence.holds():
        return
    lock = yield from stage_lock(call)
    try:
        if not fence.holds():
            replace_durably(fence_path(), fence.text.encode())
            keep = globals().pop("keep_program", None)  # set if the runner had to request its program
            if keep is not None:
                keep()
    finally:
        os.close(lock)


def stage_lock(call):
    """Waits until no sync writes files here, and prevents others from writing until the returned file is closed."""
    directory = os.path.join(ROOT, "locks")
    try:
        os.makedirs(directory, 0o700, True)
        file = os.open(os.path.join(directory, "stage"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Failure(NO_LOCK, "the stage lock cannot be used: %s: %s" % (error.filename, error.strerror)) from None
    reported = False
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except OSError:
                if not reported:
                    call.report("waiting for a sync of another run, which still writes here")
                reported = True
            yield LOCK_PAUSE
            call.fail_if_ended(", waiting for a sync that still writes here")
    except BaseException:
        os.close(file)
        raise


def fence_path():
    return os.path.join(ROOT, "fence")


def fence_here():
    """The record of this worker; empty if it has none. A record that other users could have written is not read."""
    try:
        file = os.open(fence_path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return "!it cannot be read: " + error.strerror
    try:
        about = os.fstat(file)
        if about.st_mode & 0o170000 != 0o100000:
            return "!it is not a file"
        if about.st_mode & 0o022:
            return "!others may write to it"
        if about.st_uid not in (0, os.geteuid(), os.stat(ROOT).st_uid):
            return "!it belongs to user %d" % about.st_uid
        return whole(file) or "!it is empty"
    finally:
        os.close(file)


def worker_json_here():
    """The worker.json of this worker, which describes the last sync; empty if it is missing or unreadable."""
    try:
        file = os.open(os.path.join(ROOT, "worker.json"), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return whole(file)
    except OSError:
        return ""
    finally:
        os.close(file)


def whole(file):
    """The text of a file, up to the length of the longest request. A single read may return only a part."""
    content = b""
    while len(content) < LINE:
        part = os.read(file, PIPE)
        if not part:
            break
        content += part
    return content.decode("utf-8", "replace")


def is_newer(line, other):
    """Whether a command has a larger number than another command."""
    try:
        return int(line.split(" ")[0]) > int(other.split(" ")[0])
    except ValueError:
        return False
