"""What a job command written in Python talks to maand with: ``import maand``.

maand puts this file beside the command's script and starts the script with everything needed in its environment. It
uses the standard library alone and runs on Python 3.9 and later. ``maand.ts`` is the same for TypeScript.

The name of a function says what it returns. ``get_...`` and ``find_...`` return a value, and raise when there is none to
be had. ``request_...``, ``put_...``, ``delete_...``, ``acquire_...`` and ``release_...`` return a :class:`Response`:
``.json()`` is what maand answered, ``.raise_for_status()`` turns a refusal into an :class:`ApiError`. ``run_...`` returns a
:class:`CompletedCommand`. A refused write that the script never looks at ends the script with exit code 1, so that nothing
is lost in silence. Times are in seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # for editors; at run time it would only take time
    from collections.abc import Iterator
    from typing import Any

SEMAPHORE_SECONDS = 600
"""How long :func:`acquire_semaphore` waits by default, also when asked for no time at all."""

LONGEST_SEMAPHORE_SECONDS = 3600
"""How long :func:`acquire_semaphore` waits at most."""

_REQUEST_SECONDS = 30
"""How long maand may take to answer, beside any time it was asked to wait."""


class MaandError(Exception):
    """Anything this library raises."""


class ApiError(MaandError):
    """maand refused a request, or failed to do it; ``response`` holds its answer."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response
        self.status_code = response.status_code


class KvError(ApiError):
    """A value could not be read; ``namespace`` and ``key`` say which. Its ``status_code`` is 404 if there is none."""

    def __init__(self, message: str, response: Response, namespace: str, key: str) -> None:
        super().__init__(message, response)
        self.namespace = namespace
        self.key = key


class CommandFailed(MaandError):
    """A command on a worker ended with another exit code than 0; ``result`` is its :class:`CompletedCommand`."""

    def __init__(self, message: str, result: CompletedCommand) -> None:
        super().__init__(message)
        self.result = result
        self.returncode = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr


class Response:
    """An answer of maand."""

    def __init__(self, asked: str, status: int, text: str, *, must_be_seen: bool = False) -> None:
        self._asked = asked
        self._status = status
        self._text = text
        self._unseen = must_be_seen and not 200 <= status < 300

    @property
    def status_code(self) -> int:
        """The HTTP status: 200 when it was done, 404 when there is nothing of that name, 400 when it was refused."""
        self._unseen = False
        return self._status

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """What maand answered: JSON, nothing after a write, or a sentence that says why not."""
        self._unseen = False
        return self._text

    def json(self) -> Any:
        """What maand answered, read as JSON. Raises :class:`ApiError` when it was a refusal."""
        self.raise_for_status()
        return json.loads(self._text)

    def raise_for_status(self) -> None:
        """Raises :class:`ApiError` unless it was done."""
        if not self.ok:
            raise ApiError(self._refusal(), self)

    def _refuse_as_value(self, *_: object) -> Any:
        raise TypeError(f"this is the response to \"{self._asked}\", not its value: use .json(), or a get_... function")

    __iter__ = __contains__ = __getitem__ = _refuse_as_value

    def _refusal(self) -> str:
        return f"{self._asked}: {self._text.strip() or 'refused'} ({self._status})"

    def __repr__(self) -> str:
        return f"<Response {self._asked}: {self._status}>"


class CompletedCommand:
    """A command that ended on a worker: ``args`` as asked for, ``returncode``, ``stdout`` and ``stderr`` as text."""

    def __init__(self, args: str, returncode: int, stdout: str, stderr: str) -> None:
        self.args = args
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self) -> str:
        return f"CompletedCommand(args={self.args!r}, returncode={self.returncode})"


# Who and where


def allocation_id() -> str:
    """The id of the allocation the script runs for; it stays the same for this job on this worker."""
    return _environment("ALLOCATION_ID")


def allocation_ip() -> str:
    """The worker of the allocation, as ``workers.json`` names it."""
    return _environment("ALLOCATION_IP")


