import { afterAll, beforeAll, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";

const HOST = "127.0.0.61";

/** A script for the Go program, which checks the status of each response. */
const TURNS = `from maand import acquire_semaphore, release_semaphore
first = acquire_semaphore("migrate", capacity=1)
print("first", first.status_code)
print("wide", acquire_semaphore("migrate", capacity=2).status_code)
print("given back", release_semaphore("migrate").status_code)
print("again", release_semaphore("migrate").status_code)
`;

let bucket: Scratch;

beforeAll(async () => {
  bucket = await scratch();
  bucket.workers({ host: HOST, transport: "local" });
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"], commands: { command_turns: { executed_on: ["cli"] } } },
    { "_modules/command_turns.py": TURNS },
  );
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
});

afterAll(() => bucket.dispose());

it("a semaphore responds with 200 or 409, and the script handles the response", async () => {
  const { code, stderr } = await bucket.maand("job_command", "command_turns", "api");
  expect(code).toBe(0);
  for (const line of ["first 200", "wide 409", "given back 200", "again 409"]) expect(stderr).toContain(line);
});

it("maand job_command is an alias of maand jobcommand", async () => {
  expect(await bucket.maand("job_command")).toEqual(await bucket.maand("jobcommand"));
});

it("the log contains the same lines about skipped jobs and the check of workers as before", async () => {
  await bucket.maand("deploy");
  await bucket.maand("job", "restart", "api");
  const logs = (await bucket.maand("logs", "show")).stdout;
  expect(logs).toMatch(/ event=deploy_skip .* job=api .*reason=already_promoted/);
  expect(logs).toMatch(new RegExp(` worker=${HOST} phase=validate action=worker_sync .*exit=0`));
});

it("a build warns about a script that uses port 8080, and names the line", async () => {
  const other = bucket.copy();
  other.write("workspace/jobs/api/_modules/client.py", 'import requests\n\nURL = "http://localhost:8080/kv"\n');
  const { code, stderr } = await other.maand("build");
  expect(code).toBe(0);
  expect(stderr).toContain("workspace/jobs/api/_modules/client.py:3: uses port 8080");
  expect((await other.maand("build", "--strict")).code).toBe(2);
  other.dispose();
});

it("a build accepts requirements that python3 provides, and names missing ones", async () => {
  const other = bucket.copy();
  other.write("workspace/jobs/api/_modules/requirements.txt", "json\nsqlite3 # part of Python\n");
  expect(await other.maand("build")).toMatchObject({ code: 0 });
  other.write("workspace/jobs/api/_modules/requirements.txt", "json\nno-such-package>=1\n");
  const { code, stderr } = await other.maand("build");
  expect(code).toBe(2);
  expect(stderr).toContain("nor found by python3: no-such-package");
  other.dispose();
});

it("masking never changes job names, hosts and hints, even if they are equal to a secret", async () => {
  const other = bucket.copy();
  const script = `import maand\nfor key, value in (("a", "gateway"), ("b", "${HOST}"), ("c", "maand deploy")):\n    maand.put_job_secret(key, value).raise_for_status()\n`;
  other.job(
    "gateway",
    { version: "1.0.0", selectors: ["worker"], commands: { command_put: { executed_on: ["pre_deploy"] } } },
    {
      "_modules/command_put.py": script,
      "app.conf.tpl": '{{ getSecret "a" }} {{ getSecret "b" }} {{ getSecret "c" }}\n',
    },
  );
  expect(await other.maand("deploy", "--build")).toMatchObject({ code: 0 });
  other.write("workspace/jobs/gateway/Makefile", "start stop reload status:\n\t@true\nrestart:\n\t@exit 3\n");
  const { code, stderr } = await other.maand("deploy", "--build");
  expect(code).toBe(1);
  expect(stderr).toContain(`gateway@${HOST}`);
  expect(stderr).not.toContain("•");
  other.dispose();
});
