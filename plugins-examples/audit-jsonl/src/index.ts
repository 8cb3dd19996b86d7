import { closeSync, fchmodSync, mkdirSync, openSync, writeSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { type MaandEvent, pluginWithOptions } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** The file to append to. The path is absolute, because several buckets may share one file. */
  file: v.pipe(v.string("must be text"), v.check(isAbsolute, "must be an absolute path")),
  /** The types of events to write; default: all. */
  types: v.optional(v.array(v.string("must be text"), "must be a list of event types")),
});

/** Appends every event, with the user on this machine who caused it, to a file that only its owner can read. */
export const auditJsonl = pluginWithOptions({
  name: "audit-jsonl",
  options,
  apply({ event, commit }, { file, types }) {
    const who = userInfo().username;
    let failure: unknown;
    event.tap("audit-jsonl", (happened) => {
      if (types && !types.includes(happened.type)) return;
      failure ??= attempt(() => appendPrivately(file, { who, ...happened }));
    });
    // a tap of `event` must not throw; errors are reported when the run is over
    commit.tap("audit-jsonl", () => {
      if (failure !== undefined) throw failure;
    });
  },
});

function attempt(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (cause) {
    return cause;
  }
}

/** Writes each line with one write at the end of the file, so that lines of two processes never mix. */
function appendPrivately(file: string, line: MaandEvent & { readonly who: string }): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const opened = openSync(file, "a", 0o600);
  try {
    fchmodSync(opened, 0o600);
    writeSync(opened, `${JSON.stringify(line)}\n`);
  } finally {
    closeSync(opened);
  }
}

export default auditJsonl;
