import { EXIT } from "@maand/command";
import type { Summary } from "@maand/core";

/** The exit code of a command that deploys. */
export function exitOfDeploy({ outcome }: Pick<Summary, "outcome">): number {
  switch (outcome) {
    case "ok":
      return EXIT.ok;
    case "paused":
      return EXIT.paused;
    case "interrupted":
      return EXIT.interrupted;
    default:
      return EXIT.failed;
  }
}
