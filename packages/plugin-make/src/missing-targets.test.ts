import type { Job, Problem } from "@maand/core";
import { aFile, aJob, validateContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { checkMakefiles } from "./makefile-problems.ts";
import { makefileTargets } from "./makefile-targets.ts";

/** Targets a build warns about, for a job with this Makefile. */
function missing(makefile: string, job: Partial<Job> = {}, ...others: readonly string[]): string[] {
  const files = ["Makefile", ...others].map((path) => aFile({ path }));
  const context = validateContext({ jobs: [aJob({ files, ...job })], read: () => Buffer.from(makefile) });
  checkMakefiles(context);
  return context.problems.map(({ level, code, message }: Problem) => {
    expect([level, code]).toEqual(["warning", "missing_target"]);
    return /^has no target (\w+),/.exec(message)?.[1] ?? message;
  });
}

const rule = (target: string) => `${target}:\n\t@true\n`;

describe("a build warns about lifecycle targets that are certainly missing", () => {
  it.each<[string, Partial<Job>, string, string[]]>([
    ["always", {}, "start", ["stop", "restart"]],
    ["always", {}, "restart", ["start", "stop"]],
    ["reload", { restartPolicy: "reload" }, "start", ["stop", "reload"]],
    [
      "reload with globs",
      { restartPolicy: "reload", restartGlobs: ["*.conf"] },
      "start",
      ["stop", "restart", "reload"],
    ],
    ["never", { restartPolicy: "never" }, "start", ["stop"]],
    ["job_control", { commands: [{ name: "command_a", executedOn: ["job_control"] }] }, "build", ["stop"]],
  ])("with policy %s", (_, job, target, expected) => expect(missing(rule(target), job)).toEqual(expected));

  it("and names the action that runs the target, and what to write", () => {
    const context = validateContext({ jobs: [aJob()], read: () => Buffer.from(rule("start restart")) });
    checkMakefiles(context);
    expect(context.problems).toEqual([
      {
        code: "missing_target",
        level: "warning",
        where: "workspace/jobs/api/Makefile",
        message: "has no target stop, which a deploy runs before an allocation is disabled or removed",
        hint: "write one that also succeeds if nothing runs",
      },
    ]);
  });
});

describe("no warning is given if a target may exist", () => {
  it.each([
    ["in one rule with others", "start stop restart reload:\n\tsystemctl $@ api\n"],
    ["in a rule over two lines", "start \\\n  stop restart: image\n\ttrue\n"],
    ["without a recipe", "start: run\nstop: end\nrestart: stop start\n"],
    ["with two colons", "start::\n\ttrue\nstop::\n\ttrue\nrestart:: start\n"],
    ["within a conditional", "ifdef X\nstart stop:\n\ttrue\nendif\nrestart: start\n"],
    ["in another file", "include ../common.mk\n"],
    ["in another file that may be missing", "-include local.mk\n"],
    ["by a pattern", "%:\n\tsystemctl $@ api\n"],
    ["by a variable", "$(TARGETS):\n\tsystemctl $@ api\n"],
    ["by a variable in braces", `\${TARGETS}: image\n\tsystemctl $@ api\n`],
    ["generated", "$(foreach t,start stop,$(eval $(t): ; true))\n"],
    ["by the default rule", ".DEFAULT:\n\ttrue\n"],
    ["from a definition", "define rules\nstart: ; true\nendef\n"],
  ])("%s", (_, makefile) => expect(missing(makefile)).toEqual([]));

  it("in a file that make prefers, or that a template renders", () => {
    expect(missing("", {}, "GNUmakefile")).toEqual([]);
    expect(missing("", {}, "Makefile.tpl")).toEqual([]);
  });
});

it("a file that make would use as the target, or build the target from, does not count as a rule", () => {
  expect(missing(rule("start restart"), {}, "stop.sh")).toEqual(["stop"]);
  const context = validateContext({
    jobs: [aJob({ files: ["Makefile", "stop"].map((path) => aFile({ path })) })],
    read: () => Buffer.from(rule("start restart")),
  });
  checkMakefiles(context);
  expect(context.problems.map(({ code }) => code)).toEqual(["missing_target", "target_named_as_file"]);
});

it("an assignment, a recipe and a comment are not rules", () => {
  const text = "A := start: b\nB ::= stop\nC ?= x:y\n# stop: no\nbuild:\n\tsh -c 'stop: now'\nURL = http://x\n";
  expect(makefileTargets(text)).toEqual(new Set(["build"]));
});
