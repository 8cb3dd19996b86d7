"""
Prints the contents of jobs' directories on this worker, one JSON list per line. Compares nothing and changes nothing. Prints
the hashes of requested files, and only the paths of all others. Runs as a separate program, after `base` and `places`, with
REQUEST set.
"""
from binascii import b2a_base64

try:
    from _json import encode_basestring_ascii as quoted
except ImportError:
    from json.encoder import encode_basestring_ascii as quoted

BEGAN = time.time_ns()
CACHE = "digests"  # in ROOT: hashes of files that were read before, 0600
CACHE_HEAD = "maand-digests 1"
CACHED_SIZE = 65536  # smaller files are always read, as in quick-check.ts
CACHED_FILES = 20000
CACHED_BYTES = 8 << 20
SETTLED_AFTER = 2 * 10 ** 9  # nanoseconds: a file that changed more recently may change again within one clock tick
OTHERS = 1000  # maximum number of paths of a job that were not requested
FAST_FROM = 1 << 20  # bytes from which loading OpenSSL saves time
PIECE = 1 << 20
CONTENTS = 16  # the limit for all contents of a worker, as a multiple of the largest content


def inspect():
    wanted = read_json(REQUEST)
    signal.alarm(int(wanted["timeout"]) + 1)
    report = Report(wanted["limit"])
    report.line("root", os.path.isdir(ROOT))
    for kind, known in (("user", user_id), ("group", group_id)):
        for name in wanted[kind + "s"]:
            report.line(kind, name, known(name))
    for path in wanted["metadata"]:
        print_metadata(report, path_of(path), wanted["metadata"][path])
    keep = [name_of(name) for name in wanted["keep"]]
    for job in wanted["jobs"]:
        Directory(job, wanted["jobs"][job], keep, report).look()
    if CACHES:
        CACHES[0].write(wanted["jobs"])
    report.line("end")
    report.flush()


