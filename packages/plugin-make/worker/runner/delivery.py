"""
Makes the directories of jobs on this worker equal to trees. Compares the current files by content. Files that differ are
requested, written next to their paths, and renamed into place when all have arrived, so a full disk or a lost connection
changes no file. Paths that maand might not be allowed to replace or delete are printed before anything is changed, and the
stage waits until it is allowed to continue.
"""


def stage(call, options):
    """
    Prints the conflicting paths, one object per line, and the hashes of missing contents, one per line, followed by an empty
    line. Then receives the contents, puts all files in place, and prints the deleted paths.
    """
    request = Request("stage")
    request.limit = limit_of(options)
    call.accept(request)
    delivery = Delivery(options["stage"], call.number)
    fence = fence_in(options)
    call.inbox = []
    try:
        found = delivery.survey()
        yield from take_fence(call, fence)
        missing = [] if "broken" in found else delivery.compare()
        call.out.write("".join(line + "\n" for line in [as_json(found), *missing, ""]).encode())
        waits, held = bool(found), []
        while waits or delivery.missing:
            if not call.inbox:  # small contents arrive with the request
                yield None
            call.fail_if_ended("")
            held += call.inbox
            call.inbox.clear()
            waits = waits and not any(more.get("proceed") is True for more in held)
            if not waits:
                for more in held:
                    if "content" in more:
                        delivery.take(text_of(more, "content"), text_of(more, "bytes"))
                held.clear()
        call.inbox = None
        deleted = delivery.replace() if fence is None else (yield from replace_fenced(call, delivery, fence))
        call.out.write("".join(path.replace("\n", "?") + "\n" for path in deleted).encode("utf-8", "replace"))
        return 0
    finally:
        call.inbox = None
        delivery.clear()


def replace_fenced(call, delivery, fence):
    """
    Writes under the stage lock, unless a newer command was recorded in the meantime. A newer command waits until everything is
    written.
    """
    lock = yield from stage_lock(call)
    try:
        fence.must_hold()
        return delivery.replace()
    finally:
        os.close(lock)


