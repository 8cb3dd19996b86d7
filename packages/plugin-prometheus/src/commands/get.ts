import { Command, Option } from "@maand/command";
import { didYouMean, MaandError, type Store } from "@maand/core/readonly";
import { FOLDER, KINDS, sourcesOf } from "../sources.ts";
import { StoredCommand } from "./stored.ts";

/** `maand cat prometheus get <job> <kind or path>`. */
export class GetPrometheusCommand extends StoredCommand {
  static override paths = [["cat", "prometheus", "get"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "print the files of a job for Prometheus",
    details:
      "Prints the files of the last build unchanged. If there are several, a line with the path in _prometheus/ precedes each. With --json, prints a list of files with path and text.",
    examples: [
      ["The scrape configuration", "maand cat prometheus get api scrape"],
      ["All rules", "maand cat prometheus get api alerts"],
      ["One file", "maand cat prometheus get api runbooks/slow.md"],
    ],
  });

  job = Option.String({ name: "job" });
  what = Option.String({ name: "scrape|alerts|runbooks|dashboards|path" });

  override show(store: Store): number {
    const jobs = store.catalog.read().jobs;
    const job = jobs.find(({ name }) => name === this.job);
    if (!job)
      throw missing(
        `there is no job "${this.job}"`,
        didYouMean(
          this.job,
          jobs.map(({ name }) => name),
        ) ?? "to list the jobs, run maand cat prometheus",
      );
    const all = sourcesOf(job);
    const kinds = { scrape: all.scrape, alerts: all.rules, runbooks: all.runbooks, dashboards: all.dashboards };
    const kind = KINDS.find((one) => one === this.what);
    const path = this.what.startsWith(FOLDER) ? this.what : `${FOLDER}${this.what}`;
    const files = kind ? kinds[kind] : job.files.filter((file) => file.path === path);
    if (files.length === 0 && (!kind || !this.json))
      throw missing(
        kind ? `job ${job.name} has no ${kind}` : `job ${job.name} has no _prometheus/${path.slice(FOLDER.length)}`,
        "to list the jobs and their numbers of files, run maand cat prometheus",
      );
    const texts = files.map((file) => ({
      path: file.path.slice(FOLDER.length),
      text: Buffer.from(store.contents.read(file.hash)).toString(),
    }));
    if (this.json) this.printJson(texts);
    else for (const one of texts) this.printText(one, texts.length > 1);
    return 0;
  }

  /** Prints a text with a final newline, so that the next prompt starts on a new line. */
  private printText({ path, text }: { readonly path: string; readonly text: string }, several: boolean): void {
    const { stdout } = this.context;
    if (several) stdout.write(`==> ${path} <==\n`);
    stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
  }
}

function missing(message: string, hint: string): MaandError {
  return new MaandError({ code: "NOT_FOUND", message, hint });
}
