import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  COMMAND_EVENTS,
  type CommandEvent,
  isCommandEvent,
} from "../../packages/core/src/domain/manifest/command-events.ts";
import * as library from "../../packages/plugin-job-commands/lib/maand.ts";
import { COMMAND_LANGUAGES, commandScript } from "../../packages/plugin-operations/src/scaffold/command-script.ts";
import { codeIn, page, tableRows } from "../docs/pages.ts";
import type { LibraryCase } from "../support/hook-libraries/library-case.ts";
import { HOOK_ENV } from "../support/hook-libraries/library-case.ts";
import { type Modules, modules, ours } from "../support/hook-libraries/modules.ts";
import { type RecordingApi, recordingApi } from "../support/hook-libraries/recording-api.ts";

/** The cases that both libraries for job commands must handle in the same way. */
const CASES: readonly LibraryCase[] = JSON.parse(ours("cases.json"));
const PYTHON = readFileSync(
  fileURLToPath(new URL("../../packages/plugin-job-commands/lib/maand.py", import.meta.url)),
  "utf8",
);

let place: Modules;

beforeAll(() => {
  place = modules();
  for (const name of ["drive.py", "drive.ts", "cases.json"]) place.put(name, ours(name));
});

afterAll(() => place.dispose());

describe.each(["drive.py", "drive.ts"])("the library, called by %s", (driver) => {
  let api: RecordingApi;
  let results: readonly (Record<string, unknown> | undefined)[];

  beforeAll(async () => {
    api = await recordingApi((token) => CASES[Number(token)]?.answers ?? []);
    const outcomes = join(place.bucket, `${driver}.outcomes`);
    const { JOB_COMMAND_API_TOKEN: _, ...env } = reaching(api);
    expect(await place.run(driver, { env: { ...env, OUTCOMES: outcomes } })).toMatchObject({ code: 0, stderr: "" });
    results = readFileSync(outcomes, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  });

  afterAll(() => api.close());

  it.each(CASES.map((given, number) => ({ ...given, number })))("$name", ({ number, requests, returns, raises }) => {
    const received = api.received(String(number));
    expect(received.map(({ headers, ...request }) => request)).toEqual(requests);
    for (const { headers } of received)
      expect(headers).toEqual({
        "x-allocation-id": HOOK_ENV.ALLOCATION_ID,
        event: HOOK_ENV.EVENT,
        command: HOOK_ENV.COMMAND,
      });
    if (raises)
      expect(results[number]).toEqual({ raises: { ...raises, message: expect.stringMatching(begins(raises)) } });
    else expect(results[number]).toEqual({ returns: returns === "<bucket>" ? place.bucket : returns });
  });

  function begins({ message }: NonNullable<LibraryCase["raises"]>): RegExp {
    return new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
  }
});

describe("the response to a refused request", () => {
  const refused = { status: 400, text: "nothing is written during health_check\n" };
  const printed =
    "maand: write vars/job/api leader: nothing is written during health_check (400); the script did not check the response\n";

  it.each([
    ["unseen.py", 'import maand\nprint("before", end="")\nmaand.put_job_variable("leader", "x")\n'],
    [
      "unseen.ts",
      'import { putJobVariable } from "./maand";\nconsole.log("before");\nawait putJobVariable("leader", "x");\n',
    ],
  ])("makes a script that does not check it fail: %s", async (name, text) => {
    const { code, stdout, stderr } = await run(name, text);
    expect({ code, out: stdout.trim(), stderr }).toEqual({ code: 1, out: "before", stderr: printed });
  });

  it.each([
    ["turn.py", 'import maand\nmaand.acquire_semaphore("migrate")\n'],
    ["turn.ts", 'import { acquireSemaphore } from "./maand";\nawait acquireSemaphore("migrate");\n'],
  ])("to acquire a semaphore makes a script that does not check it fail: %s", async (name, text) => {
    const { code, stderr } = await run(name, text);
    expect(code).toBe(1);
    expect(stderr).toContain("maand: acquire migrate: ");
    expect(stderr).toContain("the script did not check the response");
  });

  it.each([
    ["seen.py", 'import maand\nprint(maand.put_job_variable("leader", "x").status_code)\n'],
    [
      "seen.ts",
      'import { putJobVariable } from "./maand.ts";\nconsole.log((await putJobVariable("leader", "x")).status);\n',
    ],
  ])("has no effect on a script that checks it: %s", async (name, text) => {
    expect(await run(name, text)).toMatchObject({ code: 0, stdout: "400\n", stderr: "" });
  });

  it.each([
    ["raised.py", 'import maand\nmaand.put_job_variable("leader", "x").raise_for_status()\n'],
    [
      "raised.js",
      'import { putJobVariable } from "./maand";\n(await putJobVariable("leader", "x")).raiseForStatus();\n',
    ],
  ])("can be raised as an error: %s", async (name, text) => {
    const { code, stderr } = await run(name, text);
    expect(code).toBe(1);
    expect(stderr).toContain("ApiError: write vars/job/api leader: nothing is written during health_check (400)");
    expect(stderr).not.toContain("did not check");
  });

  async function run(name: string, text: string) {
    const api = await recordingApi(() => [refused]);
    onTestFinished(api.close);
    place.put(name, text);
    return place.run(name, { env: reaching(api) });
  }
});

it("a script that uses a response as a value gets an error that names the right functions", async () => {
  const api = await recordingApi(() => [{ status: 200, text: '{"namespaces":{}}' }]);
  onTestFinished(api.close);
  place.put(
    "value.py",
    `import maand
for use in (list, lambda keys: keys["x"], lambda keys: "x" in keys):
    try:
        use(maand.list_job_keys())
    except TypeError as error:
        print(error)
`,
  );
  const sentence = 'this is the response to "list keys", not its value: use .json(), or a get_... function\n';
  expect(await place.run("value.py", { env: reaching(api) })).toMatchObject({ code: 0, stdout: sentence.repeat(3) });
});

describe("the generated script of a new command", () => {
  const done = { status: 200, text: JSON.stringify({ exit: 0, stdout: "", stderr: "" }) };
  const keys = { status: 200, text: '{"namespaces":{"secrets/job/api":[]}}' };
  const paths: Readonly<Record<CommandEvent, readonly string[]>> = {
    post_build: ["/worker/run"],
    pre_deploy: ["/kv/keys", "/kv/secret"],
    post_deploy: ["/worker/run"],
    job_control: ["/worker/target"],
    health_check: ["/worker/target"],
    cli: ["/worker/run"],
    after_allocation_started: ["/worker/run"],
    after_allocation_stopped: ["/worker/run"],
  };
  const kinds = Object.keys(COMMAND_EVENTS).filter(isCommandEvent);

  describe.each(kinds.flatMap((event) => COMMAND_LANGUAGES.map((language) => ({ event, language }))))(
    "$event, $language",
    ({ event, language }) => {
      const text = commandScript({ job: "api", command: "command_lead", events: [event, "cli"] }, language);

      it("works unchanged", async () => {
        const printed = { code: 0, stdout: `${event} of api on 10.0.0.1\n`, stderr: "" };
        expect(await run(text)).toMatchObject({ ...printed, paths: [] });
      });

      it("works with its example uncommented", async () => {
        const [before = "", example = ""] = text.split(/(?<=remove the leading "(?:#|\/\/)":\n)/);
        const used = before + example.replace(language === "py" ? /^#/gm : /^\/\//gm, "");
        expect(await run(used)).toMatchObject({ code: 0, stderr: "", paths: paths[event] });
      });

      async function run(script: string) {
        const api = await recordingApi(() => (event === "pre_deploy" ? [keys, done] : [done]));
        onTestFinished(api.close);
        const name = `command_lead.${language}`;
        place.put(name, script);
        const control = { NEW_ALLOCATIONS: "10.0.0.1", UPDATED_ALLOCATIONS: "10.0.0.2", ALLOCATION_INDEX: "0" };
        const ended = await place.run(name, { env: { ...control, ...reaching(api), EVENT: event } });
        return { ...ended, paths: api.received("any").map(({ path }) => path.replace(/\?.*/, "")) };
      }
    },
  );
});

/** The environment in which a script reaches this server. */
function reaching({ port }: RecordingApi): Record<string, string> {
  return { JOB_COMMAND_API_HOST: "127.0.0.1", JOB_COMMAND_API_PORT: String(port), JOB_COMMAND_API_TOKEN: "any" };
}

describe("the libraries", () => {
  it("have the same functions, with names in the style of each language", async () => {
    place.put("names.py", "import maand\nprint([name for name in vars(maand) if callable(getattr(maand, name))])\n");
    const { stdout } = await place.run("names.py");
    const python = [...stdout.matchAll(/'([a-z]\w*)'/g)].map(([, name = ""]) => name);
    const camel = (word: string) => word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const typescript = Object.keys(library).filter((name) => /^[a-z]/.test(name));
    expect(python.map(camel).sort()).toEqual(typescript.sort());
    expect(python.length).toBeGreaterThan(35);
  });

  it("import only the standard library", () => {
    const imported = [...PYTHON.matchAll(/^\s*(?:import|from) (\w+)/gm)].map(([, name = ""]) => name);
    const standard = [
      "__future__",
      "atexit",
      "collections",
      "contextlib",
      "http",
      "json",
      "os",
      "shlex",
      "socket",
      "sys",
      "typing",
      "urllib",
    ];
    expect([...new Set(imported)].sort()).toEqual(standard);
    const typescript = readFileSync(
      fileURLToPath(new URL("../../packages/plugin-job-commands/lib/maand.ts", import.meta.url)),
      "utf8",
    );
    expect(
      [...typescript.matchAll(/^(?:import|export) [^;]*? from "([^"]+)"/gm)]
        .map(([, name]) => name)
        .filter((name) => !name?.startsWith("node:")),
    ).toEqual([]);
  });

  it("maand.py is valid Python 3.9, and documents each function and its return value", async () => {
    place.put(
      "grammar.py",
      `import ast
tree = ast.parse(open("maand.py").read(), feature_version=(3, 9))
functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
bare = [node.name for node in functions if isinstance(node, ast.FunctionDef) and node.returns is None]
print([node.name for node in functions if not node.name.startswith("_") and not ast.get_docstring(node)], bare, len(functions))
`,
    );
    expect((await place.run("grammar.py")).stdout).toMatch(/^\[\] \[\] [3-9]\d\n$/);
  });
});

describe("docs/job-commands-library.md", () => {
  const tables = page("docs/job-commands-library.md")
    .text.split(/\n\n+/)
    .filter((part) => part.startsWith("| Python |"));
  const rows = tables.flatMap((text) => tableRows({ path: "", text }, "Python", "TypeScript"));
  const words = (at: number) => rows.map((row) => codeIn(row[at] ?? "")[0] ?? "");
  const names = (at: number) => words(at).map((word) => word.replace(/\(.*/, ""));

  it("documents exactly the functions of both libraries", async () => {
    expect(names(0).sort()).toEqual((await pythonFunctions()).map(({ name }) => name).sort());
    expect(names(1).sort()).toEqual(
      Object.keys(library)
        .filter((name) => /^[a-z]/.test(name))
        .sort(),
    );
  });

  it("shows the parameters of Python", async () => {
    const written = words(0).filter((word) => word.includes("("));
    const there = new Map((await pythonFunctions()).map(({ name, parameters }) => [name, `${name}(${parameters})`]));
    expect(written).toEqual(written.map((word) => there.get(word.replace(/\(.*/, ""))));
    expect(written.length).toBeGreaterThan(20);
  });

  it("lists the aliases of functions", () => {
    const others = rows.filter(([python = ""]) => !python.includes("("));
    for (const [python = "", typescript = "", of = ""] of others) {
      const [, alias = "", own = ""] = [...codeIn(python), ...codeIn(typescript), ...codeIn(of)].join(" ").split(" ");
      const camel = own.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const named = new Map<string, unknown>(Object.entries(library));
      expect(named.get(alias), alias).toBe(named.get(camel));
    }
    expect(others.length).toBe(17);
  });

  it("lists every error", () => {
    const errors = tableRows(page("docs/job-commands-library.md"), "Error", "Meaning").flatMap(([error = ""]) =>
      codeIn(error),
    );
    const classes = Object.entries(library).filter(([, value]) => value === library.MaandError || isErrorClass(value));
    expect(errors.sort()).toEqual(classes.map(([name]) => name).sort());
  });

  function isErrorClass(value: unknown): boolean {
    return typeof value === "function" && value.prototype instanceof library.MaandError;
  }

  async function pythonFunctions(): Promise<readonly { readonly name: string; readonly parameters: string }[]> {
    place.put(
      "functions.py",
      `import inspect, json, maand
def parameters(function):
    own = inspect.signature(function).parameters.values()
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in own]
    return str(inspect.Signature(plain))[1:-1]
own = {name: value for name, value in vars(maand).items() if inspect.isfunction(value) and not name.startswith("_")}
print(json.dumps([{"name": name, "parameters": parameters(value)} for name, value in own.items()]))
`,
    );
    return JSON.parse((await place.run("functions.py")).stdout);
  }
});
