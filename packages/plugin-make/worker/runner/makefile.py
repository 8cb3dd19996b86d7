"""
Makes sure that make runs a target. Otherwise, make would do nothing and exit with 0 in three cases: a file or a directory has
the target's name, a built-in rule makes a file of that name from another file (`start` from `start.sh`), or only .PHONY names
the target.
"""

NAMES = ("GNUmakefile", "makefile", "Makefile")  # in the order in which make looks for them


def makefiles_for(call, job, lock):
    """
    Arguments for make that force it to run the target despite other files next to the Makefile; empty if none are needed.
    """
    target, names = call.request.target, os.listdir(directory_of(job))
    written = [name for name in NAMES if name in names][0]
    has_rule, beside = look_into(os.path.join(directory_of(job), written), target)
    beside = beside or any(name == target or name.startswith(target + ".") for name in names)
    if (has_rule and not beside) or not is_plain(target):
        return []
    rules = yield from rules_of(call, job, written, lock)
    if rules is None:
        return []
    rule = rule_in(rules, target)
    fail_if_nothing_runs(job, target, target in names, has_rule, rule)
    if not beside or (rule is not None and rule[0]):
        return []
    more = ".SUFFIXES:\n" if rule is None else ".PHONY: %s\n" % target
    return ["-f", written, "-f", kept_as("%s.%s.mk" % (job, target), more)]


def is_plain(target):
    return all(sign.isalnum() or sign in "_.-" for sign in target) and target[:1] not in (".", "-")


def look_into(path, target):
    """
    Returns whether a line of a Makefile looks like a rule for a target, and whether a line makes make search for files
    elsewhere.
    """
    with open(path, "rb") as file:
        text = file.read()
    name, has_rule = target.encode(), False
    for line in text.split(b"\n"):
        head, colon, rest = line.partition(b":")
        if colon and line[:1] not in (b"\t", b"#") and rest[:1] != b"=" and name in head.split():
            has_rule = True
    return has_rule, b"vpath" in text.lower()


def rules_of(call, job, written, lock):
    """Lines of make's own list of the targets that it knows. None if it prints no list; its own error then explains why."""
    words = [call.request.program, "-pq", "-C", directory_of(job), "--", written]
    command = Command(call, job, words, {b"LC_ALL": b"C"})
    command.out, command.err = Collected(), Collected()
    yield from carry_out(call, command, lock)
    lines = command.out.bytes.decode("utf-8", "replace").split("\n")
    begins = [at for at, line in enumerate(lines) if line == "# Files"]
    return lines[begins[-1]:] if begins and call.code is None else None


def rule_in(lines, target):
    """Whether a target is phony, and whether it has a recipe or prerequisites; None if no rule names it."""
    for at, line in enumerate(lines):
        if line.startswith(target + ":") and lines[at - 1] != "# Not a target:":
            about = lines[at + 1:lines.index("", at)] if "" in lines[at:] else lines[at + 1:]
            phony = any(line.startswith("#  Phony target") for line in about)
            recipe = any(line.startswith(("#  recipe to", "#  commands to")) for line in about)
            return phony, recipe or line.rpartition(":")[2].strip() != ""
    return None


def fail_if_nothing_runs(job, target, taken, has_rule, rule):
    if rule is None and taken:
        what = "%s: its directory has a file or directory named %s, and its Makefile has no rule of that name"
        raise Failure(NOTHING_TO_RUN, what % (job, target))
    if rule == (True, False) and not has_rule:
        raise Failure(NOTHING_TO_RUN, "%s: its Makefile names %s in .PHONY and has no rule for it" % (job, target))


def kept_as(name, text):
    """The path of a private file with this text. It is replaced in one step, because another make may be reading it."""
    directory = os.path.join(ROOT, "locks")
    path = os.path.join(directory, name)
    os.makedirs(directory, 0o700, True)
    draft = "%s.%d" % (path, os.getpid())
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.rename(draft, path)
    return path
