import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type CommandResult, run } from "./command.ts";
import { makeKey } from "./keys.ts";
import { type Namespace, openNamespace } from "./namespace.ts";
import { argumentsOf, isStopped, programOf, signalAll } from "./processes.ts";
import { type Reboot, type RebootOptions, rebootOnShutdown, writePrograms } from "./shutdown.ts";
import { type Sshd, startSshd } from "./sshd.ts";
import { until } from "./until.ts";

/** The result of a command that was run directly on a worker. */
export type WorkerCommandResult = CommandResult;

/** Options of one worker. */
export interface WorkerParts {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  readonly authorizedKeys: string;
  readonly diskKb: number | undefined;
  readonly sshdConfig: readonly string[];
}

/** One worker of a fleet: a real sshd on its own loopback address, with its own `/opt/worker` and processes. */
export class FleetWorker {
  /** Its address, and its `host` in workers.json. */
  readonly host: string;
  readonly port: number;
  /** Type and base64 of its host key. */
  hostKey = "";
  readonly #parts: WorkerParts;
  #namespace: Namespace | undefined;
  #sshd: Sshd | undefined;
  #earlierLog: readonly string[] = [];
  #isOff = true;
  #rebooter: Awaited<ReturnType<typeof rebootOnShutdown>> | undefined;

  constructor(parts: WorkerParts) {
    this.host = parts.address;
    this.port = parts.port;
    this.#parts = parts;
  }

  /** Its line in a bucket's `secrets/known_hosts`. */
  get knownHost(): string {
    return `[${this.host}]:${this.port} ${this.hostKey}`;
  }

