"""The jobs of a request, and whether they are on this worker."""


def chosen(request):
    """The jobs that a request names, or all jobs of this worker. A disabled job is started only if it is named."""
    if request.jobs is not None:
        return request.jobs
    starts = request.target in ("start", "restart")
    return [job for job, disabled in listed() if not (starts and disabled)]


def listed():
    """The jobs of this worker, each with whether it is disabled, as the last deploy delivered them."""
    path = os.path.join(ROOT, "jobs.json")
    try:
        with open(path, "rb") as file:
            return [(entry["job"], bool(entry.get("disabled"))) for entry in read_json(file.read().decode())]
    except FileNotFoundError:
        return []
    except Exception as error:
        raise Failure(NOT_HERE, "%s cannot be read: %s" % (path, error)) from None


def directory_of(job):
    return ROOT if job == WHOLE_WORKER else os.path.join(ROOT, "jobs", job)


# Represents the worker itself where the name of a job is expected; no job can have this name.
WHOLE_WORKER = "+worker"


def is_name_of_job(job):
    return job not in ("", ".", "..") and "/" not in job


def must_be_here(job, target):
    """Fails unless the job is here. A removed job needs no entry in jobs.json to be stopped."""
    stopping = target == "stop"
    makefile = os.path.join(directory_of(job), "Makefile")
    if is_name_of_job(job) and os.path.isfile(makefile):
        if stopping or job in [name for name, _ in listed()]:
            return
        reason = "it is not in jobs.json"
    else:
        reason = "its Makefile here is not a file" if os.path.exists(makefile) else "it has no Makefile here"
    raise Failure(NOT_HERE, "%s: %s; %s" % (job, reason, "nothing was stopped" if stopping else "run maand deploy --verify"))
