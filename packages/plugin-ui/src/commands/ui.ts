import { resolve } from "node:path";
import { Command, EXIT, listOf, MaandCommand, Option, visible } from "@maand/command";
import { findBucket, MaandError } from "@maand/core/readonly";
import { verbNamed } from "../access/tokens.ts";
import type { Verb } from "../contract.ts";
import type { Ui } from "../server/serve.ts";

/** `maand ui`. */
export class UiCommand extends MaandCommand {
  static override paths = [["ui"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show the bucket in a browser, live",
    details:
      "Serves a web UI on this machine until Ctrl-C: the fleet, jobs, workers, plans, live runs, history, certificates and the doctor. The web UI is read-only unless --allow permits actions. An action runs the command of the same name, after the same confirmation. The URL contains a code that works once. maand also prints the path of a file, which only you can read, and which opens the web UI in any number of browsers. An address that others can reach requires TLS and tokens that maand ui token created. --export writes a run as files instead.",
    examples: [
      ["Open the bucket in a browser", "maand ui --open"],
      ["Also deploy and roll back from the web UI", "maand ui --allow deploy,rollback"],
      ["For a team", "maand ui --listen 10.0.0.5:8443 --tls-cert ui.crt --tls-key ui.key --tokens tokens.json"],
      ["Attach the last run to an incident", "maand ui --export incident-42"],
    ],
  });

  port = Option.String("--port", { description: "Listen on this port; default: any free port." });
  open = Option.Boolean("--open", false, { description: "Open the web UI in your browser." });
  allow = Option.Array("--allow", [], { description: "Allow deploy, rollback, pause, maintain; comma-separated." });
  listen = Option.String("--listen", { description: "Listen at this address and port instead of 127.0.0.1." });
  tlsCert = Option.String("--tls-cert", { description: "A certificate chain, in PEM format." });
  tlsKey = Option.String("--tls-key", { description: "The key of the certificate, in PEM format." });
  tokens = Option.String("--tokens", {
    description: "The file that maand ui token writes: who may log in, and the allowed actions.",
  });
  host = Option.Array("--host", [], {
    description: "A name that browsers use, in addition to the names in --tls-cert.",
  });
  export_ = Option.String("--export", { description: "Write a run as a static page to this new directory, and exit." });
  run_ = Option.String("--run", {
    description: "With --export: this run, by the beginning of its id; default: the last one.",
  });

  override async work(): Promise<number> {
    const paths = findBucket(this.from);
    if (this.export_ !== undefined) return this.exportRun(paths, resolve(this.from, this.export_));
    if (this.run_ !== undefined) throw usage("--run needs --export", "add --export and a directory");
    const { serveUi } = await import("../server/serve.ts");
    const { listenPlan } = await import("../access/listen-options.ts");
    const { TokenFile } = await import("../access/token-file.ts");
    const { APP_DIRECTORY, readAppFiles } = await import("../app-files.ts");
    const fromHere = (file: string | undefined) => (file === undefined ? undefined : resolve(this.from, file));
    const tokens = fromHere(this.tokens);
    const ui = await serveUi({
      paths,
      version: this.cli.binaryVersion ?? "",
      files: readAppFiles(APP_DIRECTORY),
      at: listenPlan({
        ...{ port: this.port, listen: this.listen, tokens, hosts: listOf(this.host) },
        tlsCert: fromHere(this.tlsCert),
        tlsKey: fromHere(this.tlsKey),
      }),
      allow: this.verbs(),
      tokens: tokens === undefined ? undefined : new TokenFile(tokens),
      starter: {
        self: this.context.program.self,
        root: paths.root,
        config: fromHere(this.config),
        env: this.context.env,
      },
      status: this.context.program.status,
      now: this.context.now,
      failed: (cause) => this.warn(cause),
      started: (person, command) => this.context.stderr.write(`${person} started: ${visible(command)}\n`),
    });
    return this.serve(ui);
  }

  /** Serves until Ctrl-C, which is its normal end. */
  async serve(ui: Ui): Promise<number> {
    try {
      this.show(ui);
      if (this.open) await this.openBrowser(ui);
      const { signal } = this.context;
      if (!signal.aborted) await new Promise((end) => signal.addEventListener("abort", end, { once: true }));
      return EXIT.interrupted;
    } finally {
      await ui.close();
    }
  }

  show({ port, url, openUrl, openFile }: Ui): void {
    const allow = this.verbs();
    if (this.json) {
      this.printJson({ url: openUrl ?? url, file: openFile ?? null, port, allow });
      return;
    }
    const { faint } = this.style("stdout");
    this.print(openUrl ?? url);
    this.print(faint(`  ${allow.length === 0 ? "read-only" : `allows ${allow.join(", ")}`}; press Ctrl-C to stop`));
    if (openFile !== undefined) this.print(faint(`  for another browser: ${openFile}`));
  }

  async openBrowser({ openFile, url }: Ui): Promise<void> {
    const { openInBrowser } = await import("../server/open-browser.ts");
    const problem = await openInBrowser(openFile ?? url);
    if (problem !== undefined) this.context.stderr.write(`maand: could not open a browser: ${problem}\n`);
  }

  async exportRun(paths: ReturnType<typeof findBucket>, directory: string): Promise<number> {
    const { exportRun } = await import("../export/export-run.ts");
    const { APP_DIRECTORY, readAppFiles } = await import("../app-files.ts");
    const { run, files } = await exportRun({
      ...{ paths, directory, run: this.run_, status: this.context.program.status, now: this.context.now },
      version: this.cli.binaryVersion ?? "",
      files: readAppFiles(APP_DIRECTORY),
    });
    if (this.json) this.printJson({ run, directory, files });
    else this.print(`wrote run ${run} to ${directory}; open index.html in it`);
    return EXIT.ok;
  }

  verbs(): Verb[] {
    const hint = "for example: --allow deploy,rollback";
    return listOf(this.allow).map((word) => verbNamed(word, (message) => usage(message, hint)));
  }

  warn(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.context.stderr.write(`${this.style("stderr").warn("warning:")} ${message}\n`);
  }
}

function usage(message: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message, hint });
}
