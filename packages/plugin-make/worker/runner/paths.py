"""What is on this worker's disk, and how files are put in place there and taken away."""
from binascii import a2b_base64
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG

try:
    from _sha256 import sha256
except ImportError:
    try:
        from _sha2 import sha256
    except ImportError:
        from hashlib import sha256

BESIDE = ".incoming-"


def at(path):
    return os.path.join(ROOT, path) if path else ROOT


def name_of(name):
    if type(name) is not str or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Failure(USAGE, "this is not a name: %r" % (name,))
    return name


def path_of(path):
    for name in path.split("/"):
        name_of(name)
    return path


def stat_of(path):
    """What a path is itself, without following it; None where nothing is."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_directory(path):
    """Whether it is a directory itself, and not a link to one."""
    about = stat_of(path)
    return about is not None and S_ISDIR(about.st_mode)


def has_content(path, size, name):
    """Whether a file has this size and this SHA-256; only one that has the size is read."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        about = os.fstat(file)
        if not S_ISREG(about.st_mode) or about.st_size != size:
            return False
        content = sha256()
        chunk = os.read(file, 262144)
        while chunk:
            content.update(chunk)
            chunk = os.read(file, 262144)
        return content.hexdigest() == name
    finally:
        os.close(file)


def write_file(path, content, mode):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest):]
        os.fchmod(file, mode)
    finally:
        os.close(file)


def move(source, target):
    """Puts a file in place in one step, also where its directory is mounted from elsewhere."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = os.path.join(os.path.dirname(target), os.path.basename(os.path.dirname(source)))
        try:
            with open(source, "rb") as file:
                write_file(draft, file.read(), S_IMODE(os.lstat(source).st_mode))
            os.rename(draft, target)
        finally:
            if os.path.lexists(draft):
                os.unlink(draft)


def mount_points():
    """Where file systems are mounted on this worker; none where the system does not tell."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            fields = [line.split(b" ")[4] for line in file]
    except (OSError, IndexError):
        return set()
    return {os.fsdecode(unescaped(field)) for field in fields}


def unescaped(field):
    """The kernel writes blanks, line ends and backslashes as three octal digits."""
    head, *rest = field.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)


def remove(path):
    """Deletes a file, a link, or a directory with all in it, but nothing on another file system."""
    about = os.lstat(path)
    if not S_ISDIR(about.st_mode):
        os.unlink(path)
        return
    for name in os.listdir(path):
        below = os.path.join(path, name)
        if os.lstat(below).st_dev != about.st_dev:
            raise Failure(1, "%s is mounted from elsewhere and is not deleted" % below)
        remove(below)
    os.rmdir(path)


def runner_of(name):
    """The process id in the name of a directory a runner made beside: `.incoming-<process id>-<request>`."""
    words = name[len(BESIDE):].split("-")
    ours = name.startswith(BESIDE) and len(words) == 2 and all(word.isdigit() and len(word) < 10 for word in words)
    return int(words[0]) if ours else None


def sweep(directory):
    """Deletes what killed runners left beside."""
    for name in os.listdir(directory):
        runner = runner_of(name)
        if runner and is_directory(os.path.join(directory, name)) and not send(runner, 0):
            remove(os.path.join(directory, name))
