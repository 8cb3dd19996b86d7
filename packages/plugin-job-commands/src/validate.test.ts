import { aFile, aJob, validateContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { validateCommands } from "./validate.ts";

const WHERE = "workspace/jobs/api/manifest.json: commands.command_x";

/** The problems of a job with the command `command_x`, at these events and with these files. */
function found(executedOn: readonly string[], files: readonly string[]) {
  const commands = [{ name: "command_x", executedOn }];
  const context = validateContext({ jobs: [aJob({ commands, files: files.map((path) => aFile({ path })) })] });
  validateCommands(context);
  return context.problems.map(({ level, code, where, message, hint }) => ({ level, code, where, message, hint }));
}

describe("a command", () => {
  it("with once is refused for after_allocation_stopped", () => {
    const commands = [{ name: "command_x", executedOn: ["cli", "after_allocation_stopped"], once: true as const }];
    const context = validateContext({ jobs: [aJob({ commands, files: [aFile({ path: "_modules/command_x.py" })] })] });
    validateCommands(context);
    expect(context.problems).toMatchObject([{ level: "error", code: "invalid_command", where: `${WHERE}.once` }]);
  });

  it.each(["py", "ts", "js"])("can have a script with the extension %s", (ending) =>
    expect(found(["cli"], [`_modules/command_x.${ending}`])).toEqual([]),
  );

  it("without a script is refused", () =>
    expect(found(["cli"], ["command_x.py", "_modules/command_xx.py", "_modules/command_x.rb"])).toMatchObject([
      { level: "error", code: "missing_script", where: WHERE },
    ]));

  it("with two scripts is refused, and the error names both", () =>
    expect(found(["cli"], ["_modules/command_x.js", "_modules/command_x.py"])).toEqual([
      {
        level: "error",
        code: "invalid_command",
        where: WHERE,
        message: "has more than one script: _modules/command_x.js, _modules/command_x.py",
        hint: "keep one of them",
      },
    ]));

  it("for an unknown event is refused, and the hint names a similar event", () =>
    expect(found(["cli", "postdeploy"], ["_modules/command_x.py"])).toMatchObject([
      { level: "error", code: "invalid_command", where: `${WHERE}.executed_on`, hint: 'did you mean "post_deploy"?' },
    ]));
});
