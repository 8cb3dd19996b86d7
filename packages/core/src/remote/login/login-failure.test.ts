import { expect, test } from "vitest";
import { loginFailure } from "./login-failure.ts";

function failure(printed: { stdout?: string; stderr?: string; code?: number | null }) {
  const { code, message, hint, worker } = loginFailure({
    host: "10.0.0.1",
    user: "ops",
    code: 1,
    stdout: "",
    stderr: "",
    ...printed,
  });
  return { code, message, hint, worker };
}

test.each([
  ["sudo: a password is required\n", 'sudo on 10.0.0.1 asks "ops" for a password', "NOPASSWD"],
  ["sudo: no tty present and no askpass program specified\n", 'sudo on 10.0.0.1 asks "ops" for a password', "NOPASSWD"],
  ["sudo: sorry, you must have a tty to run sudo\n", "requires a terminal", "!requiretty"],
  ["ops is not in the sudoers file.\n", '"ops" may not use sudo on 10.0.0.1', "/etc/sudoers.d/maand"],
  [
    "sudo: Ein Passwort ist notwendig\n",
    'sudo fails on 10.0.0.1: it printed "sudo: Ein Passwort ist notwendig"',
    "sudo -n true",
  ],
  [
    "WARNING: Your password has expired.\nPassword change required but no TTY available.\n",
    "has expired",
    "chage -M -1 ops",
  ],
  ["This service allows sftp connections only.\n", "may use only sftp", "ForceCommand internal-sftp"],
  [
    "This account is currently not available.\n",
    'runs no commands: it printed "This account is',
    "chsh -s /bin/sh ops",
  ],
  ["", "runs no commands: it exited with code 1", "ForceCommand"],
])("the login output %j is reported in one sentence, with a hint", (stderr, message, hint) => {
  const found = failure({ stderr });
  expect(found).toMatchObject({ code: "AUTH_FAILED", worker: "10.0.0.1" });
  expect(found.message).toContain(message);
  expect(found.hint).toContain(hint);
});

test.each([
  "sh: 1: exec: sudo: not found\n",
  "bash: line 1: exec: sudo: not found\n",
  "sudo: Command not found.\n",
  "fish: Unknown command: sudo\n",
  "zsh:1: command not found: sudo\n",
])("a worker without sudo is recognized from the output: %j", (stderr) => {
  expect(failure({ stderr, code: 127 })).toMatchObject({ code: "WORKER_LACKS", message: "10.0.0.1 lacks sudo" });
});

test("the output of a login is shortened to one line, without control codes", () => {
  const { message } = failure({ stdout: `\u001b[31mfirst\n\u0007last ${"x".repeat(500)}\u001b[0m\r\n\n` });
  expect(message).toMatch(/it printed "last x+\.\.\."$/);
  expect(message.length).toBeLessThan(300);
});
