import { spawn } from "node:child_process";

/** How long to wait for a failure of the program that opens a browser, in milliseconds. */
const FAILS_MS = 1_500;

/**
 * Opens a file or URL in the browser of the user. It becomes an argument of a process, which other users can see, so it
 * must not contain a secret. Returns the reason if this failed.
 */
export function openInBrowser(place: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn("xdg-open", [place], { stdio: "ignore", detached: true });
    const timer = setTimeout(() => resolve(undefined), FAILS_MS);
    child.once("error", ({ message }) => {
      clearTimeout(timer);
      resolve(message);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? undefined : `xdg-open exited with code ${code}`);
    });
    child.unref();
  });
}
