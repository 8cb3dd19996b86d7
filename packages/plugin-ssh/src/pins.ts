import { randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type HostKey, type KnownHost, knownHostLine, parseKnownHosts, pinnedKeys } from "./known-hosts.ts";

/** The host keys pinned in one `known_hosts` file (decision 31). */
export interface PinBoard {
  /** Path of the file; it need not exist. */
  readonly path: string;
  /** Keys pinned for a name; reads the file each time, so that a key pasted meanwhile counts. */
  find(name: string): Promise<KnownHost[]>;
  /** Pins a key for a name; says nothing when it already is. */
  add(name: string, key: HostKey): Promise<void>;
  /** Takes away every key pinned for a name under that name alone; answers how many lines went. */
  remove(name: string): Promise<number>;
}

/** Writers of one file wait for each other here: two first uses in one run must not lose a line. */
const turns = new Map<string, Promise<unknown>>();

/** Opens the pins kept in a file. Nothing is read or written yet. */
export function pinBoard(path: string): PinBoard {
  const find = async (name: string) => pinnedKeys(parseKnownHosts(await textOf(path)), name);
  return {
    path,
    find,
    add: (name, key) =>
      inTurn(path, async () => {
        if ((await find(name)).some((known) => known.key.blob.equals(key.blob))) return;
        const text = await textOf(path);
        const joint = text === "" || text.endsWith("\n") ? "" : "\n";
        await replace(path, `${text}${joint}${knownHostLine(name, key)}\n`);
      }),
    remove: (name) => inTurn(path, () => removeFrom(path, name)),
  };
}

async function removeFrom(path: string, name: string): Promise<number> {
  const text = await textOf(path);
  const gone = new Set(
    pinnedKeys(parseKnownHosts(text), name)
      .filter(({ names }) => names === name || names.startsWith("|1|"))
      .map(({ line }) => line),
  );
  if (gone.size === 0) return 0;
  const lines = text.split("\n").filter((_, index) => !gone.has(index + 1));
  await replace(path, lines.join("\n"));
  return gone.size;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** Writes beside the file and renames, so that nobody ever reads half of it. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(fresh, text, { mode: 0o600 });
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(path) ?? Promise.resolve()).then(work, work);
  turns.set(path, mine);
  mine.catch(() => {}).then(() => turns.get(path) === mine && turns.delete(path));
  return mine;
}
