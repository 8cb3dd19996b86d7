import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pathToPython } from "./python-on-path.ts";

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-python-"));
  for (const name of ["shims", "real"]) mkdirSync(join(place, name));
});

afterEach(() => rmSync(place, { recursive: true }));

/** A script `python3` of a version manager, whose Python reports `executable` as its path. */
function shimFor(executable: string): void {
  writeFileSync(join(place, "shims/python3"), `#!/bin/sh\necho "${executable}"\n`, { mode: 0o755 });
}

it("pathToPython puts the real Python before the script of a version manager", () => {
  shimFor(join(place, "real/python3"));
  const path = `${place}/shims:/usr/bin`;
  expect(pathToPython(path)).toBe(`${place}/real:${path}`);
});

it("pathToPython does not change PATH if python3 is a program, is missing or fails, or is already on PATH", () => {
  symlinkSync("/bin/true", join(place, "real/python3"));
  for (const path of [`${place}/real:${place}/shims`, `${place}/empty`]) expect(pathToPython(path)).toBe(path);
  shimFor("/usr/bin/python3");
  expect(pathToPython(`${place}/shims:/usr/bin`)).toBe(`${place}/shims:/usr/bin`);
  writeFileSync(join(place, "shims/python3"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  expect(pathToPython(`${place}/shims`)).toBe(`${place}/shims`);
});
