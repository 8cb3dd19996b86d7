import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedSecrets, SecretReference } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { resolveSecretsContext, someSettings } from "@maand/core/testing";
import { secrets } from "./index.ts";

/** Prints the prepared output for exactly these arguments and this input, and records its start and end. */
const SCRIPT = `#!/bin/sh
given="$(printf '%s\\037' "$@")"
printf 'start %s\\n' "$given" >>"$0.log"
input=""
if [ -e "$0.reads" ]; then input="$(cat)"; printf '%s' "$input" >"$0.input"; fi
# all calls but the first wait until as many have started as the gate says
starts() { grep -c '^start' "$0.log"; }
if [ -e "$0.gate" ] && [ "$(starts)" -gt 1 ]; then
  tries=0
  while [ "$(starts)" -lt "$(cat "$0.gate")" ] && [ "$tries" -lt 1000 ]; do tries=$((tries + 1)); sleep 0.02; done
fi
for args in "$0".args-*; do
  if [ "$given" = "$(cat "$args")" ]; then
    env >"$0.env"
    cat "\${args%.args-*}.err-\${args##*.args-}" >&2
    cat "\${args%.args-*}.out-\${args##*.args-}"
    printf 'end %s\\n' "$given" >>"$0.log"
    exit "$(cat "\${args%.args-*}.code-\${args##*.args-}")"
  fi
done
echo "unexpected arguments: $*" >&2
exit 64
`;

/** The output of a fake program. */
export interface FakeOutput {
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
  readonly code?: number;
}

/** A directory with fake programs, to be put into PATH. */
export class FakePrograms {
  readonly directory = mkdtempSync(join(tmpdir(), "maand-fake-"));
  readonly #answers = new Map<string, number>();

  /** Prepares the output of a call with exactly these arguments. */
  answers([program = "", ...args]: readonly string[], { stdout = "", stderr = "", code = 0 }: FakeOutput): void {
    const at = (this.#answers.get(program) ?? 0) + 1;
    this.#answers.set(program, at);
    const file = join(this.directory, program);
    writeFileSync(file, SCRIPT);
    chmodSync(file, 0o755);
    writeFileSync(`${file}.args-${at}`, args.map((arg) => `${arg}\x1f`).join(""));
    writeFileSync(`${file}.out-${at}`, stdout);
    writeFileSync(`${file}.err-${at}`, stderr);
    writeFileSync(`${file}.code-${at}`, String(code));
  }

  /** Makes a program read its input. */
  readsInput(program: string): void {
    writeFileSync(join(this.directory, `${program}.reads`), "");
  }

  /** Makes every call except the first wait until this number of calls has started. */
  gate(program: string, starts: number): void {
    writeFileSync(join(this.directory, `${program}.gate`), String(starts));
  }

  /** A file that a program wrote: `log`, `input` or `env`. */
  left(program: string, what: "log" | "input" | "env"): string {
    const file = join(this.directory, `${program}.${what}`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** The environment with these programs first. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: `${this.directory}:/usr/bin:/bin`, ...more };
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** A reference as core reads it from a text. */
export function reference(text: string): SecretReference {
  const [, provider = "", rest = "", field] = /^secret:\/\/([^/]+)\/([^#]*)(?:#(.*))?$/s.exec(text) ?? [];
  return { text, provider, path: rest.split("/"), field };
}

/** Options of {@link resolve}. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly root?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Reads references of one provider through the hook. */
export async function resolve(
  texts: readonly string[],
  { env, root = "/", settings = {} }: Surroundings,
): Promise<ResolvedSecrets | undefined> {
  const hooks = createHooks();
  secrets({ environment: env }).apply(hooks);
  const references = texts.map(reference);
  return hooks.resolveSecrets.promise(
    resolveSecretsContext({
      provider: references[0]?.provider ?? "",
      references,
      bucket: { id: "bucket", root },
      settings: { ...someSettings(), plugins: settings },
    }),
  );
}
