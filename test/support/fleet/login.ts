import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ACCOUNT } from "./account.ts";
import { must } from "./command.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetWorker } from "./worker.ts";

/** Changes to the account that maand uses to log in to a worker. */
export interface Login {
  /** The login shell; default: the login shell of the account on this machine. */
  readonly shell?: string;
  /** Files in its home directory, by path. */
  readonly home?: Readonly<Record<string, string>>;
  /** The sudo rule of the account; default: any command without a password. */
  readonly sudoers?: string;
}

/** Changes the account on one worker only, with mounts over `/etc` and the home directory that no other worker sees. */
export async function changeLogin(fleet: Fleet, worker: FleetWorker, { shell, home, sudoers }: Login): Promise<void> {
  const directory = await mkdtemp(join(fleet.directory, "login-"));
  const passwd = await readFile("/etc/passwd", "utf8");
  const [line = ""] = passwd.split("\n").filter((entry) => entry.startsWith(`${ACCOUNT}:`));
  const fields = line.split(":");
  if (shell !== undefined) {
    const changed = [...fields.slice(0, 6), shell].join(":");
    await mount(worker, directory, "/etc/passwd", passwd.replace(line, changed));
  }
  if (sudoers !== undefined) await mount(worker, directory, `/etc/sudoers.d/${ACCOUNT}`, sudoers);
  if (home !== undefined) await mountHome(worker, directory, fields[5] ?? "", home);
}

/** Whether a program is on this machine's path. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
}

async function mount(worker: FleetWorker, directory: string, path: string, text: string): Promise<void> {
  const file = join(directory, path.replaceAll("/", "-"));
  await writeFile(file, text);
  await must(["chmod", "--reference", path, file]);
  await inside(worker, ["mount", "--bind", file, path]);
}

async function mountHome(
  worker: FleetWorker,
  directory: string,
  path: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const home = join(directory, "home");
  await mkdir(home);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
  }
  await must(["chown", "-R", ACCOUNT, home]);
  await must(["chmod", "711", directory]);
  await inside(worker, ["mount", "--bind", home, path]);
}

async function inside(worker: FleetWorker, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await worker.run(argv);
  if (code !== 0) throw new Error(`${argv.join(" ")} exited with ${code}: ${stderr.trim()}`);
}
