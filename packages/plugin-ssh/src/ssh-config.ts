import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Line } from "ssh-config";

/** What `~/.ssh/config` says of one host; only what is used here. */
export interface HostSettings {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  /** In the order of the file, absolute. */
  readonly identityFiles: readonly string[];
  /** As written: `user@host:port`, several with commas. */
  readonly proxyJump?: string;
}

/** Answers what the config says of a host. */
export type HostLookup = (host: string) => HostSettings;

/**
 * Reads an ssh client configuration; a missing file says nothing of anybody. `Include` is followed. Blocks for
 * `Host *`, `Match` blocks and what stands before the first block are left out: they speak of every machine, and of
 * the workers `maand.conf` speaks. Nothing in it is ever executed.
 */
export async function readSshConfig(path: string): Promise<HostLookup> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (text.trim() === "") return () => ({ identityFiles: [] });
  const { default: SSHConfig } = await import("ssh-config");
  const config = new SSHConfig();
  config.push(...(await hostBlocks(text, dirname(path), SSHConfig.parse, 0)));
  return (host) => settingsFrom(config.compute(host, { ignoreCase: true, matchExec: false }), host);
}

type Parse = (text: string) => Line[];

async function hostBlocks(text: string, directory: string, parse: Parse, depth: number): Promise<Line[]> {
  const blocks: Line[] = [];
  for (const line of parse(text)) {
    if (!("param" in line)) continue;
    const param = line.param.toLowerCase();
    if (param === "host" && !wordsOf(line.value).includes("*")) blocks.push(line);
    if (param !== "include" || depth > 4) continue;
    for (const path of await included(wordsOf(line.value), directory)) {
      blocks.push(...(await hostBlocks(await readFile(path, "utf8").catch(() => ""), directory, parse, depth + 1)));
    }
  }
  return blocks;
}

/** Paths of included files; `*` and `?` may stand in the last part of a path. */
async function included(words: readonly string[], directory: string): Promise<string[]> {
  const { glob } = await import("ssh-config");
  const paths = words.map(async (word) => {
    const path = resolve(directory, expand(word));
    if (!/[*?]/.test(basename(path))) return [path];
    const names = await readdir(dirname(path)).catch(() => []);
    return names
      .filter((name) => glob(basename(path), name))
      .sort()
      .map((name) => join(dirname(path), name));
  });
  return (await Promise.all(paths)).flat();
}

function settingsFrom(found: Record<string, string | string[]>, host: string): HostSettings {
  const hostName = only(found.hostname)?.replaceAll("%h", host);
  const port = Number(only(found.port));
  const user = only(found.user);
  const proxyJump = only(found.proxyjump);
  return {
    ...(hostName && { hostName }),
    ...(port > 0 && { port }),
    ...(user && { user }),
    ...(proxyJump && proxyJump !== "none" && { proxyJump }),
    identityFiles: [found.identityfile ?? []]
      .flat()
      .filter((file) => file !== "none")
      .map((file) => resolve(homedir(), ".ssh", expand(file).replaceAll("%h", hostName ?? host))),
  };
}

function expand(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir()).replaceAll("%d", homedir());
}

function wordsOf(value: string | readonly { val: string }[]): string[] {
  return typeof value === "string" ? value.split(/\s+/) : value.map(({ val }) => val);
}

function only(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
