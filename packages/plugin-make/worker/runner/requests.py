"""Reads requests from standard input, one JSON object per line, and responds in frames with their numbers."""


def serve(program):
    """Runs the requests from standard input in parallel; ends when the input and all requests have ended."""
    output = Output(1)
    loop = Loop(
        [output],
        lambda line: take_line(line, loop, output, program),
        lambda call: output.push(b"%d exit %d\n" % (call.number, call.answer)),
        lambda: [call.leave_alone() for call in loop.calls],
    )
    record = record_here()
    output.push(b"maand-runner %s\n0 out %d\n%s" % (PROTOCOL.encode(), len(record), record))
    while loop.input is not None or loop.calls:
        loop.turn()
    loop.flush(STUCK_AFTER_ENDING)
    return 0


def record_here():
    """
    The data of this worker for the greeting: the command that last changed it, and the last sync, each followed by a NUL.
    """
    texts = [fence_here(), worker_json_here()]
    return b"".join(text.replace("\0", "?").encode("utf-8", "replace") + b"\0" for text in texts)


def take_line(line, loop, output, program):
    try:
        options = read_json(line.decode())
        number = options["id"]
        if type(number) is not int or number < 0:
            raise ValueError("id is not a number")
    except Exception:
        print_error("this is not a request")
        return
    same = [call for call in loop.calls if call.number == number]
    if options.get("behind") is True:
        output.taken = time.monotonic()  # the reader still exists, and waits for its own reader
    elif "content" in options or "proceed" in options:
        for call in same:
            if call.inbox is not None:
                call.inbox.append(options)
                loop.advance(call)
    elif options.get("end") is True:
        for call in same:
            call.end_soon(ENDED, "stopped on request")
    elif same:
        print_error("request %d is already running" % number)
    else:
        out, err = (Channel(output, number, kind) for kind in (b"out", b"err"))
        loop.begin(Call(None, out, err, number, (options, program)))


def request_in(options, program):
    """The request in an object that was received."""
    request = Request(text_of(options, "target"))
    if "argv" in options:
        take_words(request, options)
    request.program = program
    request.jobs = [text_of(options, "job")]
    request.limit = limit_of(options)
    more = options.get("env", {})
    if type(more) is not dict:
        raise Failure(USAGE, "env is not an object")
    request.env = dict(os.environb)
    for name in more:
        if name == "" or "=" in name or "\0" in name:
            raise Failure(USAGE, "env has an invalid name")
        request.env[name.encode()] = text_of(more, name).encode()
    take_step(request, options.get("step"), options.get("voids", []))
    request.fence = fence_in(options)
    return request


def fence_in(options):
    return Fence(options["fence"]) if type(options.get("fence")) is dict else None


def take_words(request, options):
    words = options["argv"]
    if type(words) is not list or not words or not all(type(word) is str and "\0" not in word for word in words):
        raise Failure(USAGE, "argv is not a list of strings")
    if options.get("step") is None:
        raise Failure(USAGE, "a command that is not a target needs a step")
    request.words, request.what = words, text_of(options, "what")


def take_step(request, step, voids):
    if step is None:
        return
    if type(voids) is not list or not all(type(name) is str and is_step(name) for name in [step, *voids]):
        raise Failure(USAGE, "this is not a step")
    request.step, request.voids = step, voids


def settled(options):
    """Receipts, by job, that the store of the bucket no longer needs."""
    for job, steps in options["settled"].items():
        if not is_name_of_job(job) or not all(type(step) is str and is_step(step) for step in steps):
            raise Failure(USAGE, "this is not a step")
        settle(job, steps)
    return 0
