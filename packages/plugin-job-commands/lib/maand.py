"""The library for job commands in Python: ``import maand``.

maand puts this file next to the command's script, and starts the script with the required environment variables. The
library needs only the standard library of Python 3.9 or later. ``maand.ts`` is the same library for TypeScript.

The name of a function shows what it returns. ``get_...`` and ``find_...`` return a value, and raise an error if they
cannot. ``request_...``, ``put_...``, ``delete_...``, ``acquire_...`` and ``release_...`` return a :class:`Response`:
``.json()`` parses the response, and ``.raise_for_status()`` raises an :class:`ApiError` after a refusal. ``run_...``
returns a :class:`CompletedCommand`. If a write is refused and the script does not check its response, the script ends
with exit code 1. Times are in seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # for editors only, because the import would slow down every script
    from collections.abc import Iterator
    from typing import Any

SEMAPHORE_SECONDS = 600
"""How long :func:`acquire_semaphore` waits by default, including with a time of zero."""

LONGEST_SEMAPHORE_SECONDS = 3600
"""The maximum time that :func:`acquire_semaphore` waits."""

_REQUEST_SECONDS = 30
"""How long maand may take to respond, in addition to a requested wait."""


class MaandError(Exception):
    """The base of all errors that this library raises."""


class ApiError(MaandError):
    """maand refused a request, or failed to carry it out; ``response`` contains its answer."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response
        self.status_code = response.status_code


class KvError(ApiError):
    """A value could not be read; ``namespace`` and ``key`` identify it. ``status_code`` is 404 if it does not exist."""

    def __init__(self, message: str, response: Response, namespace: str, key: str) -> None:
        super().__init__(message, response)
        self.namespace = namespace
        self.key = key


class CommandFailed(MaandError):
    """A command on a worker ended with an exit code other than 0; ``result`` is its :class:`CompletedCommand`."""

    def __init__(self, message: str, result: CompletedCommand) -> None:
        super().__init__(message)
        self.result = result
        self.returncode = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr


class Response:
    """A response from maand."""

    def __init__(self, asked: str, status: int, text: str, *, must_be_seen: bool = False) -> None:
        self._asked = asked
        self._status = status
        self._text = text
        self._unseen = must_be_seen and not 200 <= status < 300

    @property
    def status_code(self) -> int:
        """The HTTP status: 200 after a success, 404 if the name does not exist, 400 if the request was refused."""
        self._unseen = False
        return self._status

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """The text of the response: JSON, nothing after a write, or a sentence with the reason for a refusal."""
        self._unseen = False
        return self._text

    def json(self) -> Any:
        """The response, parsed as JSON. Raises :class:`ApiError` if the request was refused."""
        self.raise_for_status()
        return json.loads(self._text)

    def raise_for_status(self) -> None:
        """Raises :class:`ApiError` unless the request succeeded."""
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
    """A command that ended on a worker: ``args`` as requested, ``returncode``, ``stdout`` and ``stderr`` as text."""

    def __init__(self, args: str, returncode: int, stdout: str, stderr: str) -> None:
        self.args = args
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self) -> str:
        return f"CompletedCommand(args={self.args!r}, returncode={self.returncode})"


# The context of the script


def allocation_id() -> str:
    """The id of the allocation for which the script runs. It never changes for this job on this worker."""
    return _environment("ALLOCATION_ID")


def allocation_ip() -> str:
    """The host of the allocation's worker, as in ``workers.json``."""
    return _environment("ALLOCATION_IP")


def allocation_index() -> int:
    """
    The allocation's index among those of its job: 0, 1, 2, ... Raises if the allocation is being removed and has none.
    """
    return int(_environment("ALLOCATION_INDEX"))


def job_name() -> str:
    """The job that the script belongs to."""
    return _environment("JOB")


def command_event() -> str:
    """The event at which the script runs, such as ``pre_deploy``."""
    return _environment("EVENT")


def command_name() -> str:
    """The name of the command, ``command_...``."""
    return _environment("COMMAND")


def is_allocation_disabled() -> bool:
    """Whether the allocation is disabled."""
    return os.environ.get("DISABLED", "0") == "1"


# Values


def get_kv_value(namespace: str, key: str) -> str:
    """
    Returns a value. Raises :class:`KvError`, which names namespace and key, if it does not exist or cannot be read.
    """
    value = find_kv_value(namespace, key)
    if value is not None:
        return value
    response = Response(f"read {namespace} {key}", 404, "there is no such key")
    raise KvError(response._refusal(), response, namespace, key)


def find_kv_value(namespace: str, key: str) -> str | None:
    """Returns a value, or ``None`` if it does not exist. Raises :class:`KvError` if the job may not read it."""
    response = request_value(namespace, key)
    if response.ok:
        return response.json()["value"]
    if response.status_code == 404:
        return None
    raise KvError(response._refusal(), response, namespace, key)


def get_job_variable_keys() -> list[str]:
    """Returns the sorted keys of the job's variables. Raises :class:`ApiError`."""
    return _keys(f"vars/job/{job_name()}")


def get_job_secret_keys() -> list[str]:
    """Returns the sorted keys of the job's secrets. Raises :class:`ApiError`."""
    return _keys(f"secrets/job/{job_name()}")


def request_value(namespace: str, key: str) -> Response:
    """Reads the value ``.json()["value"]``. The status is 404 if it does not exist, 400 if the job may not read it."""
    return _request("GET", "/kv", f"read {namespace} {key}", query={"namespace": namespace, "key": key})


