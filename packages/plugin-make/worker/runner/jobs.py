"""Which jobs a request is for, and whether they are here."""


def chosen(request):
    """The jobs a request names, or all of this worker's; a disabled one is not started unless it is named."""
    if request.jobs is not None:
        return request.jobs
    starts = request.target in ("start", "restart")
    return [job for job, disabled in listed() if not (starts and disabled)]


def listed():
    """Jobs of this worker with whether they are disabled, as the last deploy delivered them."""
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


# Stands for the worker itself where a name of a job is expected; no job can have it.
WHOLE_WORKER = "+worker"


def is_name_of_job(job):
    return job not in ("", ".", "..") and "/" not in job


def must_be_here(job, target):
    """Fails unless the job is here; one that was removed needs no entry in jobs.json to be stopped."""
    stopping = target == "stop"
    makefile = os.path.join(directory_of(job), "Makefile")
    if is_name_of_job(job) and os.path.isfile(makefile):
        if stopping or job in [name for name, _ in listed()]:
            return
        reason = "it is not in jobs.json"
    else:
        reason = "its Makefile here is not a file" if os.path.exists(makefile) else "it has no Makefile here"
    raise Failure(NOT_HERE, "%s: %s; %s" % (job, reason, "nothing was stopped" if stopping else "run maand deploy --verify"))
