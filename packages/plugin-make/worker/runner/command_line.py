"""Interprets the command line of the program; this part is the last."""


def main(words):
    request = parse(words)
    return serve(request.program) if request.target == "--serve" else run_once(request)


def parse(words):
    if len(words) < 2 or len(words) % 2 != 0:
        raise Failure(USAGE, "usage: runner <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]")
    request = Request(words[1])
    for name, value in zip(words[2::2], words[3::2]):
        if name == "--jobs":
            request.jobs = [job for job in value.split(",") if job]
        elif name == "--timeout":
            request.limit = seconds(value)
        elif name == "--program":
            request.program = value
        elif name != "--protocol" or value != PROTOCOL:
            raise Failure(USAGE, "unknown option " + name)
    # in the environment, because a runner of an older maand would reject unknown flags
    step, *voids = os.environ.pop("MAAND_RUNNER_STEP", "").split(" ")
    take_step(request, step or None, voids)
    fence = os.environ.pop("MAAND_RUNNER_FENCE", "")
    if fence:
        request.fence = Fence({"line": fence.partition("\n")[0], "text": fence})
    return request


def seconds(text):
    try:
        return float(text)
    except ValueError:
        raise Failure(USAGE, "--timeout needs a number of seconds, not " + text) from None


def run_once(request):
    """Runs one target and passes its output on as it arrives; the line `end` on standard input stops the target."""
    out, err = Output(1), Output(2)
    call = Call(request, Channel(out), Channel(err))

    def on_line(line):
        if line.strip() == b"end":
            call.end_soon(ENDED, "stopped on request")

    loop = Loop([out, err], on_line)
    loop.begin(call)
    while loop.calls:
        loop.turn()
    loop.flush(STUCK_AFTER if call.code is None else STUCK_AFTER_ENDING)
    return call.answer


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except Failure as failure:
        print_error(str(failure))
        code = failure.code
    except BaseException as error:
        print_error("%s: %s" % (type(error).__name__, error))
        code = 1
    os._exit(code)