def user_id(name):
    import pwd

    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name):
    import grp

    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def print_metadata(report, path, expected):
    """Prints the hash of a metadata file, and also its text if the hash is not the expected one."""
    try:
        file = os.open(at(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        about = os.fstat(file)
        if not S_ISREG(about.st_mode) or about.st_size > PIECE:
            report.line("metadata", path, "", None)
            return
        content = b"".join(pieces(file))
        name = sha256(content).hexdigest()
        text = None if name == expected else content.decode("utf-8", "replace")
        report.line("metadata", path, name, text)
    finally:
        os.close(file)


class Directory:
    """The directory of a job and the request for it: hashes by path, and an expression for the files that the job keeps."""

    def __init__(self, job, options, keep, report):
        self.job = job
        self.place = "jobs/" + name_of(job)
        self.wanted = {path_of(path): options["files"][path] for path in options["files"]}
        self.above = set()
        for path in self.wanted:
            while "/" in path:
                path = path.rsplit("/", 1)[0]
                self.above.add(path)
        self.keep = keep
        self.kept = expression_of(options["protect"])
        self.report = report
        self.others = 0
        self.has_more = False

    def look(self):
        is_there = os.path.isdir(at(self.place))
        self.report.line("job", self.job, is_there)
        if is_there:
            self.walk("")

    def walk(self, prefix):
        """A link at the directory itself belongs to the operator and is followed; no other link is."""
        try:
            names = sorted(os.listdir(at(self.place + "/" + prefix if prefix else self.place)))
        except OSError as error:
            self.report.line("unread", self.job, prefix[:-1], error.strerror)
            return
        for name in names:
            if prefix == "" and name in self.keep or runner_of(name) is not None:
                continue
            self.look_at(prefix + name)

    def look_at(self, path):
        about = stat_of(at(self.place + "/" + path))
        if about is None:
            return
        if path in self.wanted and S_ISREG(about.st_mode):
            self.print_file(path, about)
        elif path in self.above and S_ISDIR(about.st_mode):
            self.walk(path + "/")
        elif path in self.wanted or path in self.above or not self.is_kept(path):
            self.print_other(path, about)

    def is_kept(self, path):
        return self.kept is not None and self.kept(path) is not None

    def print_other(self, path, about):
        """A directory is printed without its contents, unless the job may keep something in it."""
        ours = path in self.wanted or path in self.above
        if not ours and self.others >= OTHERS:
            if not self.has_more:
                self.report.line("more", self.job)
            self.has_more = True
            return
        if S_ISDIR(about.st_mode) and not ours and self.kept is not None and os.listdir(at(self.place + "/" + path)):
            self.walk(path + "/")
            return
        self.others += 1
        kinds = ((S_ISLNK, "link"), (S_ISDIR, "directory"), (S_ISREG, "file"))
        kind = next((kind for test, kind in kinds if test(about.st_mode)), "special")
        target = os.readlink(at(self.place + "/" + path)) if kind == "link" else None
        self.report.line("other", self.job, path, kind, target)

    def print_file(self, path, about):
        name, expected, content = known_hash(self.place + "/" + path, about), self.wanted[path], None
        if name is None or (name != expected and self.report.has_room(about.st_size)):
            try:
                about, name, content = self.read(path, expected)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ELOOP):
                    self.report.line("unread", self.job, path, error.strerror)
                return
        if content is not None:
            content = b2a_base64(content).decode().strip()
        self.report.line(
            "file", self.job, path, S_IMODE(about.st_mode), about.st_uid, about.st_gid, about.st_size, name, content
        )

    def read(self, path, expected):
        """Prints the type of a file, its hash, and its content if it is not the expected one and within the limits."""
        place = self.place + "/" + path
        file = os.open(at(place), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            about = os.fstat(file)
            if not S_ISREG(about.st_mode):
                raise OSError(errno.ENOENT, "it is no longer a file")
            keeps = self.report.has_room(about.st_size)
            sum_, content = fast_sha256(about.st_size), bytearray()
            for piece in pieces(file):
                sum_.update(piece)
                if keeps:
                    content += piece
            name = sum_.hexdigest()
            if about.st_size >= CACHED_SIZE:
                cache().keep(place, about, os.fstat(file), name)
            return about, name, bytes(content) if keeps and name != expected else None
        finally:
            os.close(file)


CACHES = []


def cache():
    if not CACHES:
        exec(compile(CACHE_PART, "cache", "exec"), globals())
        CACHES.append(Cache())
    return CACHES[0]


def known_hash(path, about):
    return None if about.st_size < CACHED_SIZE else cache().find(path, about)


def pieces(file):
    """The content of a file, in pieces; exits when its reader has disconnected."""
    piece = os.read(file, PIECE)
    while piece:
        yield piece
        if len(piece) == PIECE:
            end_if_unread()
        piece = os.read(file, PIECE)


def end_if_unread():
    import select

    poll = select.poll()
    poll.register(0, 0)  # reports only the end of the input
    if poll.poll(0):
        os._exit(ENDED)


def fast_sha256(size):
    if size >= FAST_FROM:
        try:
            from _hashlib import openssl_sha256

            return openssl_sha256()
        except ImportError:
            pass
    return sha256()


def expression_of(text):
    if text == "":
        return None
    import re

    return re.compile(text, re.DOTALL).match


class Report:
    """Prints lines of JSON in pieces of limited size. Their texts may be invalid UTF-8."""

    def __init__(self, limit):
        self.limit = limit
        self.room = CONTENTS * limit
        self.waiting = []
        self.size = 0

    def has_room(self, size):
        return size <= self.limit and size <= self.room

    def line(self, *fields):
        text = "[" + ",".join(as_field(field) for field in fields) + "]\n"
        self.waiting.append(text)
        self.size += len(text)
        if fields[0] == "file" and fields[-1] is not None:
            self.room -= len(fields[-1])
        if self.size >= PIPE:
            self.flush()

    def flush(self):
        rest = memoryview("".join(self.waiting).encode("ascii"))
        self.waiting, self.size = [], 0
        while rest:
            rest = rest[os.write(1, rest):]


def as_field(field):
    if field is None:
        return "null"
    if field is True or field is False:
        return "true" if field else "false"
    return quoted(field) if type(field) is str else "%d" % field


if __name__ == "__main__":
    try:
        inspect()
        code = 0
    except Failure as failure:
        os.write(2, ("inspect: %s\n" % failure).encode("utf-8", "replace"))
        code = failure.code
    except Exception as error:
        os.write(2, ("inspect: %s: %s\n" % (type(error).__name__, error)).encode("utf-8", "replace"))
        code = 1
    os._exit(code)
