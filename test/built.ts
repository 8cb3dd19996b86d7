import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Before the end-to-end tests: what they start is made of the sources as they are now. */
export default function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/bundle.mjs", import.meta.url))], {
    stdio: "inherit",
  });
}