def allocation_index() -> int:
    """The allocation's place among those of its job: 0, 1, 2, ... Raises when it is leaving and has none."""
    return int(_environment("ALLOCATION_INDEX"))


def job_name() -> str:
    """The job the script belongs to."""
    return _environment("JOB")


def command_event() -> str:
    """The moment the script runs at, such as ``pre_deploy``."""
    return _environment("EVENT")


def command_name() -> str:
    """The command's name, ``command_...``."""
    return _environment("COMMAND")


def is_allocation_disabled() -> bool:
    """Whether the allocation is in maintenance."""
    return os.environ.get("DISABLED", "0") == "1"


# Values


def get_kv_value(namespace: str, key: str) -> str:
    """The value itself. Raises :class:`KvError`, which names namespace and key, when there is none to be had."""
    value = find_kv_value(namespace, key)
    if value is not None:
        return value
    response = Response(f"read {namespace} {key}", 404, "there is no such key")
    raise KvError(response._refusal(), response, namespace, key)


def find_kv_value(namespace: str, key: str) -> str | None:
    """The value itself, or ``None`` when there is none. Raises :class:`KvError` when it may not be read."""
    response = request_value(namespace, key)
    if response.ok:
        return response.json()["value"]
    if response.status_code == 404:
        return None
    raise KvError(response._refusal(), response, namespace, key)


def get_job_variable_keys() -> list[str]:
    """The keys of the job's variables, sorted. Raises :class:`ApiError`."""
    return _keys(f"vars/job/{job_name()}")


def get_job_secret_keys() -> list[str]:
    """The keys of the job's secrets, sorted. Raises :class:`ApiError`."""
    return _keys(f"secrets/job/{job_name()}")


def request_value(namespace: str, key: str) -> Response:
    """Reads a value; ``.json()["value"]`` is it. The status is 404 when there is none, 400 when it is not the job's."""
    return _request("GET", "/kv", f"read {namespace} {key}", query={"namespace": namespace, "key": key})


def put_job_variable(key: str, value: str) -> Response:
    """Writes a variable of the job, without blanks around it. It lasts if the script succeeds."""
    return _write("PUT", "/kv", f"vars/job/{job_name()}", key, value)


def delete_job_variable(key: str) -> Response:
    """Deletes a variable of the job; the status is 404 when there is none."""
    return _write("DELETE", "/kv", f"vars/job/{job_name()}", key)


def put_job_secret(key: str, value: str) -> Response:
    """Writes a secret of the job, exactly as given; it is kept encrypted, and masked in all output."""
    return _write("PUT", "/kv/secret", f"secrets/job/{job_name()}", key, value)


def delete_job_secret(key: str) -> Response:
    """Deletes a secret of the job; the status is 404 when there is none."""
    return _write("DELETE", "/kv/secret", f"secrets/job/{job_name()}", key)


def request_job_keys(namespace: str | None = None) -> Response:
    """Asks for the keys of the job's variables and secrets, or of one of the two: ``.json()["namespaces"][namespace]``."""
    return _request("GET", "/kv/keys", "list keys", query={} if namespace is None else {"namespace": namespace})


def put_rollout_order(workers: str | list[str]) -> Response:
    """Says in which order the job's workers are upgraded: all of them, as a list or with commas. In ``pre_deploy``."""
    order = workers if isinstance(workers, str) else ",".join(workers)
    return _write("PUT", "/kv", f"maand/job/{job_name()}", "rollout_order", order)


def get_rollout_order() -> list[str]:
    """The order that holds, as a list of workers. Raises :class:`KvError` when it cannot be read."""
    order = get_kv_value(f"maand/job/{job_name()}", "rollout_order")
    return [worker.strip() for worker in order.split(",") if worker.strip()]


def get_command_demands() -> list[dict[str, Any]]:
    """Who demands this command: a list of ``{"job", "command", "demand_config"}``. Raises :class:`ApiError`."""
    return request_command_demands().json()


