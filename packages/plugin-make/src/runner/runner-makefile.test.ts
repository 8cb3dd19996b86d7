import { existsSync, mkdirSync, utimesSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, FORMS } from "./runner.test.support.ts";

const EACH = "start:\n\t@echo started\nstop:\n\t@echo stopped\nmigrate:\n\t@echo migrated\n";

describe.concurrent.each(FORMS)("a target on a %s runner", (form) => {
  /** A worker whose job has this Makefile and these files; a name that ends with a slash is a directory. */
  function worker(context: TestContext, makefile: string, ...names: readonly string[]) {
    const w = aWorker(context);
    w.write("Makefile", makefile);
    for (const name of names) {
      if (name.endsWith("/")) mkdirSync(w.inJob(name));
      else w.write(name, "");
    }
    return w;
  }

  it.for([
    ["start", "start/", "started"],
    ["stop", "stop", "stopped"],
    ["migrate", "migrate/", "migrated"],
  ] as const)("%s runs even if %s exists", async ([target, name, output], context) => {
    const w = worker(context, EACH, name);
    expect(await w.run(form, target)).toMatchObject({ code: 0, stdout: `${output}\n`, stderr: "" });
  });

  it("runs if make would find its file elsewhere", async (context) => {
    const w = worker(context, `VPATH = src\n${EACH}`, "src/start");
    expect(await w.run(form, "start")).toMatchObject({ code: 0, stdout: "started\n" });
  });

  it("runs, and its prerequisites are built only if they are out of date", async (context) => {
    const w = worker(context, "start: built\n\t@echo started\nbuilt: source\n\t@echo building; touch built\n", "start");
    w.write("source", "");
    expect((await w.run(form, "start")).stdout).toBe("building\nstarted\n");
    expect((await w.run(form, "start")).stdout).toBe("started\n");
    utimesSync(w.inJob("source"), new Date(), new Date(Date.now() + 60_000));
    expect((await w.run(form, "start")).stdout).toBe("building\nstarted\n");
  });

  it("does not change the rules of a nested make", async (context) => {
    const w = worker(context, "start:\n\t@$(MAKE) --no-print-directory -C sub $@\n", "start/", "sub/");
    w.write("sub/Makefile", "%:\n\t@echo sub $@\n");
    expect(await w.run(form, "start")).toMatchObject({ code: 0, stdout: "sub start\n" });
  });

  it.for([
    ["a pattern", "%:\n\t@echo some $@\n", "some start"],
    ["an included file", "include more.mk\n", "included"],
    ["a variable", "NAMES = start stop\n$(NAMES):\n\t@echo by variable\n", "by variable"],
    ["a rule over two lines", "stop \\\nstart:\n\t@echo broken line\n", "broken line"],
    ["an empty rule", ".PHONY: start\nstart:\n", ""],
    ["prerequisites alone", ".PHONY: start\nstart: up\nup:\n\t@echo up\n", "up"],
    ["a rule with two colons", "start::\n\t@echo one\nstart::\n\t@echo two\n", "one\ntwo"],
  ] as const)("runs if only %s names it", async ([, makefile, output], context) => {
    const w = worker(context, makefile);
    w.write("more.mk", "start:\n\t@echo included\n");
    expect(await w.run(form, "start")).toMatchObject({
      code: 0,
      stdout: output === "" ? "" : `${output}\n`,
      stderr: "",
    });
  });

  it("runs from the file that make prefers", async (context) => {
    const w = worker(context, EACH, "start/");
    w.write("GNUmakefile", "start:\n\t@echo of GNU\n");
    expect(await w.run(form, "start")).toMatchObject({ code: 0, stdout: "of GNU\n" });
  });

  it("fails without a rule if a file has its name", async (context) => {
    const w = worker(context, "%:\n\t@echo some $@\n", "start/");
    const { code, stderr } = await w.run(form, "start");
    expect(code).toBe(4);
    expect(stderr).toBe(
      "runner: api: its directory has a file or directory named start, and its Makefile has no rule of that name\n",
    );
  });

  it("fails without a rule if .PHONY names it", async (context) => {
    const w = worker(context, `.PHONY: start reload\n${EACH}`);
    const { code, stderr } = await w.run(form, "reload");
    expect(code).toBe(4);
    expect(stderr).toBe("runner: api: its Makefile names reload in .PHONY and has no rule for it\n");
  });

  it("is not built by an implicit rule of make", async (context) => {
    const w = worker(context, "stop:\n\t@echo stopped\n");
    w.write("start.sh", "echo by hand\n");
    const { code, stderr } = await w.run(form, "start");
    expect(code).toBe(2);
    expect(stderr).toContain("No rule to make target 'start'");
    expect(existsSync(w.inJob("start"))).toBe(false);
  });

  it("fails with make's output if the Makefile is invalid", async (context) => {
    const w = worker(context, "start:\n    echo no tab\n", "start/");
    const { code, stderr } = await w.run(form, "start");
    expect(code).toBe(2);
    expect(stderr).toContain("missing separator");
  });
});
