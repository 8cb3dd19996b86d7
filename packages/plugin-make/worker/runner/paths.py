"""Puts files in place on this worker's disk, and deletes them."""
from binascii import a2b_base64


def has_content(path, size, name):
    """Whether a file has this size and this SHA-256. A file of another size is not read."""
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


def move(source, target):
    """Puts a file in place in one step, even if its directory is a mount point."""
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
    """The mount points of this worker; empty if the system does not list them."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            fields = [line.split(b" ")[4] for line in file]
    except (OSError, IndexError):
        return set()
    return {os.fsdecode(unescaped(field)) for field in fields}


def unescaped(field):
    """Replaces the escapes of the kernel, which writes blanks, newlines and backslashes as three octal digits."""
    head, *rest = field.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)


def remove(path):
    """Deletes a file, a link, or a directory with its contents, but nothing on another file system."""
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


def sweep(directory):
    """Deletes the files that killed runners left next to others."""
    for name in os.listdir(directory):
        runner = runner_of(name)
        if runner and is_directory(os.path.join(directory, name)) and not send(runner, 0):
            remove(os.path.join(directory, name))