def request_command_demands() -> Response:
    """Asks who demands this command: ``.json()`` is the list of :func:`get_command_demands`."""
    return _request("GET", "/demands", "list demands")


# Taking turns


def acquire_semaphore(name: str, capacity: int = 1, timeout_seconds: float = SEMAPHORE_SECONDS) -> Response:
    """Waits until fewer than ``capacity`` scripts of this job and event hold the semaphore, and holds it too.

    The status is 408 when the wait is over before, and 409 when the capacity is not that of the others: look at it, or
    call ``.raise_for_status()``. A script that does neither fails at its end. It is given back when the script ends,
    however it ends.
    """
    waited = min(timeout_seconds if timeout_seconds > 0 else SEMAPHORE_SECONDS, LONGEST_SEMAPHORE_SECONDS)
    body = {"name": name, "capacity": capacity, "timeout_seconds": timeout_seconds}
    seconds = waited + _REQUEST_SECONDS
    return _request("POST", "/semaphore/acquire", f"acquire {name}", body=body, seconds=seconds)


def release_semaphore(name: str) -> Response:
    """Gives a semaphore back. The status is 409 when the script does not hold it."""
    return _request("POST", "/semaphore/release", f"release {name}", body={"name": name})


def get_semaphore_status(name: str) -> dict[str, Any]:
    """Who holds a semaphore: ``capacity``, ``holders``, ``waiting`` and ``available``. Raises :class:`ApiError`."""
    return request_semaphore_status(name).json()


def request_semaphore_status(name: str) -> Response:
    """Asks who holds a semaphore: ``.json()`` is the value of :func:`get_semaphore_status`."""
    return _request("GET", "/semaphore/status", f"status of {name}", query={"name": name})


@contextlib.contextmanager
def semaphore(name: str, capacity: int = 1, timeout_seconds: float = SEMAPHORE_SECONDS) -> Iterator[None]:
    """``with semaphore("migrate"):`` holds it for the block, and gives it back also when the block raises.

    Raises :class:`ApiError` when it cannot be had, so that the block does not begin without it.
    """
    acquire_semaphore(name, capacity, timeout_seconds).raise_for_status()
    try:
        yield
    except BaseException:
        with contextlib.suppress(MaandError):
            release_semaphore(name).raise_for_status()
        raise
    release_semaphore(name).raise_for_status()


# Workers


def run_ssh(
    worker_ip: str,
    command: str | list[str],
    *,
    timeout: float = 300,
    check: bool = True,
    connect_timeout: float = 15,
) -> CompletedCommand:
    """Runs a command on a worker of the bucket, over the connection maand has to it: by bash, as the Makefiles run.

    A list is quoted word by word; a text is a line for bash, compound ones included. Raises :class:`CommandFailed` on
    another exit code than 0 unless ``check=False``, and :class:`ApiError` when the worker cannot be reached (502), the
    time is over (504), or it is no worker of the bucket.
    """
    body = {"worker_ip": worker_ip, "command": _line(command), "timeout_seconds": timeout}
    return _run("/worker/run", body, body["command"], check, timeout + connect_timeout)


def run_runner_target(
    target: str,
    *,
    worker_ip: str | None = None,
    job: str | None = None,
    timeout: float = 300,
    check: bool = True,
) -> CompletedCommand:
    """Runs a target of a job's Makefile as a deploy would; by default of this job, on this allocation's worker.

    Raises as :func:`run_ssh` does.
    """
    worker_ip = allocation_ip() if worker_ip is None else worker_ip
    job = job_name() if job is None else job
    body = {"worker_ip": worker_ip, "job": job, "target": target, "timeout_seconds": timeout}
    return _run("/worker/target", body, f"{job} {target}", check, timeout)


def find_bucket_root() -> str:
    """The bucket's directory on this machine: where ``maand.conf`` is, from here upward."""
    place, above = None, os.getcwd()
    while place != above:
        place, above = above, os.path.dirname(above)
        if os.path.isfile(os.path.join(place, "maand.conf")):
            return place
    raise MaandError("no maand.conf here or in any directory above: this is not inside a bucket")


