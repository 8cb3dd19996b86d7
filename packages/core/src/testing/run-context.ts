import type { Finding } from "../domain/checks/finding.ts";
import { DEFAULT_SETTINGS } from "../domain/settings/settings.ts";
import type { EventData } from "../events.ts";
import type { LogSource, RunContext } from "../plugin-api/base-contexts.ts";
import type { ExamineContext } from "../plugin-api/examine-context.ts";

/** A line a tap said through `log`. */
export interface OutputLine extends LogSource {
  readonly line: string;
}

/** What a built context hears of its tap. */
export interface Recording {
  /** Lines given to `log`, as long as the test does not give a `log` of its own. */
  readonly output: readonly OutputLine[];
  /** What was given to `emit`, as long as the test does not give an `emit` of its own. */
  readonly emitted: readonly { readonly name: string; readonly data: EventData }[];
}

/** The part every context has: a run `run` of `deploy` in bucket `bucket`, default settings, a signal nobody aborts. */
export function runContext(over: Partial<RunContext> = {}): RunContext & Recording {
  const output: OutputLine[] = [];
  const emitted: Recording["emitted"][number][] = [];
  return {
    run: { id: "run", command: "deploy" },
    bucket: { id: "bucket", root: "/bucket" },
    settings: DEFAULT_SETTINGS,
    signal: new AbortController().signal,
    log(line, source) {
      output.push({ line, ...source });
    },
    emit(name, data = {}) {
      emitted.push({ name, data });
    },
    ...over,
    output,
    emitted,
  };
}

/** `examine`: no workers; what a tap tells is in `findings`, programs it asks for in `tools`. */
export function examineContext(
  over: Partial<ExamineContext> = {},
): ExamineContext & Recording & { readonly findings: readonly Finding[]; readonly tools: readonly string[] } {
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
