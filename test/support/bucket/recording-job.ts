import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CAREFUL_MAKEFILE } from "./careful-makefile.ts";
import { linesOf, type Scratch } from "./scratch.ts";

/** The file to which the scripts of a bucket's jobs write their events and allocations. */
export const logOf = (bucket: Scratch) => join(bucket.root, "hooks.log");

/** The sorted events since the last call, such as `pre_deploy 127.0.1.1`. */
export function ran(bucket: Scratch): string[] {
  const lines = linesOf(logOf(bucket)).sort();
  writeFileSync(logOf(bucket), "");
  return lines;
}

/**
 * A command that records its event and allocation, and then runs `body`. In `body`, `here` is the bucket's directory.
 */
function command(bucket: Scratch, body = ""): string {
  return `import json, os, time, urllib.request
here = ${JSON.stringify(bucket.root)}
with open(here + "/hooks.log", "a") as log:
    log.write("%s %s\\n" % (os.environ["EVENT"], os.environ["ALLOCATION_IP"]))

def put(key, value):
    url = "http://%s:%s/kv" % (os.environ["JOB_COMMAND_API_HOST"], os.environ["JOB_COMMAND_API_PORT"])
    body = {"namespace": "vars/job/" + os.environ["JOB"], "key": key, "value": value}
    head = {"Authorization": "Bearer " + os.environ["JOB_COMMAND_API_TOKEN"], "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), head, method="PUT")).read()

${body}
`;
}

/** Writes a job whose command runs at these events. */
export function writeJob(
  bucket: Scratch,
  name: string,
  {
    events,
    body = "",
    files = {},
    ...manifest
  }: { events: readonly string[]; body?: string; files?: Record<string, string>; [key: string]: unknown },
): void {
  bucket.job(
    name,
    { version: "1.0.0", selectors: ["worker"], commands: { command_record: { executed_on: events } }, ...manifest },
    { "_modules/command_record.py": command(bucket, body), Makefile: CAREFUL_MAKEFILE, ...files },
  );
}
