import { createHash } from "node:crypto";
import type { PluginTools } from "@maand/core";
import * as v from "valibot";
import type { ToolFile } from "./tool-file.ts";

/** The maximum number of stored checks. Each server and build needs only a few. */
const KEPT = 200;

/**
 * Checks of promtool that passed, by the digest of the program and all of its input, so that no check is run twice.
 * They are stored in the state of the plugin, but only at the end of a build or a deploy, because a dry run writes
 * nothing.
 */
export class PassedChecks {
  readonly #state: ReturnType<typeof stateOf>;
  #known: Set<string> | undefined;
  #isChanged = false;

  constructor(tools: Pick<PluginTools, "state">) {
    this.#state = stateOf(tools);
  }

  has(digest: string): boolean {
    return this.#all().has(digest);
  }

  add(digest: string): void {
    const known = this.#all();
    if (known.has(digest)) return;
    known.add(digest);
    this.#isChanged = true;
  }

  /** Stores the newest checks. If this fails, the next build or deploy repeats the checks. */
  save(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      this.#state.set({ passed: [...this.#all()].slice(-KEPT) });
    } catch {
      // the store refuses a digest that contains a short secret by chance
    }
  }

  #all(): Set<string> {
    this.#known ??= new Set(this.#state.get("passed") ?? []);
    return this.#known;
  }
}

function stateOf({ state }: Pick<PluginTools, "state">) {
  return state({ passed: v.array(v.string()) });
}

/** The digest of a check. */
export function digestOf(identity: string, check: readonly string[], files: readonly ToolFile[]): string {
  const hash = createHash("sha256");
  for (const part of [identity, ...check, ...files.flatMap(({ name, text }) => [name, text])])
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}
