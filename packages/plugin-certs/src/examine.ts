import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ExamineContext } from "@maand/core";
import { shellLine } from "@maand/core/toolbox";
import { outOfTime, readAuthority } from "./authority.ts";
import { CRT, KEY, readAuthorityFiles } from "./authority-files.ts";
import { CERTS_SETTINGS } from "./conf.ts";

const DAY = 86_400_000;

/**
 * Checks the bucket's CA: whether it is complete, and valid long enough. From `certs_ttl` days before the end of the
 * CA, every new certificate expires with the CA, and is therefore valid for less time than configured.
 */
export function examineAuthority({ bucket, now, settings, report }: ExamineContext): void {
  const found = readAuthority(readAuthorityFiles({ bucket, settings }));
  const base = { check: "ca", where: CRT };
  if (found.state === "missing")
    report({ ...base, ok: false, message: "the bucket has no CA", hint: maand(bucket.root, "init") });
  if (found.state === "refused") {
    const { where, message } = found.problem;
    report({ check: "ca", where, ok: false, message, hint: renewCommand(bucket.root) });
  }
  if (found.state !== "ready") return;
  const { validFrom, validTo } = found.authority.certificate;
  const wrong = outOfTime(found.authority, now());
  const days = Math.floor((Date.parse(validTo) - now().getTime()) / DAY);
  const early = Date.parse(validFrom) > now().getTime();
  if (wrong)
    report({
      ...base,
      ok: false,
      message: wrong.message,
      hint: early ? clock(bucket.root) : renewCommand(bucket.root),
    });
  else if (days < CERTS_SETTINGS.from(settings).certs_ttl)
    report({
      ...base,
      ok: false,
      message: `the bucket CA expires in ${days < 1 ? "less than a day" : dayCount(days)}, on ${validTo}`,
      hint: renewCommand(bucket.root),
    });
  else report({ ...base, ok: true, message: `is valid for ${dayCount(days)}`, hint: null });
}

/** The hint for a CA that is not valid yet: a new CA replaces every certificate, so check the clock first. */
function clock(root: string): string {
  return `date  # if it is right, the CA was created while the clock was ahead, and must be replaced: ${renewCommand(root)}`;
}

/** Moves the old CA away and creates a new CA. The next build and deploy replace the certificates. */
function renewCommand(root: string): string {
  const there = [CRT, KEY].map((file) => join(root, file)).filter((path) => existsSync(path));
  const lines = [...there.map((path) => shellLine(["mv", path, `${path}.old`])), maand(root, "init")];
  return `${lines.join(" && ")}  # better: restore the pair from a backup; with a new pair, the next build replaces every certificate`;
}

function maand(root: string, command: string): string {
  return shellLine(["maand", "-C", root, command]);
}

function dayCount(days: number): string {
  return `${days} ${days === 1 ? "day" : "days"}`;
}