def load_ssh() -> tuple[str, str, bool]:
    """How maand logs in to workers: ``(user, key_path, use_sudo)``. For other tools; :func:`run_ssh` needs none."""
    said = _request("GET", "/connection", "read the connection").json()
    return said["user"], said["key_path"], said["use_sudo"]


# Other names of the same

get_allocation_id = allocation_id
get_allocation_ip = allocation_ip
get_allocation_index = allocation_index
get_event = command_event
get_command = command_name
get_job = job_name
get_store_value = request_value
list_job_keys = request_job_keys
list_command_demands = request_command_demands
semaphore_status = request_semaphore_status
kv_get = request_value
kv_put = put_job_variable
kv_put_secret = put_job_secret
get_demands = request_command_demands
put_deploy_order = put_rollout_order
get_deploy_order = get_rollout_order
run_make_target = run_runner_target


# Inside

_writes: list[Response] = []


def _environment(name: str) -> str:
    value = os.environ.get(name, "")
    if value == "":
        raise MaandError(f"{name} is not in the environment: this library works in scripts that maand runs")
    return value


def _write(method: str, path: str, namespace: str, key: str, value: str | None = None) -> Response:
    body = {"namespace": namespace, "key": key}
    if method == "PUT":
        body["value"] = value
    word = "write" if method == "PUT" else "delete"
    return _request(method, path, f"{word} {namespace} {key}", body=body)


def _keys(namespace: str) -> list[str]:
    return sorted(request_job_keys(namespace).json()["namespaces"].get(namespace, []))


def _line(command: str | list[str]) -> str:
    if isinstance(command, str):
        return command
    import shlex

    return shlex.join(command)


def _run(path: str, body: dict, command: str, check: bool, seconds: float) -> CompletedCommand:
    asked = f"{command} on {body['worker_ip']}"
    said = _request("POST", path, asked, body=body, seconds=seconds + _REQUEST_SECONDS).json()
    result = CompletedCommand(command, said["exit"], said["stdout"], said["stderr"])
    if check and result.returncode != 0:
        last = (result.stderr.strip() or result.stdout.strip()).split("\n")[-1]
        raise CommandFailed(f"{asked}: exit code {result.returncode}{': ' if last else ''}{last}", result)
    return result


def _request(
    method: str,
    path: str,
    asked: str,
    *,
    query: dict | None = None,
    body: dict | None = None,
    seconds: float = _REQUEST_SECONDS,
) -> Response:
    """One request, straight to maand on this machine: no proxy of the environment is asked."""
    import http.client  # here, because a script that only reads its environment need not wait for it
    import socket
    from urllib.parse import quote, urlencode

    host, port = _environment("JOB_COMMAND_API_HOST"), int(_environment("JOB_COMMAND_API_PORT"))
    headers = {
        "Authorization": f"Bearer {_environment('JOB_COMMAND_API_TOKEN')}",
        "X-ALLOCATION-ID": allocation_id(),
        "EVENT": command_event(),
        "COMMAND": command_name(),
    }
    sent = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        sent = json.dumps(body).encode()
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, f"{path}?{urlencode(query, quote_via=quote)}" if query else path, sent, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode("utf-8", "replace")
    except socket.timeout:
        raise MaandError(f"{asked}: maand did not answer within {seconds:g} seconds") from None
    except (OSError, http.client.HTTPException) as cause:
        raise MaandError(f"{asked}: maand cannot be reached; its run may have ended ({cause})") from cause
    finally:
        connection.close()
    write = method != "GET" and path.startswith(("/kv", "/semaphore")) and not (method == "DELETE" and status == 404)
    response = Response(asked, status, text, must_be_seen=write)
    if response._unseen:
        _writes.append(response)
    return response


@atexit.register
def _end_unseen() -> None:
    unseen = [response for response in _writes if response._unseen]
    for response in unseen:
        print(f"maand: {response._refusal()}; the script did not check the response", file=sys.stderr)
    if unseen:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
