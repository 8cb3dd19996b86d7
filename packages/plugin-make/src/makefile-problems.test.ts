import { createHooks } from "@maand/core/internal";
import { aFile, aJob, validateContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { make } from "./index.ts";

function hooksWith() {
  const hooks = createHooks();
  void make().apply(hooks);
  return hooks;
}

describe("a job", () => {
  const problemsOf = async (...paths: string[]) => {
    return problemsWith("start stop restart:\n", ...paths);
  };
  /** The problems of a job with these files, whose Makefile has this text. */
  const problemsWith = async (text: string, ...paths: string[]) => {
    const jobs = [aJob({ files: paths.map((path) => aFile({ path })) })];
    const context = validateContext({ jobs, read: () => Buffer.from(text) });
    await hooksWith().validate.promise(context);
    return context.problems;
  };

  it.each(["Makefile", "Makefile.tpl"])("is valid with %s", async (path) => {
    expect(await problemsOf(path)).toEqual([]);
  });

  it("without a Makefile is refused", async () => {
    expect(await problemsOf("deploy/Makefile")).toMatchObject([
      { code: "missing_makefile", where: "workspace/jobs/api/Makefile", level: "error" },
    ]);
  });

  it("needs no Makefile if another plugin runs it", async () => {
    const context = validateContext({ jobs: [aJob({ files: [] })], runBy: () => "systemd" });
    await hooksWith().validate.promise(context);
    expect(context.problems).toEqual([]);
  });

  it("with a misspelled Makefile is refused with a hint to rename it", async () => {
    expect(await problemsOf("makefile")).toMatchObject([{ hint: "rename makefile to Makefile" }]);
  });

  it.each([
    ["start", ["Makefile", "start"], "target start has the name of a file of the job"],
    ["stop", ["Makefile", "stop/now.sh"], "target stop has the name of a directory of the job"],
    ["status", ["Makefile.tpl", "status"], "target status has the name of a file of the job"],
  ])("whose target %s has the name of a file gets a warning", async (target, paths, message) => {
    expect(await problemsWith("start stop restart status:\n\t@true\n", ...paths)).toMatchObject([
      {
        code: "target_named_as_file",
        level: "warning",
        where: `workspace/jobs/api/${paths[0]}`,
        message: `${message}, so make skips it when run by hand`,
        hint: `add the line .PHONY: ${target}`,
      },
    ]);
    expect(await problemsWith(`.PHONY: a \\\n  ${target}\nstart stop restart status:\n\t@true\n`, ...paths)).toEqual(
      [],
    );
  });

  it("whose .PHONY names a target without a rule gets a warning", async () => {
    const text = ".PHONY: start stop reload backup\nstart stop restart::\n\t@reload: all\nX := reload:\n";
    expect(await problemsWith(text, "Makefile")).toMatchObject([
      {
        code: "target_without_rule",
        message: ".PHONY names reload, but there is no rule for it",
        hint: "write a rule for reload",
      },
    ]);
  });

  it.each(["include more.mk", "-include more.mk", "%:\n\t@echo $@", "$(ALL):\n\t@echo $@"])(
    "gets no warning if its rules depend on make (%j)",
    async (line) => {
      expect(await problemsWith(`.PHONY: reload\n${line}\n`, "Makefile")).toEqual([]);
    },
  );

  it("gets no warning if a template renders its Makefile", async () => {
    expect(await problemsWith(".PHONY: reload\n{{ range .X }}\n{{ . }}:\n{{ end }}\n", "Makefile.tpl")).toEqual([]);
  });
});
