"""The paths of this worker's files, and the objects at these paths."""
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
    """The stat of a path, without following a link; None if the path does not exist."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_directory(path):
    """Whether the path is a directory, and not a link to one."""
    about = stat_of(path)
    return about is not None and S_ISDIR(about.st_mode)


def write_file(path, content, mode):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest):]
        os.fchmod(file, mode)
    finally:
        os.close(file)


def runner_of(name):
    """The process id in the name of a temporary directory of a runner: `.incoming-<process id>-<request>`."""
    words = name[len(BESIDE):].split("-")
    ours = name.startswith(BESIDE) and len(words) == 2 and all(word.isdigit() and len(word) < 10 for word in words)
    return int(words[0]) if ours else None
