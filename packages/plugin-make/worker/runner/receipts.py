"""
Receipts record the result of a step, so that the next run can read the result after its controller was killed or the connection
was lost, and nothing runs twice. A claim is on the disk before the command begins. The receipt replaces the claim before the
end of the command is reported. Only the holder of a job's lock writes here, so claims need no other lock.
"""

RECEIPTS_KEPT = 16  # receipts of earlier steps of a job
RECEIPT_AGE = 86400.0  # seconds after which a receipt is out of date
TAIL = 65536  # bytes of output to keep for a later run
SETTLED = ".settled"  # the suffix of a receipt whose result is in the store of the bucket
OUTPUT = ".out"  # the suffix of the output of a step
DRAFT = ".new"  # the suffix of a file that is not complete yet


class Receipt:
    """The recorded state of one step of a job: nothing, a claim, or its result."""

    def __init__(self, job, step, what):
        self.job = job
        self.step = step
        self.what = what
        self.directory = receipts_of(job)
        self.path = os.path.join(self.directory, step)
        self.output = Spool(self.path + OUTPUT)

    def recorded(self):
        """The fields of the claim or receipt; empty if the step has not begun. Commands of a replaced step are replaced too."""
        of_step = fields_of(os.path.join(self.directory, action_of(self.step)))
        if "void" in of_step:
            return of_step
        fields = fields_of(self.path) or fields_of(self.path + SETTLED)
        if fields and (fields["step"] != self.step or fields.get("what", self.what) != self.what):
            raise Failure(USAGE, "%s: the receipt of this step belongs to another command" % self.job)
        return fields

    def claim(self, voids):
        """
        Called before the command begins, which makes the receipts of earlier steps of the job out of date. Deletes nothing
        until the claim is on the disk.
        """
        make_durable(self.directory)
        about = {"boot": boot_id(), "pid": str(os.getpid()), "began": began(os.getpid())}
        self.write({"step": self.step, "what": self.what, **about, "claimed": now()})
        drop_settled(self.directory, self.step)
        sweep_receipts(self.directory, [self.step, *voids])

    def finish(self, code, cut_off):
        """
        Called after the command has ended. A command that was interrupted on request runs again when its step is requested
        again.
        """
        if code != 0 or self.output.file is not None:
            self.output.detach()
        fields = fields_of(self.path)
        self.write({**fields, "code": str(code), "cut": "yes" if cut_off else "no", "ended": now()})

    def write(self, fields):
        text = "".join("%s %s\n" % (key, fields[key].replace("\n", " ")) for key in fields)
        replace_durably(self.path, text.encode("utf-8", "surrogateescape"))


def void(job, step):
    """Prevents a step from beginning, because another step has replaced it. A step that has begun is not changed."""
    receipt = Receipt(job, step, "")
    if not fields_of(receipt.path):
        make_durable(receipt.directory)
        receipt.write({"step": step, "void": "yes", "ended": now()})


def settle(job, steps):
    """
    Marks receipts whose results the store has recorded. They are kept until the next step of the job begins, because a standby
    that replaces the database may have lost the record. If it has the record of the next step, it also has this one.
    """
    for step in steps:
        path = os.path.join(receipts_of(job), step)
        if "void" not in fields_of(path):
            try:
                os.rename(path, path + SETTLED)
            except OSError:
                pass


def drop_settled(directory, step):
    """Deletes the settled receipts of other steps, because this step makes their results out of date."""
    for name in list_of(directory):
        if name.endswith(SETTLED) and action_of(step_of(name)) != action_of(step):
            drop_receipt(os.path.join(directory, step_of(name)))


def drop_receipts(job):
    """Deletes all receipts of earlier steps, because a manual command makes them out of date."""
    for name in list_of(receipts_of(job)):
        drop_receipt(os.path.join(receipts_of(job), name))


def sweep_receipts(directory, steps):
    """
    Deletes receipts older than a day, and all but the newest few of the others. Always keeps the receipts of the given steps:
    of the step that begins, and of the steps that it replaces, which must never begin.
    """
    kept = frozenset(action_of(step) for step in steps)
    ages = {}
    for name in list_of(directory):
        step = step_of(name)
        if action_of(step) not in kept:
            age = age_of(os.path.join(directory, name))
            ages[step] = min(age, ages.get(step, age))  # a receipt and its output count as one
    for at, step in enumerate(sorted(ages, key=lambda step: (ages[step], step))):
        if ages[step] > RECEIPT_AGE or at >= RECEIPTS_KEPT:
            drop_receipt(os.path.join(directory, step))


