import type { ProcessContext, ProgressOptions } from "@maand/command";
import { didYouMean, MaandError } from "@maand/core/readonly";

export type ProgressMode = "live" | "lines" | "json";

/** The streams and settings that progress depends on. */
export type ReaderPlace = Pick<ProcessContext, "stderr" | "stdout" | "env" | "onTerminalEvent" | "signal"> &
  ProgressOptions;

const WORDS = ["auto", "live", "lines", "json"];
const VARIABLE = "MAAND_PROGRESS";

type Place = Pick<ProcessContext, "stderr" | "env"> & Pick<ProgressOptions, "quiet" | "progress">;

/**
 * The progress mode from `--progress`, or else `MAAND_PROGRESS`, or else `auto`. A live screen needs a terminal on
 * stderr. `auto` does not use a live screen in CI, or on terminals that cannot move their cursor. Throws USAGE.
 */
export function progressMode({ progress, env, stderr, quiet }: Place): ProgressMode {
  const wanted = progress ?? (env[VARIABLE] || "auto");
  if (!WORDS.includes(wanted)) {
    const name = progress === undefined ? `${VARIABLE}=` : "--progress ";
    throw new MaandError({
      code: "USAGE",
      message: `${name}${wanted} is not valid`,
      hint: didYouMean(wanted, WORDS) ?? `use one of: ${WORDS.join(", ")}`,
    });
  }
  if (wanted === "json") return "json";
  const canDraw = stderr.isTTY === true && !quiet;
  if (wanted === "live") return canDraw ? "live" : "lines";
  const isPlain = wanted === "lines" || env.TERM === undefined || env.TERM === "" || env.TERM === "dumb";
  return canDraw && !isPlain && !isCi(env) ? "live" : "lines";
}

/** Whether the command runs in a CI system, which records the output of terminals. */
function isCi(env: ProcessContext["env"]): boolean {
  if (env.CI !== undefined && !/^(|0|false)$/i.test(env.CI)) return true;
  return ["GITHUB_ACTIONS", "GITLAB_CI", "BUILD_NUMBER", "TEAMCITY_VERSION", "TF_BUILD"].some((name) => env[name]);
}
