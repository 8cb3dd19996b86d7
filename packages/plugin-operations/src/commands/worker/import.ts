import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { Command, confirmed, EXIT, MaandCommand, Option, plural } from "@maand/command";
import { MaandError, type Problem } from "@maand/core";
import { findBucket, problemsError } from "@maand/core/internal";
import { canonicalHost, isRecord, resolveWorkers } from "@maand/core/operator";
import { FORMATS, type Inventory, type InventoryFormat } from "../../inventory/inventory.ts";
import { type ImportStep, losesMost, planImport } from "../../inventory/plan-import.ts";
import { readInventory } from "../../inventory/read-inventory.ts";
import { editWorkers, readWorkers } from "../../workers/add-workers.ts";

/** `maand worker import`. */
export class WorkerImportCommand extends MaandCommand {
  static override paths = [["worker", "import"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "import workers from an inventory of Ansible or Terraform",
    details:
      "Reads an Ansible inventory (INI, YAML, or the JSON of ansible-inventory --list), the JSON of terraform output -json, or a list in the form of workers.json. Shows which workers it adds, changes and skips, with the reason. After you confirm, writes them to workspace/workers.json, and keeps the formatting of the file. Turns groups into labels. Keeps settings that the inventory does not contain. Contacts no worker.",
    examples: [
      ["An Ansible inventory", "maand worker import inventory.ini"],
      ["What Terraform created", "terraform output -json | maand worker import - --yes"],
    ],
  });

  file = Option.String({ required: true, name: "file" });
  format = Option.String("--format", { description: `${FORMATS.join(", ")}; default: detected from the content.` });
  output = Option.String("--output", {
    description: "Terraform output with the workers; default: maand_workers, otherwise workers.",
  });
  prune = Option.Boolean("--prune", false, { description: "Also remove workers that are not in the inventory." });
  dryRun = Option.Boolean("--dry-run", false, { description: "Only show what would change." });
  yes = Option.Boolean("-y,--yes", false, {
    description: "Write without confirmation, even if more than half of the workers are removed.",
  });

  override async work(): Promise<number> {
    const { workspace } = findBucket(this.from);
    const file = this.file === "-" ? "standard input" : this.file;
    const inventory = await readInventory({
      text: await this.#text(),
      file,
      format: this.#format(),
      output: this.output,
    });
    refuseProblems(inventory, file);
    const { workers, entries } = readWorkers(workspace);
    const written = workers.map(({ host }, at) => ({
      host: canonicalHost(host),
      entry: isRecord(entries[at]) ? entries[at] : {},
    }));
    const steps = planImport(inventory.hosts, written, { prune: this.prune });
    if (!this.json) this.#show(steps);
    const changes = steps.filter(({ action }) => action !== "skip");
    const agreed = changes.length > 0 && !this.dryRun && (await this.#agreed(steps, workers.length));
    if (agreed) await editWorkers(workspace, editOf(steps));
    if (this.json)
      this.printJson(steps.map((step) => ({ ...record(step), written: agreed && step.action !== "skip" })));
    else if (changes.length === 0) this.print("nothing to import");
    else if (agreed) this.print("wrote workspace/workers.json\n  next: maand worker prepare, then maand build");
    else if (!this.dryRun) this.print("nothing was written");
    return agreed || changes.length === 0 || this.dryRun ? EXIT.ok : EXIT.failed;
  }

  #show(steps: readonly ImportStep[]): void {
    this.printTable(
      ["action", "worker", { name: "reason", dropOrder: 1 }],
      steps.map(({ action, host, reason }) => [action, host, reason]),
    );
    const count = (wanted: ImportStep["action"]) => steps.filter(({ action }) => action === wanted).length;
    const removed = count("remove") > 0 ? `, ${count("remove")} to remove` : "";
    this.print(`${count("add")} to add, ${count("change")} to change${removed}, ${count("skip")} skipped`);
  }

  async #agreed(steps: readonly ImportStep[], workers: number): Promise<boolean> {
    if (this.yes) return true;
    const removed = steps.filter(({ action }) => action === "remove").length;
    if (losesMost(steps, workers))
      throw new MaandError({
        code: "NOT_PERMITTED",
        message: `${removed} of ${plural(workers, "worker")} would be removed, which is more than half`,
        hint: "check the inventory; if it is right, run the command again with --yes",
        refused: true,
      });
    const count = plural(steps.filter(({ action }) => action !== "skip").length, "change");
    return confirmed(
      { what: `${count} would be written`, question: `write ${count}?`, hint: "run the command again with --yes" },
      this.context,
    );
  }

  #format(): InventoryFormat | undefined {
    const known = FORMATS.find((one) => one === this.format);
    if (this.format === undefined || known !== undefined) return known;
    throw new MaandError({
      code: "USAGE",
      message: `"${this.format}" is not a format`,
      hint: `use ${FORMATS.join(", ")}`,
    });
  }

  async #text(): Promise<string> {
    if (this.file === "-") return text(this.context.stdin);
    const path = resolve(this.from, this.file);
    if (existsSync(path)) return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${this.file} does not exist`,
      hint: "name an inventory, or - for standard input",
    });
  }
}

/** Refuses an inventory with problems, and hosts that a build would refuse, each with its line. */
function refuseProblems({ hosts, problems }: Inventory, file: string): void {
  const wrong: Problem[] = [...problems];
  for (const { name, host, labels, fields, line, unusable } of hosts) {
    if (unusable !== undefined) continue;
    resolveWorkers([{ host, labels, ...fields }], ({ level, code, where, message, hint }) => {
      if (level !== "error") return;
      const field = /\[0\]\.?(.*)$/.exec(where)?.[1] ?? "";
      const place = `${file}: ${name}${field === "" ? "" : `.${field}`}`;
      wrong.push({
        level,
        code,
        where: place,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(line === undefined ? {} : { line }),
      });
    });
  }
  if (wrong.length > 0) throw problemsError(wrong);
  if (hosts.length > 0) return;
  throw new MaandError({
    code: "NOT_FOUND",
    message: `${file} names no hosts`,
    hint: "check the file, or name its format with --format",
  });
}

function editOf(steps: readonly ImportStep[]) {
  return {
    add: steps.flatMap((step) => (step.action === "add" ? step.entry : [])),
    change: steps.flatMap((step) => (step.action === "change" ? step : [])),
    remove: steps.flatMap((step) => (step.action === "remove" ? step.at : [])),
  };
}

function record({ action, host, reason }: ImportStep) {
  return { action, worker_ip: host, reason };
}