  /** The output of its sshd. */
  get log(): readonly string[] {
    return [...this.#earlierLog, ...(this.#sshd?.log ?? [])];
  }

  /** The number of logins that its sshd has accepted so far. */
  connections(): number {
    return this.log.filter((line) => line.startsWith("Accepted publickey ")).length;
  }

  /** Makes directories and keys, and starts the worker for the first time. */
  async open(): Promise<void> {
    const { directory, authorizedKeys, diskKb } = this.#parts;
    await mkdir(`${directory}/worker`, { recursive: true });
    await writeFile(`${directory}/authorized_keys`, `${authorizedKeys}\n`);
    await writePrograms(`${directory}/programs`);
    await writeFile(this.#bootIdFile, `${randomUUID()}\n`);
    const mounts = { worker: `${directory}/worker`, programs: `${directory}/programs`, bootId: this.#bootIdFile };
    const [key, namespace] = await Promise.all([makeKey(`${directory}/host_key`), openNamespace(mounts, diskKb)]);
    this.hostKey = key.publicKey;
    this.#namespace = namespace;
    await this.start();
  }

  /** Starts its sshd again after {@link stop} or {@link cutOff}. */
  async start(): Promise<void> {
    if (this.#sshd) return;
    if (this.#isOff) await writeFile(this.#bootIdFile, `${randomUUID()}\n`); // in place: it is mounted
    this.#isOff = false;
    const { directory, address, port, sshdConfig } = this.#parts;
    this.#sshd = await startSshd(this.#space(), { directory, address, port, extra: sshdConfig });
  }

  /** Switches the machine off: its sshd, all sessions and all other processes end. Its next boot has another id. */
  async stop(): Promise<void> {
    this.#isOff = true;
    this.freeze(); // because on a machine without power, no process detects the end of another process
    await this.#kill(this.#space().processes());
  }

  /** Makes `shutdown`, `reboot` and similar programs switch it off and start its sshd again some time later. */
  async reboots(options: RebootOptions): Promise<readonly Reboot[]> {
    await this.#rebooter?.end();
    this.#rebooter = await rebootOnShutdown(`${this.#parts.directory}/programs`, options, this);
    return this.#rebooter.reboots;
  }

  /** Simulates a network failure: its sshd and all sessions end, and processes of jobs continue. */
  async cutOff(): Promise<void> {
    await this.#kill(this.#sshdProcesses());
  }

  /** Closes all sessions immediately. The worker still accepts new sessions. */
  async dropConnections(): Promise<void> {
    await until("sessions to end", () => {
      // searched again each time, because a new session starts another process
      const sessions = this.#sshdProcesses().filter((pid) => !argumentsOf(pid).includes("[listener]"));
      signalAll(sessions, "SIGKILL");
      return this.#sshdProcesses().length <= 1;
    });
  }

  /** Suspends all its processes. Connections stay open, but nothing responds. */
  freeze(): void {
    signalAll(this.#space().processes(), "SIGSTOP");
  }

  /**
   * Resumes all processes after {@link freeze}. sudo suspends itself when it detects that its command was suspended,
   * which may happen only now. Therefore, all processes are resumed repeatedly until none has been suspended for a
   * while.
   */
  thaw(): void {
    const looks = 20;
    for (let quiet = 0; quiet < looks; ) {
      const stopped = this.#space().processes().filter(isStopped);
      signalAll(stopped, "SIGCONT");
      quiet = stopped.length === 0 ? quiet + 1 : 0;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }

  /** Gives it another host key, as after a reinstallation. */
  async changeHostKey(): Promise<void> {
    await this.cutOff();
    this.hostKey = (await makeKey(`${this.#parts.directory}/host_key`)).publicKey;
    await this.start();
  }

  /** Makes this public key the only one that can log in. */
  async authorize(publicKey: string): Promise<void> {
    await writeFile(`${this.#parts.directory}/authorized_keys`, `${publicKey}\n`);
  }

  /** Fills the disk of `/opt/worker` except for `leaveKb` KiB. The fleet must have the option `diskKb`. */
  async fillDisk(leaveKb = 0): Promise<void> {
    const filler = "/opt/worker/.filler";
    await this.run(["sh", "-c", `cat /dev/zero > ${filler}`]);
    if (leaveKb === 0) return;
    const { size } = await stat(this.#inside(filler));
    await this.run(["truncate", `--size=${Math.max(0, size - leaveKb * 1024)}`, filler]);
  }

  /** Frees the disk after {@link fillDisk}. */
  async freeDisk(): Promise<void> {
    await rm(this.#inside("/opt/worker/.filler"), { force: true });
  }

  /** The text of a file on the worker. */
  read(path: string): Promise<string> {
    return readFile(this.#inside(path), "utf8");
  }

  /** Whether a path exists on the worker. */
  exists(path: string): boolean {
    return existsSync(this.#inside(path));
  }

  /** The sorted names in a directory on the worker; with `recursive`, all paths below it. */
  async list(path: string, options: { recursive?: boolean } = {}): Promise<string[]> {
    return (await readdir(this.#inside(path), { recursive: options.recursive ?? false })).sort();
  }

  /** The permission bits of a file on the worker. */
  async mode(path: string): Promise<number> {
    return (await stat(this.#inside(path))).mode & 0o7777;
  }

  /** Writes a file on the worker as root. */
  async write(path: string, content: string): Promise<void> {
    const target = this.#inside(path);
    await mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await writeFile(target, content);
  }

  /** Runs a command on the worker as root, without ssh. */
  run(argv: readonly string[], input?: string): Promise<WorkerCommandResult> {
    return run([...this.#space().enter, ...argv], input);
  }

  /** The ids, on this machine, of its processes whose arguments contain `text`. */
  processesWith(text: string): number[] {
    return this.#space()
      .processes()
      .filter((pid) => argumentsOf(pid).includes(text));
  }

  /** Terminates all processes on the worker. */
  async close(): Promise<void> {
    await this.#rebooter?.end();
    await this.#namespace?.close();
    this.#namespace = undefined;
  }

  async #kill(pids: readonly number[]): Promise<void> {
    this.#earlierLog = this.log;
    this.#sshd = undefined;
    signalAll(pids, "SIGKILL");
    await until("its sshd to end", () => {
      const left = this.#sshdProcesses(); // searched again each time, because a login in progress starts another process
      signalAll(left, "SIGKILL");
      return left.length === 0;
    });
  }

  get #bootIdFile(): string {
    return `${this.#parts.directory}/boot_id`;
  }

  #sshdProcesses(): number[] {
    return this.#space()
      .processes()
      .filter((pid) => programOf(pid) === "sshd");
  }

  #space(): Namespace {
    if (!this.#namespace) throw new Error(`fleet worker ${this.host} is not open`);
    return this.#namespace;
  }

  #inside(path: string): string {
    return this.#space().root + path;
  }
}