def step_of(name):
    """The step that a file belongs to: its receipt, its output, or a draft of one of them."""
    for suffix in (DRAFT, SETTLED, OUTPUT):
        if name.endswith(suffix):
            name = name[: -len(suffix)]
    return name


def action_of(step):
    """The step without the number of its command."""
    return step.partition("+")[0]


def receipts_of(job):
    return os.path.join(ROOT, "receipts", job)


def is_step(text):
    """Whether a text is a valid name of a step, and therefore of a file."""
    return 0 < len(text) <= 200 and text[0] not in ".-" and all(sign in STEP_SIGNS for sign in text)


STEP_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+")


def fields_of(path):
    """The fields of a receipt; empty if the file cannot be parsed."""
    try:
        with open(path, "rb") as file:
            lines = file.read(CHUNK).decode("utf-8", "surrogateescape").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    fields = dict(line.split(" ", 1) for line in lines if " " in line)
    return fields if "step" in fields and ("void" in fields or "boot" in fields) else {}


def list_of(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []


def age_of(path):
    try:
        return time.time() - os.stat(path).st_mtime
    except OSError:
        return 0.0


def drop_receipt(path):
    for place in (path, path + SETTLED, path + OUTPUT, path + DRAFT, path + OUTPUT + DRAFT):
        try:
            os.unlink(place)
        except OSError:
            pass


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def boot_id():
    """The id of this worker's boot; empty if the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().decode("ascii", "replace").strip() or "none"
    except OSError:
        return "none"


def began(pid):
    """When a process started, in ticks since the boot, so that a later process with the same id is not mistaken for it."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return "none"


def make_durable(directory):
    """Creates a directory and the missing directories above it, so that they survive a power failure."""
    if os.path.isdir(directory):
        return
    above = os.path.dirname(directory)
    make_durable(above)
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        return
    sync_directory(above)


def replace_durably(path, content):
    """Writes a file in one step, and returns once the file is on the disk."""
    draft = path + DRAFT
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(draft, path)
    sync_directory(os.path.dirname(path))


def sync_directory(path):
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError:
        pass  # some file systems do not support this
    finally:
        os.close(file)


class Spool:
    """
    The last output of a command: in memory while its reader exists, and in a file of limited size once the reader is gone.
    """

    def __init__(self, path):
        self.path = path
        self.tail = bytearray()
        self.file = None
        self.size = 0

    def keep(self, chunk):
        self.tail += chunk
        if len(self.tail) > 2 * TAIL:
            del self.tail[:-TAIL]
        if self.file is not None:
            self.append(chunk)

    def detach(self):
        """Called when the reader is gone: writes the last output and all further output to the file."""
        if self.file is None:
            self.begin()

    def append(self, chunk):
        if self.size > 4 * TAIL:
            os.close(self.file)
            self.begin()  # replaces the file with another one that begins with the end of this one
            return
        try:
            os.write(self.file, chunk)
            self.size += len(chunk)
        except OSError:
            pass  # a full disk must not stop the command

    def begin(self):
        self.file, self.size = None, len(self.tail)
        try:
            draft = self.path + DRAFT
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            self.file = file
            os.write(file, self.tail)
            os.rename(draft, self.path)
        except OSError:
            pass

    def close(self):
        if self.file is not None:
            os.close(self.file)


class Follower:
    """Reads the output file of a command, to show it in a later run."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.number = None

    def read(self, channel):
        """Passes on new output, and starts from the beginning if another file has replaced the output file."""
        try:
            number = os.stat(self.path).st_ino
            if number != self.number:
                self.close()
                self.file, self.number = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW), number
            chunk = os.read(self.file, PIPE)
            while chunk:
                channel.write(chunk)
                chunk = os.read(self.file, PIPE)
        except OSError:
            pass

    def close(self):
        if self.file is not None:
            os.close(self.file)
            self.file = None
