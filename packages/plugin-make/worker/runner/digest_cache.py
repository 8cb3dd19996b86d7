"""Hashes of large files that were read before. Compiled only on workers with such files."""


class Cache:
    """
    Hashes of files by path, each with the device, inode, size and both times of the file. The change time cannot be set back,
    so a file with the same values is unchanged. A file that changed a moment ago may change again without a new change time, so
    it is read again.
    """

    def __init__(self):
        self.path = at(CACHE)
        self.old = self.stored()
        self.new = {}
        self.is_new = False

    def stored(self):
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return {}
        try:
            about = os.fstat(file)
            ours = S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and S_IMODE(about.st_mode) & 0o077 == 0
            if not ours or about.st_size > CACHED_BYTES:
                return {}
            head, *lines = b"".join(pieces(file)).decode("utf-8", "surrogateescape").split("\0")
            fields = [line.split(" ", 6) for line in lines if line]
            return {path: (name, tuple(like)) for name, *like, path in fields} if head == CACHE_HEAD else {}
        except (OSError, ValueError):
            return {}
        finally:
            os.close(file)

    def find(self, path, about):
        known = self.old.get(path)
        if known is None or known[1] != like(about):
            return None
        self.new[path] = known
        return known[0]

    def keep(self, path, before, after, name):
        settled = max(before.st_mtime_ns, before.st_ctime_ns) + SETTLED_AFTER < BEGAN
        if settled and like(before) == like(after):
            self.new[path] = name, like(before)
            self.is_new = True

    def write(self, jobs):
        """Also keeps the entries of jobs that were not requested. A failure to write has no effect."""
        rest = {path: known for path, known in self.old.items() if path.partition("/")[2].partition("/")[0] not in jobs}
        entries = list({**rest, **self.new}.items())[-CACHED_FILES:]
        if not self.is_new and len(entries) == len(self.old) or not os.path.isdir(ROOT):
            return
        lines = ["%s %s %s" % (name, " ".join(fields), path) for path, (name, fields) in entries]
        text = "\0".join([CACHE_HEAD, *lines]).encode("utf-8", "surrogateescape")
        draft = "%s.%d" % (self.path, os.getpid())
        try:
            write_file(draft, text, 0o600)
            os.rename(draft, self.path)
        except OSError:
            if os.path.lexists(draft):
                os.unlink(draft)


def like(about):
    numbers = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return tuple("%d" % number for number in numbers)
