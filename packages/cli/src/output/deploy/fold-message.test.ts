import { expect, it } from "vitest";
import { foldedMessage } from "./fold-message.ts";

const reason = (at: number, code = 1) =>
  `command_prep (post_deploy) of api for 10.0.0.${at} failed with exit code ${code}`;
const reasons = (count: number) => Array.from({ length: count }, (_, at) => reason(at + 1));

it("equal reasons of many workers become one reason that lists the workers", () => {
  expect(foldedMessage(reasons(9).join("; "))).toBe(
    "command_prep (post_deploy) of api failed with exit code 1 for 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 4 more workers",
  );
});

it("different reasons remain separate", () => {
  expect(foldedMessage([...reasons(3), reason(4, 7), "no space left"].join("; "))).toBe(
    "command_prep (post_deploy) of api failed with exit code 1 for 10.0.0.1, 10.0.0.2, 10.0.0.3; " +
      "command_prep (post_deploy) of api failed with exit code 7 for 10.0.0.4; no space left",
  );
});

it("up to three reasons stay unchanged", () => {
  for (const message of ["one; two", reasons(3).join("; ")]) expect(foldedMessage(message)).toBe(message);
});
