import { aFile, aJob, validateContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { validateApiPort } from "./validate-api-port.ts";

/** Where problems are found in the scripts of a job. */
function found(files: Readonly<Record<string, string>>, commands = [{ name: "command_x", executedOn: ["cli"] }]) {
  const entries = new Map(Object.entries(files).map(([name, text]) => [`_modules/${name}`, text]));
  const job = aJob({ commands, files: [...entries.keys()].map((path) => aFile({ path })) });
  const context = validateContext({ jobs: [job], read: ({ path }) => Buffer.from(entries.get(path) ?? "") });
  validateApiPort(context);
  return context.problems.map(({ level, code, where }) => `${level} ${code} ${where}`);
}

const FILE = "warning fixed_api_port workspace/jobs/api/_modules";

it.each([
  ["command_x.py", 'import requests\nr = requests.get("http://localhost:8080/kv", json={})\n', 2],
  ["command_x.py", "import os\n\nurl = f\"http://{os.environ['JOB_COMMAND_API_HOST']}:8080/kv\"\n", 3],
  ["client.py", 'import os\nHOST = os.environ["JOB_COMMAND_API_HOST"]\nPORT = 8080\n', 3],
  ["command_x.ts", 'await fetch("http://127.0.0.1:8080/kv/secret");\n', 1],
  ["run.sh", "curl -s http://localhost:8080/kv\n", 1],
])("%s gets a warning with the line that uses port 8080 on this machine", (name, text, line) => {
  expect(found({ [name]: text })).toEqual([`${FILE}/${name}:${line}`]);
});

it.each([
  ["command_x.py", 'import maand\nmaand.get_kv_value("vars/job/api", "leader")\n'],
  ["command_x.py", 'url = f"http://{ip}:8080/health"\n'],
  ["command_x.py", '# it was http://localhost:8080 once\nport = os.environ["JOB_COMMAND_API_PORT"]\n'],
  ["command_x.py", 'connect("localhost:18080")\n'],
  ["notes.md", "http://localhost:8080/kv\n"],
])("%s gets no warning for %j", (name, text) => expect(found({ [name]: text })).toEqual([]));

it("a job without commands gets no warning for files in _modules", () =>
  expect(found({ "x.py": 'get("http://localhost:8080/kv")\n' }, [])).toEqual([]));
