"""
Runs a target of jobs' Makefiles. The steps of a request are generators, which yield the maximum number of seconds to wait; None
means no limit.
"""


def perform(call, options):
    """The steps of a request. `options` contains it if it was received from the controller."""
    if options is not None:
        if "settled" in options[0]:
            return settled(options[0])
        if "stage" in options[0] or "inventory" in options[0]:
            if "Delivery" not in globals():
                exec(compile(STAGE_PARTS, "stage", "exec"), globals())  # only when files are sent, because compiling takes time
            return (yield from (stage if "stage" in options[0] else inventory)(call, options[0]))
        call.accept(request_in(*options))
    for job in chosen(call.request):
        code = yield from run_target(call, job)
        if code != 0:
            return code
    return 0


def run_target(call, job):
    request = call.request
    if request.words is None:
        must_be_here(job, request.target)
    elif not is_name_of_job(job):
        raise Failure(USAGE, "this is not the name of a job")
    if request.target == "status" and request.words is None:
        return (yield from carry_out_once(call, job, None, None))
    lock = Lock(job)  # also creates the bucket's directory if it is missing
    receipt = None if request.step is None else Receipt(job, request.step, request.what)
    try:
        yield from take_fence(call, request.fence)
        if receipt is None:
            yield from lock.take(call)
            if request.target in LIFECYCLE:
                drop_receipts(job)
        else:
            code = yield from recorded_code(call, lock, receipt)
            if code is not None:
                return code
        return (yield from carry_out_once(call, job, lock, receipt))
    finally:
        lock.close()


LIFECYCLE = ("start", "stop", "restart", "reload")


def carry_out_once(call, job, lock, receipt):
    """Runs the command of a request. With a receipt, a claim is on the disk before the command, and its result afterwards."""
    request = call.request
    if request.fence is not None and lock is not None and os.path.isdir(ROOT):
        request.fence.must_hold()
    words = request.words
    if words is None:
        makefiles = yield from makefiles_for(call, job, lock)
        if call.code is not None:
            return call.code
        words = [request.program, "-s", "-C", directory_of(job), *makefiles, "--", request.target]
    command = Command(call, job, words)
    if receipt is None or not claimed(call, job, receipt):
        return (yield from carry_out(call, command, lock))
    call.receipt = receipt
    call.out.spool = call.err.spool = receipt.output
    code = yield from carry_out(call, command, lock)
    try:
        receipt.finish(code, call.code == code and code != TIMED_OUT)
    except OSError as error:
        call.report("%s: cannot record its result in %s: %s" % (job, receipt.directory, error.strerror))
    call.receipt = call.out.spool = call.err.spool = None
    receipt.output.close()
    return code


def claimed(call, job, receipt):
    """Whether the claim is on the disk. Only `stop`, which is harmless when it runs twice, may run without a claim."""
    try:
        for step in call.request.voids:
            void(job, step)
        receipt.claim(call.request.voids)
        return True
    except OSError as error:
        text = "%s: cannot record its start in %s: %s" % (job, receipt.directory, error.strerror)
        if call.request.target != "stop":
            raise Failure(1, text) from None
        call.report(text)
        return False


def recorded_code(call, lock, receipt):
    """
    Takes the lock, so that no command of the job runs any more, and returns the recorded exit code; None if the command must
    run.
    """
    follower = Follower(receipt.output.path)
    try:
        yield from lock.take(call, follower)
        known = receipt.recorded()
        if not known:
            return None
        about = "%s: %s" % (receipt.job, call.request.target)
        if "void" in known:
            raise Failure(ENDED, about + " was replaced by a later command")
        if "code" not in known:
            gone = "this worker was restarted" if known["boot"] != boot_id() else "the runner was killed"
            call.report("%s began at %s, but %s; its result is unknown" % (about, known["claimed"], gone))
            return None
        if known["cut"] == "yes":
            return None
        follower.read(call.out)
        call.report("%s already exited with code %s at %s; not running it again" % (about, known["code"], known["ended"]))
        return int(known["code"])
    finally:
        follower.close()


def carry_out(call, command, lock):
    """Runs a command to its end, and passes its output on. If the command failed, stops the processes that it left running."""
    child, call.pumps = start(command, lock)
    while CHILDREN[child] is None and call.code is None:
        yield None
    status = CHILDREN[child]
    killed = status is not None and os.WIFSIGNALED(status)
    while killed and call.code is None and any(pump.source is not None for pump in call.pumps):
        yield 0.05  # its recipe still runs, and may end as it would without the runner
    cut_off = call.code is not None and (status is None or killed)
    ended = False
    if status != 0:
        ended = yield from end(child, Descendants(child, command.mark, killed))
    del CHILDREN[child]
    if lock is not None:
        lock.settle()
    pumps, call.pumps = call.pumps, []
    for pump in pumps:
        pump.drain()
        pump.leave()
    if cut_off:
        call.report(call.text)
        return call.code
    if killed:
        what = os.path.basename(command.words[0])
        call.report("%s was killed by signal %d; the processes that it had started have ended" % (what, os.WTERMSIG(status)))
    elif ended:
        call.report("%s failed; stopped the processes that it left running" % os.path.basename(command.words[0]))
    return exit_code(status)


def end(child, descendants):
    """
    Stops the processes that a command left running: SIGTERM, and SIGKILL five seconds later. Returns whether there were any.
    """
    begun = False
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not descendants.signal(number):
            break
        begun = True
        until = time.monotonic() + KILL_AFTER
        while (CHILDREN[child] is None or descendants.signal(0)) and time.monotonic() < until:
            yield 0.05
    return begun
