import type { Finding } from "../domain/checks/finding.ts";
import { DEFAULT_SETTINGS } from "../domain/settings/settings.ts";
import type { Told } from "../events.ts";
import type { LogSource, RunContext } from "../plugin-api/base-contexts.ts";
import type { ExamineContext } from "../plugin-api/examine-context.ts";

/** A line a tap said through `log`. */
export interface SaidLine extends LogSource {
  readonly line: string;
}

/** What a built context hears of its tap. */
export interface Heard {
  /** Lines given to `log`, as long as the test does not give a `log` of its own. */
  readonly said: readonly SaidLine[];
  /** What was given to `tell`, as long as the test does not give a `tell` of its own. */
  readonly told: readonly { readonly name: string; readonly data: Told }[];
}

/** The part every context has: a run `run` of `deploy` in bucket `bucket`, default settings, a signal nobody aborts. */
export function runContext(over: Partial<RunContext> = {}): RunContext & Heard {
  const said: SaidLine[] = [];
  const told: Heard["told"][number][] = [];
  return {
    run: { id: "run", command: "deploy" },
    bucket: { id: "bucket", root: "/bucket" },
    settings: DEFAULT_SETTINGS,
    signal: new AbortController().signal,
    log(line, source) {
      said.push({ line, ...source });
    },
    tell(name, data = {}) {
      told.push({ name, data });
    },
    ...over,
    said,
    told,
  };
}

/** `examine`: no workers; what a tap tells is in `findings`, programs it asks for in `tools`. */
export function examineContext(
  over: Partial<ExamineContext> = {},
): ExamineContext & Heard & { readonly findings: readonly Finding[]; readonly tools: readonly string[] } {
  const findings: Finding[] = [];
  const tools: string[] = [];
  return {
    ...runContext(over),
    now: () => new Date("2026-01-31T12:00:00Z"),
    workers: [],
    needs: (tool) => void tools.push(tool),
    report: (finding) => void findings.push(finding),
    ...over,
    findings,
    tools,
  };
}
