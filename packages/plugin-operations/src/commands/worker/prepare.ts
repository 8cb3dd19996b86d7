import { homedir } from "node:os";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { Command, confirmed, EXIT, hiddenLine, listOf, Option, plural, printError, visible } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import type { Bucket } from "@maand/core/internal";
import { asMaandError, runReporter } from "@maand/core/operator";
import type { ExistingLogin } from "../../prepare/login-session.ts";
import { keyExists, type WorkerPlan, withPlans, workersToPrepare } from "../../prepare/prepare-workers.ts";
import { commandsByHand } from "../../prepare/print-commands.ts";
import { createKey } from "../../prepare/public-key.ts";

type UnpreparedWorker = Extract<WorkerPlan, { state: "lacks" }>;

/** The result for one worker. */
interface Prepared {
  readonly host: string;
  readonly outcome: "ready" | "prepared" | "not_ssh" | "failed" | "not_changed";
  readonly changes: readonly string[];
  readonly error?: MaandError;
}

/** `maand worker prepare`. */
export class WorkerPrepareCommand extends EngineCommand {
  static override paths = [["worker", "prepare"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "check new workers, and install what is missing",
    details:
      "Checks with maand's own login whether each worker of workers.json is ready: key, sudo, bash, make, python3 and rsync. If a worker is not ready, logs in with your existing access: the system's ssh with your agent and ssh configuration, or --login-user, --login-key or a password. Shows what is missing. After you confirm, creates the user, adds the public key and a sudo rule, and installs the programs. Waits for other installations. Reports a worker as prepared only when maand's own login works. Creates secrets/worker.key if it is missing.",
    examples: [
      ["All workers, as root with a password", "maand worker prepare --login-user root --password"],
      [
        "One worker, with the key of the cloud provider",
        "maand worker prepare -w 10.0.0.7 --login-user ubuntu --login-key ~/.ssh/cloud --yes",
      ],
      ["Only print the commands", "maand worker prepare --print"],
    ],
  });

  workers = Option.Array("-w,--workers", [], {
    description: "Only these: hosts, hostnames, label:x, zone:x; default: all.",
  });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels." });
  loginUser = Option.String("--login-user", {
    description: "User of the existing login; default: the user that ssh uses.",
  });
  loginKey = Option.String("--login-key", { description: "Private key of the existing login." });
  password = Option.Boolean("--password", false, {
    description: "Ask for the password of the existing login, or read it from standard input.",
  });
  printOnly = Option.Boolean("--print", false, {
    description: "Only print the commands to run; contact no worker.",
  });
  yes = Option.Boolean("-y,--yes", false, { description: "Make the changes without confirmation." });

  override async work(): Promise<number> {
    return this.withEngine(async (bucket) => {
      if (this.printOnly) return this.#print(bucket);
      const login = await this.#login();
      await this.#createKeys(bucket);
      const options = { workers: listOf(this.workers), labels: listOf(this.labels), login };
      return withPlans(bucket, options, (plans) => this.#carryOut(plans));
    });
  }

  async #carryOut(plans: readonly WorkerPlan[]): Promise<number> {
    const unprepared = plans.filter((plan): plan is UnpreparedWorker => plan.state === "lacks");
    if (!this.json) for (const { host, changes } of unprepared) this.print(`${host}: ${changes.join("; ")}`);
    const agreed = unprepared.length > 0 && (await this.#agreed(unprepared));
    if (agreed && !this.quiet)
      this.context.stderr.write(`preparing ${plural(unprepared.length, "worker")}; an installation can take minutes\n`);
    const results = await Promise.all(plans.map((plan) => this.#apply(plan, agreed)));
    if (this.json) this.printJson(results.map(record));
    else for (const result of results) this.#report(result);
    return results.every(({ outcome }) => ["ready", "prepared", "not_ssh"].includes(outcome)) ? EXIT.ok : EXIT.failed;
  }

  async #agreed(unprepared: readonly UnpreparedWorker[]): Promise<boolean> {
    if (this.yes) return true;
    const count = plural(unprepared.length, "worker");
    return confirmed(
      {
        what: `${count} would be changed`,
        question: `change ${count}?`,
        hint: "run the command again with --yes, or --print",
      },
      this.context,
    );
  }

  async #apply(plan: WorkerPlan, agreed: boolean): Promise<Prepared> {
    const { host } = plan;
    if (plan.state === "failed") return { host, outcome: "failed", changes: [], error: plan.error };
    if (plan.state !== "lacks") return { host, outcome: plan.state, changes: [] };
    if (!agreed) return { host, outcome: "not_changed", changes: plan.changes };
    const { stderr } = this.context;
    const faint = this.style("stderr").faint;
    try {
      await plan.apply((line) => void (this.quiet || stderr.write(`${faint(`${host} |`)} ${visible(line)}\n`)));
      return { host, outcome: "prepared", changes: plan.changes };
    } catch (cause) {
      return { host, outcome: "failed", changes: plan.changes, error: asMaandError(cause) };
    }
  }

  #report({ host, outcome, error }: Prepared): void {
    const { stdout, stderr } = this.context;
    if (error) printError(error, { json: false, stdout, stderr, style: this.style("stderr") });
    else this.print(`${host}: ${WORDS[outcome]}`);
  }

