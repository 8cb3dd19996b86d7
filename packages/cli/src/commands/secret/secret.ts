import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { ownerText } from "@maand/core/internal";
import { parseEnvFile } from "../../secrets/env-file.ts";
import { refreshSecrets } from "../../secrets/refresh-secrets.ts";
import { checkSecretKey, removeSecret, setSecrets } from "../../secrets/write-secrets.ts";
import { readText, readValue } from "./read-value.ts";
import { reportChange } from "./report.ts";

const JOB = "The job that the secret belongs to; default: the bucket, for every job.";

/** `maand secret set`. */
class SecretSetCommand extends EngineCommand {
  static override paths = [["secret", "set"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "store a secret, encrypted",
    details:
      "Type the value at a hidden prompt, pass it on standard input (maand removes one final newline), or read it unchanged from a file. You cannot pass it as an argument, because arguments appear in the shell history and in process lists. Prints which templates read the secret, and what the next deploy restarts.",
    examples: [
      ["Type the value", "maand secret set db_password --job api"],
      ["A generated value, for all jobs", "openssl rand -base64 24 | maand secret set token"],
      ["A file, unchanged", "maand secret set tls_key --job web --file key.pem"],
    ],
  });

  key = Option.String({ name: "key" });
  job = Option.String("--job", { description: JOB });
  file = Option.String("--file", {
    description: "Read the value unchanged from this file; - is standard input.",
  });
  others = Option.Rest({ name: "value" });

  override async work(): Promise<number> {
    if (this.others.length > 0 || this.key.includes("=")) throw valueTyped();
    checkSecretKey(this.key);
    const { key, job: owner } = this;
    return this.withEngine(async (bucket) => {
      const question = `value of ${key} of ${ownerText(owner)} (it is not shown): `;
      const value = await readValue({ file: this.file, from: this.from, question }, this.context);
      reportChange(this, await setSecrets(bucket, { command: "secret set", owner, values: new Map([[key, value]]) }));
      return 0;
    });
  }
}

/** `maand secret import`. */
class SecretImportCommand extends EngineCommand {
  static override paths = [["secret", "import"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "store all secrets of a .env file, or none",
    details:
      "Reads lines KEY=value: plain, in single quotes, or in double quotes without a backslash, a dollar sign or a backtick. Refuses lines that shells and dotenv libraries read differently. Expands and runs nothing in the file.",
    examples: [
      ["The secrets of a job", "maand secret import .env --job api"],
      ["From another program", "sops --decrypt prod.env | maand secret import - --job api"],
    ],
  });

  file = Option.String({ name: "file" });
  job = Option.String("--job", { description: JOB });

  override async work(): Promise<number> {
    return this.withEngine(async (bucket) => {
      const { entries, problems } = parseEnvFile(await readText(this.file, this.from, this.context));
      const name = this.file === "-" ? "standard input" : this.file;
      if (problems.length > 0)
        throw new MaandError({
          code: "USAGE",
          message: problems.map(({ line, message }) => `${name}:${line}: ${message}`).join("\n"),
          hint: "correct it and run the command again; nothing was changed",
        });
      if (entries.size === 0) throw new MaandError({ code: "USAGE", message: `${name} has no entry KEY=value` });
      reportChange(this, await setSecrets(bucket, { command: "secret import", owner: this.job, values: entries }));
      return 0;
    });
  }
}

/** `maand secret rm`. */
class SecretRemoveCommand extends EngineCommand {
  static override paths = [["secret", "rm"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "delete a secret",
    details:
      "Without --force, refuses to delete a secret that a template of the last build names. Older versions of the value stay encrypted in the store until maand gc.",
    examples: [
      ["A secret of a job", "maand secret rm db_password --job api"],
      ["Even if templates read it", "maand secret rm token --force"],
    ],
  });

  key = Option.String({ name: "key" });
  job = Option.String("--job", { description: JOB });
  force = Option.Boolean("--force", false, { description: "Delete it even if templates read it." });

  override async work(): Promise<number> {
    return this.withEngine(async (bucket) => {
      reportChange(this, await removeSecret(bucket, { owner: this.job, key: this.key, force: this.force }));
      return 0;
    });
  }
}

/** `maand secret refresh`. */
class SecretRefreshCommand extends EngineCommand {
  static override paths = [["secret", "refresh"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "read secrets again from their providers",
    details:
      "A build reads a secret from its provider once, and again only if the reference changed or secrets_max_age has passed. This command reads the secrets now, stores changed values, and prints what the next deploy restarts.",
    examples: [
      ["All of them", "maand secret refresh"],
      ["One secret of a job", "maand secret refresh db_password --job api"],
    ],
  });

  keys = Option.Rest({ name: "key" });
  job = Option.String("--job", { description: "Only the secrets of this job." });

  override async work(): Promise<number> {
    return this.withEngine(async (bucket) => {
      reportChange(this, await refreshSecrets(bucket, { keys: this.keys, job: this.job }));
      return 0;
    });
  }
}

function valueTyped(): MaandError {
  return new MaandError({
    code: "USAGE",
    message: "a value on the command line appears in the shell history and in process lists, so it was not stored",
    hint: "leave the value out and type it at the prompt, or pass it on standard input; then remove it from the history, and change it if others may have seen it",
  });
}

/** The commands that change secrets. */
export const SECRET_COMMANDS = [SecretSetCommand, SecretImportCommand, SecretRemoveCommand, SecretRefreshCommand];
