import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { shellLine } from "./quote.ts";
import { secret } from "./secret.ts";
import { type Wrapping, wrapCommand } from "./wrap-command.ts";

function lineOf(argv: readonly string[], wrapping: Wrapping): string {
  return shellLine(wrapCommand(argv, wrapping).argv);
}

describe("wrapCommand", () => {
  test("returns a plain command unchanged", () => {
    expect(wrapCommand(["echo", "a b"], { sudo: false })).toEqual({ argv: ["echo", "a b"], preface: "" });
  });

  test("adds sudo, variables and a timeout, with the timeout directly before the command", () => {
    const wrapping = { sudo: true, env: { A: "x y" }, limit: { seconds: 300, killAfter: 4 } };
    expect(lineOf(["make"], wrapping)).toBe("sudo -n -- env 'A=x y' timeout -k 4 300 make");
  });

  test("changes the directory inside sudo", () => {
    expect(lineOf(["make"], { sudo: true, cwd: "/o'x" })).toBe(
      `sudo -n -- sh -c 'cd -- "$1" || exit 1; shift; exec "$@"' sh '/o'\\''x' make`,
    );
  });

  test("passes a secret variable in one line of the input, and not in the arguments", () => {
    const { argv, preface } = wrapCommand(["make"], {
      sudo: false,
      env: { A: secret("hunter2\ntwo\\n"), B: "plain" },
    });
    expect(preface).toBe("hunter2\\ntwo\\\\n\n");
    expect(argv.join(" ")).not.toContain("hunter2");
    expect(argv.join(" ")).toContain("env B=plain make");
  });
});

test("a wrapped command runs in a POSIX shell after a marker on both outputs", () => {
  const env = { A: secret(" a\n\\n%s'$x "), maand: secret(""), B: "b c" };
  const show = ["sh", "-c", 'printf "%s|" "$A" "$maand" "$B" "$(pwd)" "$(cat)"; echo err >&2'];
  const wrapping = { sudo: false, cwd: "/", env, announce: true, limit: { seconds: 9, killAfter: 1 } };
  const { argv, preface } = wrapCommand(show, wrapping);
  const { stdout, stderr } = spawnSync("sh", ["-c", shellLine(argv)], { input: `${preface}in\nput` });
  expect(stdout.toString()).toBe("\nmaand-begin\n a\n\\n%s'$x ||b c|/|in\nput|");
  expect(stderr.toString()).toMatch(/^\nmaand-begin \d+\nerr\n$/);
});

test.each(["", "1A", "A B", "A;B", "A=B", "ü"])("wrapCommand refuses %j as the name of a variable", (name) => {
  expect(() => wrapCommand(["true"], { sudo: false, env: { [name]: "x" } })).toThrow(TypeError);
});