class Delivery:
    """The files that this worker should have, the contents that are being sent, and the paths to delete."""

    def __init__(self, options, number):
        self.keep = [name_of(name) for name in options["keep"]]
        self.protect = {job: expression(text) for job, text in options["protect"].items()}
        self.jobs = [name_of(job) for job in options["jobs"]]
        trees = [("jobs/" + job + "/", options["jobs"][job]) for job in self.jobs]
        self.wanted = {  # mode, hash and size by path
            below + path_of(path): (int(mode), text_of({"hash": name}, "hash"), int(size))
            for below, tree in [("", options["files"]), *trees]
            for path, (mode, name, size) in tree.items()
        }
        self.directories = {"jobs/" + job for job in self.jobs}
        for path in [*self.directories, *self.wanted]:
            while "/" in path:
                path = path.rsplit("/", 1)[0]
                self.directories.add(path)
        self.beside = "%s%d-%d" % (BESIDE, os.getpid(), number)
        self.about = {}  # the existing files and directories, except directories that may be links
        self.places = {}  # by job, the directory in which its files wait to be put in place
        self.absent = set()  # directories that do not exist yet
        self.missing = {}  # paths by hash
        self.arrived = []  # pairs of the current and the final path of a file
        self.modes = []
        self.in_the_way = []  # directories at the paths of files
        self.surplus = []  # paths that are in no tree and that no job keeps, the innermost first

    def survey(self):
        """The existing objects where a sync writes or deletes, as FoundOnWorker of @maand/core, without empty fields."""
        make_root()
        jobs = ["jobs/" + job for job in self.jobs]
        links = [path for path in ["", "jobs", *jobs] if os.path.islink(at(path))]
        below_link = "" in links or "jobs" in links
        far = [path for path in jobs if (below_link or path in links) and os.path.isdir(at(path))]
        rest = [path for path in [*self.directories, *self.wanted] if path not in ("jobs", *jobs)]
        self.about = {path: stat_of(at(path)) for path in rest}
        there = {path: about.st_mode for path, about in self.about.items() if about is not None}
        found = {
            "broken": [path or "." for path in links if not os.path.isdir(at(path))],
            "linked": {path: os.listdir(at(path)) for path in far if not os.path.exists(at(path + "/manifest.json"))},
            "places": places_of_jobs() if links else {},
            "links": [path for path, mode in there.items() if S_ISLNK(mode)],
            "directories": {path: below(path) for path in self.wanted if S_ISDIR(there.get(path, 0))},
            "others": [path for path in self.directories if path in there and not (S_ISDIR(there[path]) or S_ISLNK(there[path]))],
            "mounts": self.mounts(jobs),
        }
        return {key: value for key, value in found.items() if value}

    def mounts(self, jobs):
        """Mount points in the directories of jobs, with their contents where files of the job belong there."""
        found = {}
        points = mount_points()
        for path in jobs:
            place = os.path.realpath(at(path))
            for point in points:
                if point.startswith(place + "/"):
                    inside = path + point[len(place):]
                    found[inside] = below(inside) if inside in self.directories else []
        return found

    def compare(self):
        """The hashes of missing contents, each once."""
        for path in sorted(self.directories):
            self.look_at_directory(path)
        for path in self.wanted:
            self.look_at_file(path)
        for job in self.jobs:
            if "jobs/" + job not in self.absent:
                self.find_surplus("jobs/" + job)
        self.places = {job: self.place_of(job) for job in [None, *self.jobs]}
        for place in set(self.places.values()):
            sweep(at(place))
        return list(self.missing)

    def look_at_directory(self, path):
        """A link at `jobs` or at a job's directory belongs to the operator, and is followed."""
        is_link_fine = path == "jobs" or path.rpartition("/")[0] == "jobs"
        if not (os.path.isdir(at(path)) if is_link_fine else is_directory(at(path))):
            self.absent.add(path)

    def look_at_file(self, path):
        mode, name, size = self.wanted[path]
        about = self.about[path]
        if about is not None and S_ISREG(about.st_mode) and has_content(at(path), size, name):
            if S_IMODE(about.st_mode) != mode:
                self.modes.append(path)
            return
        if about is not None and S_ISDIR(about.st_mode):
            self.in_the_way.append(path)
        self.missing.setdefault(name, []).append(path)

    def is_kept(self, path):
        """Whether a path belongs to the job itself: in data, logs or bin, or named by `keep` of its manifest."""
        job, _, below = path.partition("/")[2].partition("/")
        own = self.protect.get(job)
        return path.startswith("jobs/") and (below.split("/")[0] in self.keep or bool(own and own(below)))

    def find_surplus(self, above):
        """Collects the paths that are in no tree, the innermost first; returns whether the directory has no other paths."""
        alone = True
        for name in sorted(os.listdir(at(above))):
            path = above + "/" + name
            ours = path in self.directories
            if path in self.wanted or runner_of(name) or (not ours and self.is_kept(path)):
                alone = False
            elif is_directory(at(path)) and (ours or path.split("/")[1] in self.protect):
                if self.find_surplus(path) and not ours:
                    self.surplus.append(path)
                else:
                    alone = False
            elif ours:
                alone = False
            else:
                self.surplus.append(path)
        return alone

    def place_of(self, job):
        """The directory in which files of a job wait: the one of this worker, or a nearer one on the file system of the job."""
        place = ""
        for nearer in [] if job is None else ["jobs", "jobs/" + job]:
            if nearer not in self.absent and os.stat(at(nearer)).st_dev != os.stat(at(place)).st_dev:
                place = nearer
        return place

    def take(self, name, text):
        content = a2b_base64(text)
        if sha256(content).hexdigest() != name:
            raise Failure(1, "a file did not arrive as it was sent")
        for path in self.missing.pop(name, ()):
            words = path.split("/")
            place = os.path.join(at(self.places[words[1] if words[0] == "jobs" else None]), self.beside)
            os.makedirs(place, 0o700, True)
            draft = os.path.join(place, str(len(self.arrived)))
            write_file(draft, content, self.wanted[path][0])
            self.arrived.append((draft, path))

    def replace(self):
        """Puts all files in place; returns the deleted paths."""
        deleted = [inside for path in self.in_the_way for inside in [path, *below(path)]]
        for path in self.in_the_way:
            remove(at(path))
        for path in sorted(self.directories):
            self.make_directory(path)
        for draft, path in self.arrived:
            move(draft, at(path))
        for path in self.modes:
            os.chmod(at(path), self.wanted[path][0])
        for path in self.surplus:
            remove(at(path))
        return deleted + self.surplus

    def make_directory(self, path):
        about = stat_of(at(path))
        if path in self.absent:
            if about is not None:
                os.unlink(at(path))
            os.mkdir(at(path))
        elif path == "jobs" or not S_ISDIR(about.st_mode) or S_IMODE(about.st_mode) == 0o755:
            return
        os.chmod(at(path), 0o755)

    def clear(self):
        for place in set(self.places.values()):
            if is_directory(os.path.join(at(place), self.beside)):
                remove(os.path.join(at(place), self.beside))


def make_root():
    """Creates the bucket's directory and the missing directories above it, readable for all regardless of the umask."""
    if os.path.lexists(ROOT):
        return
    umask = os.umask(0o022)
    try:
        os.makedirs(ROOT, 0o755)
    finally:
        os.umask(umask)


def below(path):
    """All paths in a directory and its subdirectories, without following links."""
    found = []
    for name in sorted(os.listdir(at(path))):
        found.append(path + "/" + name)
        if is_directory(at(found[-1])):
            found += below(found[-1])
    return found


def places_of_jobs():
    """The real paths of the directories of all jobs."""
    names = os.listdir(at("jobs")) if os.path.isdir(at("jobs")) else []
    return {"jobs/" + name: os.path.realpath(at("jobs/" + name)) for name in names if os.path.isdir(at("jobs/" + name))}


def as_json(value):
    if not value:
        return "{}"
    import json

    return json.dumps(value)


def expression(text):
    """
    Returns a function that detects files that a job created itself, by their path in its directory. Loads re only if a job
    has such files.
    """
    import re

    return re.compile(text_of({"protect": text}, "protect"), re.DOTALL).match
