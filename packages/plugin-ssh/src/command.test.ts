import { execFileSync } from "node:child_process";
import { secret } from "@maand/core";
import { describe, expect, test } from "vitest";
import { wireCommand } from "./command.ts";

describe("a command line has only the wrapping it needs", () => {
  test("none", () => {
    expect(wireCommand(["echo", "a b"], { sudo: false })).toEqual({ line: "exec echo 'a b'", preface: "" });
  });

  test("sudo, variables and a limit, the limit nearest to the command", () => {
    const wrapping = { sudo: true, env: { A: "x y" }, limit: { seconds: 300, killAfter: 4 } };
    expect(wireCommand(["make"], wrapping).line).toBe("exec sudo -n -- env 'A=x y' timeout -k 4 300 make");
  });

  test("a directory is entered behind sudo", () => {
    expect(wireCommand(["make"], { sudo: true, cwd: "/o'x" }).line).toBe(
      `exec sudo -n -- sh -c 'cd -- "$1" || exit 1; shift; exec "$@"' sh '/o'\\''x' make`,
    );
  });

  test("a secret variable is in the input, one line, and not in the line", () => {
    const wire = wireCommand(["make"], { sudo: false, env: { A: secret("hunter2\ntwo\\n"), B: "plain" } });
    expect(wire.preface).toBe("hunter2\\ntwo\\\\n\n");
    expect(wire.line).not.toContain("hunter2");
    expect(wire.line).toContain("env B=plain make");
  });
});

test("what is sent runs, in a POSIX shell, as what was meant", () => {
  const env = { A: secret(" a\n\\n%s'$x "), maand: secret(""), B: "b c" };
  const show = ["sh", "-c", 'printf "%s|" "$A" "$maand" "$B" "$(pwd)" "$(cat)"'];
  const wire = wireCommand(show, { sudo: false, cwd: "/", env, announce: true, limit: { seconds: 9, killAfter: 1 } });
  const printed = execFileSync("sh", ["-c", wire.line], { input: `${wire.preface}in\nput`, stdio: "pipe" });
  expect(printed.toString()).toBe(" a\n\\n%s'$x ||b c|/|in\nput|");
});

test.each(["", "1A", "A B", "A;B", "A=B", "ü"])("%j is no variable's name", (name) => {
  expect(() => wireCommand(["true"], { sudo: false, env: { [name]: "x" } })).toThrow(TypeError);
});
