import { Command, MaandCommand, Option } from "@maand/command";
import { findBucket, MaandError, openStore } from "@maand/core/readonly";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { completedLines } from "../completion/lines.ts";
import { powershellScript } from "../completion/powershell.ts";
import { zshScript } from "../completion/zsh.ts";
import { NAMED } from "../run/globals.ts";

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript };

/**
 * `maand completion`: prints a completion script for a shell. The script runs `maand completion <kind>` to get the
 * names of jobs, workers and labels.
 */
export class CompletionCommand extends MaandCommand {
  static override paths = [["completion"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "print the completion script for a shell",
    details:
      "bash: source <(maand completion bash). zsh: source <(maand completion zsh). fish: maand completion fish | source. PowerShell: maand completion powershell | Out-String | Invoke-Expression. The script contains all commands and flags, including those of the plugins of the current bucket. Names of jobs, workers and labels come from the last build of the current bucket.",
    examples: [
      ["In ~/.bashrc", "source <(maand completion bash)"],
      ["In the profile of PowerShell", "maand completion powershell | Out-String | Invoke-Expression"],
    ],
  });

  shell = Option.String({ required: true, name: "bash|zsh|fish|powershell" });

  override async work(): Promise<number> {
    if (NAMED.includes(this.shell)) for (const name of this.names(this.shell)) this.print(name);
    else this.context.stdout.write(this.script());
    return 0;
  }

  /**
   * The names that a completion script requests. Throws NOT_A_BUCKET outside a bucket; the scripts ignore this error.
   */
  names(kind: string): string[] {
    const store = openStore(findBucket(this.from));
    try {
      const { jobs, workers } = store.catalog.read();
      const labels = [...new Set(workers.flatMap((worker) => worker.labels))].sort();
      if (kind === "jobs") return jobs.map(({ name }) => name);
      if (kind === "labels") return labels;
      const zones = [...new Set(workers.flatMap(({ tags }) => tags.zone ?? []))].sort();
      const named = workers.flatMap(({ host, hostname }) => (hostname === undefined ? [host] : [host, hostname]));
      return [...named, ...labels.map((label) => `label:${label}`), ...zones.map((zone) => `zone:${zone}`)];
    } finally {
      store.close();
    }
  }

  /** The completion script with all commands of this program. */
  script(): string {
    const entry = Object.entries(SHELLS).find(([name]) => name === this.shell);
    if (!entry)
      throw new MaandError({
        code: "USAGE",
        message: `no completion for "${this.shell}"`,
        hint: `use one of: ${Object.keys(SHELLS).join(", ")}`,
      });
    return entry[1](completedLines(this.cli.definitions()));
  }
}