def put_job_variable(key: str, value: str) -> Response:
    """Writes a variable of the job, without blanks around its value. maand stores it if the script succeeds."""
    return _write("PUT", "/kv", f"vars/job/{job_name()}", key, value)


def delete_job_variable(key: str) -> Response:
    """Deletes a variable of the job. The status is 404 if it does not exist."""
    return _write("DELETE", "/kv", f"vars/job/{job_name()}", key)


def put_job_secret(key: str, value: str) -> Response:
    """Writes a secret of the job, exactly as given. maand encrypts it, and masks it in all output."""
    return _write("PUT", "/kv/secret", f"secrets/job/{job_name()}", key, value)


def delete_job_secret(key: str) -> Response:
    """Deletes a secret of the job. The status is 404 if it does not exist."""
    return _write("DELETE", "/kv/secret", f"secrets/job/{job_name()}", key)


def request_job_keys(namespace: str | None = None) -> Response:
    """Requests the keys of the job's variables, secrets, or both: ``.json()["namespaces"][namespace]``."""
    return _request("GET", "/kv/keys", "list keys", query={} if namespace is None else {"namespace": namespace})


def put_rollout_order(workers: str | list[str]) -> Response:
    """Sets the order of upgrades: all workers of the job, as a list or with commas. Works in ``pre_deploy``."""
    order = workers if isinstance(workers, str) else ",".join(workers)
    return _write("PUT", "/kv", f"maand/job/{job_name()}", "rollout_order", order)


def get_rollout_order() -> list[str]:
    """Returns the current order as a list of workers. Raises :class:`KvError` if it cannot be read."""
    order = get_kv_value(f"maand/job/{job_name()}", "rollout_order")
    return [worker.strip() for worker in order.split(",") if worker.strip()]


def get_command_demands() -> list[dict[str, Any]]:
    """
    Returns the demands for this command: a list of ``{"job", "command", "demand_config"}``. Raises :class:`ApiError`.
    """
    return request_command_demands().json()


def request_command_demands() -> Response:
    """Requests the demands for this command: ``.json()`` is the list of :func:`get_command_demands`."""
    return _request("GET", "/demands", "list demands")


# Semaphores


def acquire_semaphore(name: str, capacity: int = 1, timeout_seconds: float = SEMAPHORE_SECONDS) -> Response:
    """Waits until fewer than ``capacity`` scripts of this job and event hold the semaphore, and then acquires it.

    The status is 408 if the wait times out, and 409 if the other scripts use another capacity. Check the status, or call
    ``.raise_for_status()``; otherwise the script fails at its end. The semaphore is released when the script ends in any
    way.
    """
    waited = min(timeout_seconds if timeout_seconds > 0 else SEMAPHORE_SECONDS, LONGEST_SEMAPHORE_SECONDS)
    body = {"name": name, "capacity": capacity, "timeout_seconds": timeout_seconds}
    seconds = waited + _REQUEST_SECONDS
    return _request("POST", "/semaphore/acquire", f"acquire {name}", body=body, seconds=seconds)


def release_semaphore(name: str) -> Response:
    """Releases a semaphore. The status is 409 if the script does not hold it."""
    return _request("POST", "/semaphore/release", f"release {name}", body={"name": name})


def get_semaphore_status(name: str) -> dict[str, Any]:
    """Returns ``capacity``, ``holders``, ``waiting`` and ``available`` of a semaphore. Raises :class:`ApiError`."""
    return request_semaphore_status(name).json()


def request_semaphore_status(name: str) -> Response:
    """Requests the status of a semaphore: ``.json()`` is the value of :func:`get_semaphore_status`."""
    return _request("GET", "/semaphore/status", f"status of {name}", query={"name": name})


@contextlib.contextmanager
def semaphore(name: str, capacity: int = 1, timeout_seconds: float = SEMAPHORE_SECONDS) -> Iterator[None]:
    """``with semaphore("migrate"):`` holds the semaphore during the block, and releases it even if the block raises.

    Raises :class:`ApiError` if the semaphore cannot be acquired; the block does not begin then.
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
    """Runs a command with bash on a worker of the bucket, as the user that runs Makefiles, over maand's connection.

    Each word of a list is quoted; a text is a command line for bash, which may be compound. Raises :class:`CommandFailed`
    for an exit code other than 0 unless ``check=False``, and :class:`ApiError` if the worker is unreachable (502), the
    command times out (504), or the host is not a worker of the bucket.
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

    Raises the same errors as :func:`run_ssh`.
    """
    worker_ip = allocation_ip() if worker_ip is None else worker_ip
    job = job_name() if job is None else job
    body = {"worker_ip": worker_ip, "job": job, "target": target, "timeout_seconds": timeout}
    return _run("/worker/target", body, f"{job} {target}", check, timeout)


def find_bucket_root() -> str:
    """Returns the bucket's directory on this machine: the current one, or one above it, with ``maand.conf``."""
    place, above = None, os.getcwd()
    while place != above:
        place, above = above, os.path.dirname(above)
        if os.path.isfile(os.path.join(place, "maand.conf")):
            return place
    raise MaandError("no maand.conf here or in any directory above: this is not inside a bucket")


def load_ssh() -> tuple[str, str, bool]:
    """
    Returns maand's login to workers, ``(user, key_path, use_sudo)``, for other tools; :func:`run_ssh` does not need it.
    """
    said = _request("GET", "/connection", "read the connection").json()
    return said["user"], said["key_path"], said["use_sudo"]


# Aliases

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


# Internal functions

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
    """Sends one request directly to maand on this machine, without a proxy from the environment."""
    import http.client  # here, because scripts that only read their environment do not need it
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
