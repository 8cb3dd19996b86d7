"""Makes jobs' directories on this worker equal to small trees: one more request of a served runner.

Sent to a worker together with runner.py, whose names it uses; see README.md of @maand/plugin-make. What is here is
compared by content; what differs is asked for, written beside, and put in place by renaming once all of it is here. So a
full disk or a cut connection leaves every file as it was.
"""
from binascii import a2b_base64
from stat import S_IMODE, S_ISDIR, S_ISREG

try:
    from _sha256 import sha256
except ImportError:
    from hashlib import sha256

BESIDE = ".incoming-"


def stage(call, wish):
    """Says which contents are missing here, a hash a line and an empty one at the end; takes them, puts all in place, and
    says what it deleted."""
    request = Request("stage")
    request.limit = limit_of(wish)
    call.takes(request)
    delivery = Delivery(wish["stage"], call.number)
    call.inbox = []
    try:
        call.out.say("".join(name + "\n" for name in [*delivery.look(), ""]).encode())
        while delivery.missing:
            yield None
            call.goes_on("")
            for content in call.inbox:
                delivery.take(text_of(content, "content"), text_of(content, "bytes"))
            call.inbox.clear()
        call.inbox = None
        delivery.replace()
        for path in delivery.deleted:
            call.out.say((path + "\n").encode("utf-8", "replace"))
        return 0
    finally:
        call.inbox = None
        delivery.clear()


class Delivery:
    """What this worker is to have, and what of it is on its way."""

    def __init__(self, asked, number):
        self.keep = [asked_name(name) for name in asked["keep"]]
        self.jobs = [asked_name(job) for job in asked["jobs"]]
        self.protect = {job: expression(text) for job, text in asked["protect"].items()}
        trees = [("jobs/" + job + "/", asked["jobs"][job]) for job in self.jobs]
        self.wanted = {  # mode and hash by path
            below + asked_path(path): (int(mode), text_of({"hash": name}, "hash"))
            for below, tree in [("", asked["files"]), *trees]
            for path, (mode, name) in tree.items()
        }
        self.directories = {"jobs/" + job for job in self.jobs}
        for path in [*self.directories, *self.wanted]:
            while "/" in path:
                path = path.rsplit("/", 1)[0]
                self.directories.add(path)
        self.beside = os.path.join(ROOT, "%s%d-%d" % (BESIDE, os.getpid(), number))
        self.missing = {}  # paths by hash
        self.arrived = []  # where a file is now, and where it belongs
        self.modes = []
        self.deleted = []  # paths below ROOT, without line ends

    def look(self):
        """Hashes of what is not here, each once."""
        os.makedirs(ROOT, 0o755, True)
        sweep()
        links = [path for path in self.directories if not is_directory(os.path.join(ROOT, path))]
        for path, (mode, name) in self.wanted.items():
            elsewhere = any(path.startswith(link + "/") for link in links)
            here = None if elsewhere else mode_with(os.path.join(ROOT, path), name)
            if here is None:
                self.missing.setdefault(name, []).append(path)
            elif here != mode:
                self.modes.append(path)
        return list(self.missing)

    def take(self, name, text):
        content = a2b_base64(text)
        if sha256(content).hexdigest() != name:
            raise Failure(1, "a file did not arrive as it was sent")
        os.makedirs(self.beside, 0o700, True)
        for path in self.missing.pop(name, ()):
            at = os.path.join(self.beside, str(len(self.arrived)))
            write(at, content, self.wanted[path][0])
            self.arrived.append((at, path))

    def replace(self):
        for path in sorted(self.directories):
            make_directory(os.path.join(ROOT, path), path != "jobs")
        for at, path in self.arrived:
            target = os.path.join(ROOT, path)
            if is_directory(target):
                remove(target)
            os.rename(at, target)
        for path in self.modes:
            os.chmod(os.path.join(ROOT, path), self.wanted[path][0])
        for job in self.jobs:
            self.prune("jobs/" + job, self.keep, len("jobs/" + job + "/"), self.protect.get(job))

    def prune(self, below, keep, start, own):
        """Deletes what is in no tree; names a job keeps for itself are not looked at, and what it made itself may stay."""
        for name in os.listdir(os.path.join(ROOT, below)):
            path = below + "/" + name
            if name in keep or path in self.wanted:
                continue
            known = path in self.directories
            at = os.path.join(ROOT, path)
            if own and not known and own(path[start:]):
                continue
            if known or (own and is_directory(at)):
                self.prune(path, (), start, own)
            if not known and not (own and is_directory(at) and os.listdir(at)):
                remove(at)
                self.deleted.append(path.replace("\n", "?"))

    def clear(self):
        if is_directory(self.beside):
            remove(self.beside)


def expression(text):
    """What tells the files a job made itself, by their path below its directory; re is only loaded where some has any."""
    import re

    return re.compile(text_of({"protect": text}, "protect"), re.DOTALL).match


def asked_name(name):
    if type(name) is not str or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Failure(USAGE, "this is no name: %r" % (name,))
    return name


def asked_path(path):
    for name in path.split("/"):
        asked_name(name)
    return path


def sweep():
    """Takes away what runners left behind that were killed."""
    for name in os.listdir(ROOT):
        if name.startswith(BESIDE):
            pid = name[len(BESIDE):].split("-")[0]
            if not pid.isdigit() or not os.path.exists("/proc/" + pid):
                remove(os.path.join(ROOT, name))


def mode_with(path, name):
    """The mode of the file there if it has this content; None when it has not, or is no file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not S_ISREG(about.st_mode):
            return None
        content = sha256()
        chunk = os.read(file, 262144)
        while chunk:
            content.update(chunk)
            chunk = os.read(file, 262144)
        return S_IMODE(about.st_mode) if content.hexdigest() == name else None
    finally:
        os.close(file)


def write(path, content, mode):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest):]
        os.fchmod(file, mode)
    finally:
        os.close(file)


def is_directory(path):
    """Whether it is a directory itself, and no link to one."""
    try:
        return S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def make_directory(path, ours):
    if not is_directory(path):
        if os.path.lexists(path):
            os.unlink(path)
        os.mkdir(path)
    elif not ours or S_IMODE(os.lstat(path).st_mode) == 0o755:
        return
    os.chmod(path, 0o755)


def remove(path):
    if not is_directory(path):
        os.unlink(path)
        return
    for name in os.listdir(path):
        remove(os.path.join(path, name))
    os.rmdir(path)
