"""
Makes jobs' directories on this worker equal to trees. What is here is compared by content; what differs is asked for,
written beside, and put in place by renaming once all of it is here. So a full disk or a cut connection leaves every file as
it was; what may not be replaced or deleted is found before anything is changed.
"""


def stage(call, options):
    """Prints which contents are missing here, a hash a line and an empty line at the end; takes them, puts all in place,
    and prints what it deleted."""
    request = Request("stage")
    request.limit = limit_of(options)
    call.accept(request)
    delivery = Delivery(options["stage"], call.number)
    call.inbox = []
    try:
        call.out.write("".join(name + "\n" for name in [*delivery.compare(), ""]).encode())
        while delivery.missing:
            yield None
            call.fail_if_ended("")
            for content in call.inbox:
                delivery.take(text_of(content, "content"), text_of(content, "bytes"))
            call.inbox.clear()
        call.inbox = None
        for path in delivery.replace():
            call.out.write((path.replace("\n", "?") + "\n").encode("utf-8", "replace"))
        return 0
    finally:
        call.inbox = None
        delivery.clear()


class Delivery:
    """What this worker is to have, what of it is on its way, and what has to go."""

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
        self.places = {}  # where files of a job wait to be put in place, by job
        self.absent = set()  # directories that are not here yet
        self.missing = {}  # paths by hash
        self.arrived = []  # where a file is now, and where it belongs
        self.modes = []
        self.in_the_way = []  # directories where files are to be, with all in them, the innermost first
        self.surplus = []  # what no tree has and no job keeps, the innermost first

    def compare(self):
        """Hashes of what is not here, each once. Fails where something would go that is not ours to delete."""
        os.makedirs(ROOT, 0o755, True)
        for path in sorted(self.directories):
            self.look_at_directory(path)
        for path in self.wanted:
            self.look_at_file(path)
        for job in self.jobs:
            if "jobs/" + job not in self.absent:
                self.find_surplus("jobs/" + job, self.surplus)
        self.refuse_mounts()
        self.places = {job: self.place_of(job) for job in [None, *self.jobs]}
        for place in set(self.places.values()):
            sweep(at(place))
        return list(self.missing)

    def look_at_directory(self, path):
        """A link of the operator's is followed where a job's directory is, or where the job keeps it; it is never replaced."""
        above, about = path.rpartition("/")[0], stat_of(at(path))
        if above in self.absent or about is None:
            self.absent.add(path)
        elif S_ISLNK(about.st_mode):
            if path != "jobs" and above != "jobs" and not self.is_kept(path):
                raise Failure(REFUSED, "%s is a link where a directory is to be" % at(path))
            if not os.path.isdir(at(path)):
                raise Failure(REFUSED, "%s is a link that leads to no directory" % at(path))
        elif not S_ISDIR(about.st_mode):
            if self.is_kept(path):
                raise Failure(REFUSED, "%s is a file the job keeps, where a directory is to be" % at(path))
            self.absent.add(path)

    def look_at_file(self, path):
        mode, name, size = self.wanted[path]
        about = None if path.rpartition("/")[0] in self.absent else stat_of(at(path))
        if about is not None and S_ISREG(about.st_mode) and has_content(at(path), size, name):
            if S_IMODE(about.st_mode) != mode:
                self.modes.append(path)
            return
        if about is not None and S_ISLNK(about.st_mode) and not self.is_kept(path):
            raise Failure(REFUSED, "%s is a link where a file is to be" % at(path))
        if about is not None and S_ISDIR(about.st_mode):
            if not self.find_surplus(path, self.in_the_way, True):
                raise Failure(REFUSED, "%s holds files the job keeps, and a file is to be there" % at(path))
            self.in_the_way.append(path)
        self.missing.setdefault(name, []).append(path)

    def is_kept(self, path):
        """Whether a path is the job's own affair: in data, logs or bin, or named by `keep` of its manifest."""
        job, _, below = path.partition("/")[2].partition("/")
        own = self.protect.get(job)
        return path.startswith("jobs/") and (below.split("/")[0] in self.keep or bool(own and own(below)))

    def find_surplus(self, below, found, each=False):
        """Adds what is in no tree, the innermost first, `each` by itself; whether there is nothing else."""
        alone = True
        for name in sorted(os.listdir(at(below))):
            path = below + "/" + name
            ours = path in self.directories
            if path in self.wanted or runner_of(name) or (not ours and self.is_kept(path)):
                alone = False
            elif is_directory(at(path)) and (ours or each or path.split("/")[1] in self.protect):
                if self.find_surplus(path, found, each) and not ours:
                    found.append(path)
                else:
                    alone = False
            elif ours:
                alone = False
            else:
                found.append(path)
        return alone

    def refuse_mounts(self):
        """What is mounted below a job's directory is not deleted, and nothing in it."""
        going = [*self.in_the_way, *self.surplus]
        mounts = mount_points() if going else ()
        for path in going:
            job = os.path.realpath(at("/".join(path.split("/")[:2])))
            real = os.path.join(job, *path.split("/")[2:])
            for mount in mounts:
                if (mount + "/").startswith(real + "/") or (mount.startswith(job + "/") and real.startswith(mount + "/")):
                    raise Failure(REFUSED, "%s is mounted there, and %s would have to be deleted" % (mount, at(path)))

    def place_of(self, job):
        """The directory in which files of a job wait: this worker's, or a nearer one where that is another file system."""
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
        """Puts all in place; what was deleted."""
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
        return [*self.in_the_way, *self.surplus]

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


def at(path):
    return os.path.join(ROOT, path) if path else ROOT


def expression(text):
    """What tells the files a job made itself, by their path below its directory; re is only loaded where some has any."""
    import re

    return re.compile(text_of({"protect": text}, "protect"), re.DOTALL).match


def name_of(name):
    if type(name) is not str or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Failure(USAGE, "this is not a name: %r" % (name,))
    return name


def path_of(path):
    for name in path.split("/"):
        name_of(name)
    return path