  /** Creates a key for a bucket without one, because workers cannot be prepared for a key that does not exist. */
  async #createKeys(bucket: Bucket): Promise<void> {
    const files = new Set((await this.#logins(bucket)).map(({ login }) => login.keyFile));
    for (const keyFile of files) {
      if (keyExists(keyFile)) continue;
      await createKey(keyFile);
      this.context.stderr.write(`created ${keyFile} and ${keyFile}.pub\n`);
    }
  }

  async #print(bucket: Bucket): Promise<number> {
    const logins = await this.#logins(bucket);
    const commands = logins.map(({ worker, login }) => ({ host: worker.host, lines: commandsByHand(worker, login) }));
    if (this.json) this.printJson(commands.map(({ host, lines }) => ({ worker_ip: host, commands: lines })));
    else for (const { lines } of commands) for (const line of lines) this.print(line);
    return EXIT.ok;
  }

  async #logins(bucket: Bucket) {
    const { context } = runReporter(bucket, "worker prepare");
    const workers = workersToPrepare(bucket, { workers: listOf(this.workers), labels: listOf(this.labels) });
    const found = await Promise.all(
      workers.map(async (worker) => {
        const login = await bucket.hooks.login.promise(Object.freeze({ ...context({ worker: worker.host }), worker }));
        return login === undefined ? [] : [{ worker, login }];
      }),
    );
    return found.flat();
  }

  async #login(): Promise<ExistingLogin> {
    if (this.loginUser !== undefined && !/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/.test(this.loginUser))
      throw new MaandError({
        code: "USAGE",
        message: `"${this.loginUser}" is not a user name`,
        hint: "use letters, digits, - . and _",
      });
    const key = this.loginKey?.replace(/^~(?=\/)/, this.context.env.HOME ?? homedir());
    return {
      user: this.loginUser,
      key: key === undefined ? undefined : resolve(this.from, key),
      password: this.password ? await this.#readPassword() : undefined,
    };
  }

  async #readPassword(): Promise<string> {
    const { stdin } = this.context;
    const typed =
      stdin.isTTY === true ? await hiddenLine("password: ", this.context) : (await text(stdin)).replace(/\r?\n$/, "");
    if (typed !== "" && !/[\r\n\0]/.test(typed)) return typed;
    throw new MaandError({
      code: "USAGE",
      message: typed === "" ? "the password is empty" : "the password has several lines",
      hint: "type it, or pass it as one line on standard input",
    });
  }
}

const WORDS: Readonly<Record<Prepared["outcome"], string>> = {
  ready: "ready",
  prepared: "prepared; maand's own login works",
  not_ssh: "not reached by ssh, nothing to prepare",
  failed: "failed",
  not_changed: "not changed",
};

function record({ host, outcome, changes, error }: Prepared) {
  return { worker_ip: host, outcome, changes, message: error?.message ?? null, hint: error?.hint ?? null };
}
