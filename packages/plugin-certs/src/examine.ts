import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ExamineContext, shellLine } from "@maand/core";
import { outOfTime, readAuthority } from "./authority.ts";
import { CRT, KEY, readAuthorityFiles } from "./authority-files.ts";

const DAY = 86_400_000;

/** Days before its end from which on an authority is worth a word. */
const SOON_DAYS = 30;

/** Looks at the bucket's authority: is it whole, and for how long. */
export function examineAuthority({ bucket, now, report }: ExamineContext): void {
  const found = readAuthority(readAuthorityFiles(bucket.root));
  const base = { check: "ca", where: CRT };
  if (found.state === "missing")
    report({ ...base, ok: false, message: "the bucket has no CA", hint: maand(bucket.root, "init") });
  if (found.state === "refused") {
    const { where, message } = found.problem;
    report({ check: "ca", where, ok: false, message, hint: anew(bucket.root) });
  }
  if (found.state !== "ready") return;
  const { validTo } = found.authority.certificate;
  const wrong = outOfTime(found.authority, now());
  const days = Math.floor((Date.parse(validTo) - now().getTime()) / DAY);
  if (wrong) report({ ...base, ok: false, message: wrong.message, hint: anew(bucket.root) });
  else if (days < SOON_DAYS)
    report({
      ...base,
      ok: false,
      message: `the bucket CA ends in ${days} days, on ${validTo}`,
      hint: anew(bucket.root),
    });
  else report({ ...base, ok: true, message: `is valid for ${days} days`, hint: null });
}

/** Moves what is there out of the way and makes another one. Certificates follow with the next build and deploy. */
function anew(root: string): string {
  const there = [CRT, KEY].map((file) => join(root, file)).filter((path) => existsSync(path));
  const lines = [...there.map((path) => shellLine(["mv", path, `${path}.old`])), maand(root, "init")];
  return `${lines.join(" && ")}  # better: put the right pair back from a backup; with another one, build and deploy make every certificate anew`;
}

function maand(root: string, command: string): string {
  return shellLine(["maand", "-C", root, command]);
}
