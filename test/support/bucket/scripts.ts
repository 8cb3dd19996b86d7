import { join } from "node:path";
import { linesOf, type Scratch } from "./scratch.ts";

/**
 * The module that scripts of tests import. `call` sends plain HTTP, like a script without a library. `note` appends a
 * line to the bucket's `notes` atomically.
 */
const SCRIPT_LIBRARY = `import json, os, time, urllib.error, urllib.request

E = os.environ
JOB, IP, COMMAND = E["JOB"], E["ALLOCATION_IP"], E["COMMAND"]
API = "http://%s:%s" % (E["JOB_COMMAND_API_HOST"], E["JOB_COMMAND_API_PORT"])
VARS, SECRETS = "vars/job/" + JOB, "secrets/job/" + JOB


def ask(method, path, **body):
    request = urllib.request.Request(API + path, method=method, data=json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + E["JOB_COMMAND_API_TOKEN"])
    try:
        with urllib.request.urlopen(request) as answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def call(method, path, **body):
    status, answer = ask(method, path, **body)
    if status != 200:
        raise SystemExit("%s %s: %s %s" % (method, path, status, answer))
    return answer


def root():
    place = os.getcwd()
    while not os.path.exists(os.path.join(place, "maand.conf")):
        place = os.path.dirname(place)
    return place


def there(name):
    return os.path.exists(os.path.join(root(), name))


def note(text):
    file = os.open(os.path.join(root(), "notes"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, (text + "\\n").encode())
    os.close(file)


def wait_for(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    raise SystemExit("waited in vain")
`;

/** The Python scripts of a job by command. Each imports everything from `script_library`. */
export function scripts(commands: Readonly<Record<string, string>>): Record<string, string> {
  const files = Object.entries(commands).map(([command, text]): [string, string] => [
    `_modules/${command}.py`,
    `from script_library import *\n${text}`,
  ]);
  return { "_modules/script_library.py": SCRIPT_LIBRARY, ...Object.fromEntries(files) };
}

/** The field `commands` of a manifest, from the events of each command. */
export function executedOn(events: Readonly<Record<string, readonly string[]>>) {
  return Object.fromEntries(Object.entries(events).map(([command, names]) => [command, { executed_on: names }]));
}

/** The lines that scripts have written to the file `notes` of a bucket. */
export function notesOf({ root }: Pick<Scratch, "root">): string[] {
  return linesOf(join(root, "notes"));
}
