import type { Finding } from "../domain/checks/finding.ts";
import { DEFAULT_SETTINGS } from "../domain/settings/settings.ts";
import type { EventData } from "../events.ts";
import type { LogSource, RunContext } from "../plugin-api/base-contexts.ts";
import type { ExamineContext } from "../plugin-api/contexts/examine-context.ts";
import type { ResolveSecretsContext } from "../plugin-api/contexts/secrets-context.ts";

/** A line passed to `log`. */
export interface OutputLine extends LogSource {
  readonly line: string;
}

/** What a context records about its tap. */
export interface Recording {
  /** Lines passed to `log`, unless the test passes its own `log`. */
  readonly output: readonly OutputLine[];
  /** Events passed to `emit`, unless the test passes its own `emit`. */
  readonly emitted: readonly { readonly name: string; readonly data: EventData }[];
}

/**
 * The base of every context: run `run` of `deploy` in bucket `bucket`, default settings, a signal that never aborts.
 */
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
    backPressure: () => undefined,
    emit(name, data = {}) {
      emitted.push({ name, data });
    },
    ...over,
    output,
    emitted,
  };
}

/** `resolveSecrets`: no references, for the provider `op`. */
export function resolveSecretsContext(over: Partial<ResolveSecretsContext> = {}): ResolveSecretsContext & Recording {
  return { ...runContext(over), provider: "op", references: [], ...over };
}

/** `examine`: no jobs and no workers; `findings` records the reports of the tap, `tools` the required programs. */
export function examineContext(
  over: Partial<ExamineContext> = {},
): ExamineContext & Recording & { readonly findings: readonly Finding[]; readonly tools: readonly string[] } {
  const findings: Finding[] = [];
  const tools: string[] = [];
  return {
    ...runContext(over),
    now: () => new Date("2026-01-31T12:00:00Z"),
    jobs: [],
    workers: [],
    needs: (tool) => void tools.push(tool),
    report: (finding) => void findings.push(finding),
    ...over,
    findings,
    tools,
  };
}
