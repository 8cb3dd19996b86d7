"""The running requests, and the loop that waits for input, output, signals and the clock."""


class Call:
    """A running request: the targets of its output, and what may end it early, which sets `code` and `text`."""

    def __init__(self, request, out, err, number=0, options=None):
        self.out = out
        self.err = err
        self.number = number
        self.pumps = []
        self.code = None
        self.text = ""
        self.answer = None
        self.request = None
        self.inbox = None  # contents that have arrived, while the request waits for contents
        self.deadline = None
        self.due = None
        self.grace = None  # when a step that must end is killed
        self.receipt = None  # the receipt of a step that has begun
        self.steps = perform(self, options)
        if request is not None:
            self.accept(request)

    def accept(self, request):
        self.request = request
        self.deadline = None if request.limit is None else time.monotonic() + request.limit

    def end(self, code, text):
        if self.code is None:
            self.code, self.text = code, text
            self.deadline, self.grace, self.due = None, None, 0.0

    def end_soon(self, code, text):
        """
        A step that has begun may run to its end, because an interrupted step must be repeated. Everything else ends
        immediately.
        """
        if self.receipt is None:
            self.end(code, text)
        elif self.grace is None and self.code is None:
            self.grace = time.monotonic() + GRACE
            self.ending = code, text

    def leave_alone(self):
        """
        Called when the controller has disconnected. A step that has not begun is not started, because a later run may request it.
        """
        if self.receipt is not None:
            self.receipt.output.detach()
        elif self.request is not None and self.request.step is not None:
            self.end(ENDED, "the run that requested it is gone")

    def fail_if_ended(self, where):
        if self.code is not None:
            raise Failure(self.code, self.text + where)

    def report(self, text):
        begin = "\n" if self.err.broken else ""
        self.err.write(("%srunner: %s\n" % (begin, text)).encode("utf-8", "replace"))

    def advance(self):
        """Runs the request until it has to wait again; returns whether it has ended."""
        try:
            pause = next(self.steps)
            self.due = None if pause is None else time.monotonic() + pause
            return False
        except StopIteration as last:
            self.answer = last.value
        except Failure as failure:
            self.report(str(failure))
            self.answer = failure.code
        except Exception as error:
            self.report("%s: %s" % (type(error).__name__, error))
            self.answer = 1
        return True


class Loop:
    """
    Waits for everything at the same time: the input and outputs of the runner, the outputs of make, signals and the clock.
    """

    def __init__(self, outputs, on_line, on_end=None, on_input_end=None):
        self.outputs = outputs
        self.on_line = on_line
        self.on_end = on_end
        self.on_input_end = on_input_end
        self.calls = []
        self.input = 0
        self.unfinished = b""  # a line whose end has not arrived yet
        self.signals, wakeup = os.pipe()
        os.set_blocking(self.signals, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for name in ("SIGCHLD", "SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), self.on_signal)
        for name in ("SIGHUP", "SIGPIPE"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

    def on_signal(self, number, _frame):
        if number != signal.SIGCHLD:
            self.input = None
            for call in self.calls:
                call.end(128 + number, "ended by a signal")

    def begin(self, call):
        self.calls.append(call)
        self.advance(call)

    def advance(self, call):
        if call.advance():
            self.calls.remove(call)
            if self.on_end is not None:
                self.on_end(call)

    def turn(self):
        """Waits until something happens, and handles it."""
        poll = select.poll()
        poll.register(self.signals, select.POLLIN)
        if self.input is not None:
            poll.register(self.input, select.POLLIN)
        outputs = {output.descriptor: output for output in self.outputs if output.waiting}
        for descriptor in outputs:
            poll.register(descriptor, select.POLLOUT)
        pumps = {pump.source: pump for call in self.calls for pump in call.pumps if pump.ready()}
        for descriptor in pumps:
            poll.register(descriptor, select.POLLIN)
        signalled = readable = False
        for descriptor, _ in poll.poll(self.milliseconds()):
            if descriptor in pumps:
                pumps[descriptor].take()
            elif descriptor in outputs:
                outputs[descriptor].give()
            elif descriptor == self.signals:
                os.read(self.signals, CHUNK)
                reap()
                signalled = True
            else:
                readable = True
        now = time.monotonic()
        for output in outputs.values():
            if output.waiting and now >= output.stalls_at():
                output.give_up()
        for call in list(self.calls):
            if call.deadline is not None and now >= call.deadline:
                call.end(TIMED_OUT, "timed out after %g s" % call.request.limit)
            if call.grace is not None and now >= call.grace:
                call.end(*call.ending)
            if signalled or call.due is not None and now >= call.due:
                self.advance(call)
        if readable and self.input is not None:
            self.read_input()

    def milliseconds(self):
        """The maximum time to wait; None if nothing is scheduled."""
        moments = [moment for call in self.calls for moment in (call.deadline, call.due, call.grace) if moment is not None]
        moments += [output.stalls_at() for output in self.outputs if output.waiting]
        if not moments:
            return None
        return int(min(max(0.0, min(moments) - time.monotonic()), LONGEST) * 1000) + (0 if 0.0 in moments else 1)

    def read_input(self):
        try:
            chunk = os.read(self.input, PIPE)
        except OSError:
            chunk = b""
        if not chunk:
            self.input = None
            for call in self.calls:
                if call.inbox is not None:
                    call.end(ENDED, "the rest of the files did not come")
            if self.on_input_end is not None:
                self.on_input_end()
        lines = (self.unfinished + chunk).split(b"\n")
        self.unfinished = lines.pop()[-LINE:]
        for line in lines:
            if line.strip():
                self.on_line(line)

    def flush(self, patience):
        for output in self.outputs:
            while output.waiting and ready(output.descriptor, select.POLLOUT, patience):
                output.give()
