import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { aFile, aJob, validateContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { validateNeeds } from "./validate-needs.ts";

const MODULES = "workspace/jobs/api/_modules";

/** The python3 of this machine. */
const PYTHON = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-needs-"));
  vi.stubEnv("PATH", join(root, "bin"));
  program("bin/python3");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** Writes an executable file into the bucket. */
function program(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
  chmodSync(join(root, path), 0o755);
}

/** The problems of a job that has one command and these files in its `_modules/`. */
function found(files: Readonly<Record<string, string>>, runtime?: string) {
  return problemsOf(files, runtime).map(({ level, code, where, hint }) => ({ level, code, where, hint }));
}

function problemsOf(files: Readonly<Record<string, string>>, runtime?: string) {
  const entries = new Map(Object.entries(files).map(([name, text]) => [`_modules/${name}`, text]));
  const command = { executed_on: ["cli"], ...(runtime === undefined ? {} : { runtime }) };
  const job = aJob({
    commands: [{ name: "command_x", executedOn: ["cli"] }],
    manifest: { commands: { command_x: command } },
    files: [...entries.keys()].map((path) => aFile({ path })),
  });
  const context = validateContext({
    bucket: { root },
    jobs: [job],
    read: ({ path }) => Buffer.from(entries.get(path) ?? ""),
  });
  validateNeeds(context);
  return context.problems;
}

const venv = `python3 -m venv ${MODULES}/.venv && ${MODULES}/.venv/bin/pip install -r ${MODULES}/requirements.txt`;

describe("a command in Python", () => {
  it("needs only python3", () => expect(found({ "command_x.py": "" })).toEqual([]));

  it("is refused without python3", () => {
    rmSync(join(root, "bin"), { recursive: true });
    expect(found({ "command_x.py": "" })).toEqual([
      { level: "error", code: "missing_interpreter", where: MODULES, hint: "install python3" },
    ]);
  });

  it.each([".venv/bin/python3", ".venv/bin/python", "venv/bin/python3", "venv/bin/python"])(
    "uses the job's own %s if python3 is not installed",
    (python) => {
      rmSync(join(root, "bin"), { recursive: true });
      program(`${MODULES}/${python}`);
      expect(found({ "command_x.py": "", "requirements.txt": "redis\n" })).toEqual([]);
    },
  );

  it("is refused if requirements are not installed, and the hint is the command that installs them", () => {
    expect(found({ "command_x.py": "", "requirements.txt": "# clients\nredis>=5\n" })).toEqual([
      { level: "error", code: "missing_packages", where: `${MODULES}/requirements.txt`, hint: `type: ${venv}` },
    ]);
  });

  describe("without a virtual environment", () => {
    beforeEach(() => {
      rmSync(join(root, "bin/python3"));
      symlinkSync(PYTHON, join(root, "bin/python3"));
      program("site/redis/__init__.py");
      vi.stubEnv("PYTHONPATH", join(root, "site"));
    });

    it("is accepted if python3 finds its requirements", () =>
      expect(found({ "command_x.py": "", "requirements.txt": "redis[hiredis]>=5  # client\n" })).toEqual([]));

    it("is refused if python3 lacks a requirement, and the error names it", () => {
      const [problem, ...others] = problemsOf({ "command_x.py": "", "requirements.txt": "redis\nno-such-thing==1\n" });
      expect(others).toEqual([]);
      expect(problem).toMatchObject({ level: "error", code: "missing_packages" });
      expect(problem?.message).toMatch(/: no-such-thing$/);
    });

    it("is refused if requirements.txt has a line that only pip can resolve", () =>
      expect(problemsOf({ "command_x.py": "", "requirements.txt": "-r base.txt\n" })[0]?.message).toMatch(
        /: -r base.txt$/,
      ));

    it("is accepted if python3 lacks only a requirement with an environment marker", () =>
      expect(found({ "command_x.py": "", "requirements.txt": 'tomli; python_version < "3.0"\n' })).toEqual([]));
  });

  it("needs no installation if its requirements are empty", () =>
    expect(found({ "command_x.py": "", "requirements.txt": "\n# later\n" })).toEqual([]));
});

describe.each(["command_x.ts", "command_x.js"])("a command in %s", (script) => {
  it("needs neither python3 nor bun", () => {
    rmSync(join(root, "bin"), { recursive: true });
    expect(found({ [script]: "", "requirements.txt": "redis\n" })).toEqual([]);
  });

  it("is refused if dependencies are not installed, and the hint is the command that installs them", () => {
    expect(found({ [script]: "", "package.json": '{ "dependencies": { "redis": "5" } }' })).toEqual([
      {
        level: "error",
        code: "missing_packages",
        where: `${MODULES}/package.json`,
        hint: `run npm install --prefix ${MODULES}`,
      },
    ]);
  });

  it("is accepted if its dependencies are installed", () => {
    mkdirSync(join(root, MODULES, "node_modules"), { recursive: true });
    expect(found({ [script]: "", "package.json": '{ "dependencies": { "redis": "5" } }' })).toEqual([]);
  });

  it.each(["{}", '{ "type": "module", "dependencies": {} }', '{ "devDependencies": { "typescript": "5" } }'])(
    "is accepted if package.json has no runtime dependencies: %s",
    (text) => expect(found({ [script]: "", "package.json": text })).toEqual([]),
  );

  it("is refused if package.json is invalid", () =>
    expect(found({ [script]: "", "package.json": "{" })).toMatchObject([{ level: "error", code: "missing_packages" }]));

  it("with the runtime bun causes a warning if bun is not installed, because Node then runs the command", () => {
    mkdirSync(join(root, "bin/bun"));
    const where = "workspace/jobs/api/manifest.json: commands.command_x.runtime";
    const hint = "install bun, or remove runtime";
    expect(found({ [script]: "" }, "bun")).toEqual([{ level: "warning", code: "missing_interpreter", where, hint }]);
  });

  it("with the runtime bun is accepted if bun is installed", () => {
    program("bin/bun");
    expect(found({ [script]: "" }, "bun")).toEqual([]);
  });

  it("with an unknown runtime is refused", () =>
    expect(found({ [script]: "" }, "bunn")).toMatchObject([{ code: "invalid_command", hint: 'did you mean "bun"?' }]));
});

it("a job without commands needs no interpreter, regardless of the files in _modules", () => {
  rmSync(join(root, "bin"), { recursive: true });
  const job = aJob({ files: [aFile({ path: "_modules/requirements.txt" }), aFile({ path: "_modules/x.py" })] });
  const context = validateContext({ bucket: { root }, jobs: [job] });
  validateNeeds(context);
  expect(context.problems).toEqual([]);
});
