"""Lists the files of jobs on this worker with their hashes, and changes nothing."""
from binascii import b2a_base64

try:
    from _md5 import md5
except ImportError:
    md5 = None


def inventory(call, options):
    """Prints one object per line for each requested file: metadata with its text, and files of jobs with hashes."""
    request = Request("inventory")
    request.limit = limit_of(options)
    call.accept(request)
    wanted = options["inventory"]
    keep = [name_of(name) for name in wanted["keep"]]
    for name in wanted["metadata"]:
        text = text_at(at(name_of(name)))
        if text is not None:
            call.out.write((as_json({"name": name, "text": text}) + "\n").encode())
    for job in wanted["jobs"]:
        above = "jobs/" + name_of(job)
        for path in files_below(above, keep) if os.path.isdir(at(above)) else ():
            call.fail_if_ended("")
            found = about_file(job, path, wanted["jobs"][job], wanted["limit"])
            if found is not None:
                call.out.write((as_json(found) + "\n").encode())
            while call.out.full() and not call.out.output.reader_gone:
                yield 0.01
                call.fail_if_ended("")
    return 0


def text_at(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return None


def files_below(above, keep, prefix=""):
    """Paths of files in a directory and its subdirectories, except files that the job creates at run time. Follows no links."""
    for name in sorted(os.listdir(at(above))):
        if prefix == "" and (name in keep or runner_of(name)):
            continue
        if is_directory(at(above + "/" + name)):
            yield from files_below(above + "/" + name, keep, prefix + name + "/")
        else:
            yield prefix + name


def about_file(job, path, expected, limit):
    """
    Mode, size and hashes of a file. Includes the content if it was requested, is not too large, and its hash is not an
    expected one. None if the path is not a file.
    """
    place = at("jobs/" + job + "/" + path)
    try:
        file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None  # a link, a socket, or deleted in the meantime
    try:
        about = os.fstat(file)
        if not S_ISREG(about.st_mode):
            return None
        keeps = path in expected and about.st_size <= limit
        content, sum_, other = bytearray(), sha256(), md5() if md5 else None
        chunk = os.read(file, 262144)
        while chunk:
            sum_.update(chunk)
            if other:
                other.update(chunk)
            if keeps:
                content += chunk
            chunk = os.read(file, 262144)
        found = {"job": job, "path": path, "mode": S_IMODE(about.st_mode), "size": about.st_size, "hash": sum_.hexdigest()}
        if other:
            found["md5"] = other.hexdigest()
        if keeps and found["hash"] not in expected[path]:
            found["content"] = b2a_base64(bytes(content), newline=False).decode()
        return found
    finally:
        os.close(file)
