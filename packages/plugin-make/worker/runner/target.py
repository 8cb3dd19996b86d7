"""
Runs a target of jobs' Makefiles. Steps of a request are generators: they yield for how many seconds they wait at most,
None for as long as it takes.
"""


def perform(call, options):
    """The steps of a request, which is in `options` when it came over the wire."""
    if options is not None:
        if "stage" in options[0] or "inventory" in options[0]:
            if "Delivery" not in globals():
                exec(compile(STAGE_PARTS, "stage", "exec"), globals())  # not before files come this way: it takes time
            return (yield from (stage if "stage" in options[0] else inventory)(call, options[0]))
        call.accept(request_in(*options))
    for job in chosen(call.request):
        code = yield from run_target(call, job)
        if code != 0:
            return code
    return 0


def run_target(call, job):
    request = call.request
    must_be_here(job, request.target)
    lock = None if request.target == "status" else Lock(job)
    try:
        if lock is not None:
            yield from lock.take(call)
        makefiles = yield from makefiles_for(call, job, lock)
        if call.code is not None:
            return call.code
        words = [request.program, "-s", "-C", directory_of(job), *makefiles, "--", request.target]
        return (yield from carry_out(call, Command(call, job, words), lock))
    finally:
        if lock is not None:
            lock.close()


def carry_out(call, command, lock):
    """Runs a command to its end, however it ends, and hands its output on. What one that failed left running is ended."""
    child, call.pumps = start(command, lock)
    while CHILDREN[child] is None and call.code is None:
        yield None
    status = CHILDREN[child]
    killed = status is not None and os.WIFSIGNALED(status)
    while killed and call.code is None and any(pump.source is not None for pump in call.pumps):
        yield 0.05  # its recipe still runs: it comes to its end as it would when we are gone
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
        call.report("%s was killed by signal %d; what it had started has ended" % (what, os.WTERMSIG(status)))
    elif ended:
        call.report("ended what %s left running when it failed" % os.path.basename(command.words[0]))
    return exit_code(status)


def end(child, descendants):
    """Ends what a command left running: SIGTERM, and SIGKILL five seconds later. Whether there was anything to end."""
    begun = False
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not descendants.signal(number):
            break
        begun = True
        until = time.monotonic() + KILL_AFTER
        while (CHILDREN[child] is None or descendants.signal(0)) and time.monotonic() < until:
            yield 0.05
    return begun
