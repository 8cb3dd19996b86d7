import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { type ConfigFiles, type ConfigLine, expandHome, readConfigFiles } from "./ssh-config-file.ts";
import { criteriaOf, matchesList, namesMachine } from "./ssh-config-match.ts";

/** The parts of one host's ssh client configuration that maand uses. */
export interface HostSettings {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  /** In the order of the file, absolute. */
  readonly identityFiles: readonly string[];
  /** Certificates that OpenSSH would offer, absolute. */
  readonly certificateFiles: readonly string[];
  /** As written: `user@host:port`, several with commas. */
  readonly proxyJump?: string;
  /** As written; it is never run. */
  readonly proxyCommand?: string;
}

/** A machine to look up. */
export interface LookedUp {
  readonly host: string;
  /** The user to log in as, regardless of the configuration. */
  readonly user?: string;
  /** The user to log in as if the configuration names none. */
  readonly defaultUser: string;
}

/** Returns the configuration of a host. */
export type HostLookup = (host: LookedUp) => HostSettings;

/**
 * Reads ssh client configurations as OpenSSH does, with `Include`, `Host` and `Match`. Settings for all machines,
 * before the first block or in one for `*`, are ignored, because `maand.conf` has these settings for workers. Nothing
 * in them is executed, so `Match exec` never matches.
 */
export async function readSshConfig(paths: readonly string[]): Promise<HostLookup> {
  const files = await readConfigFiles(paths);
  return (wanted) => {
    const first = new Evaluation(files, wanted);
    for (const path of paths) first.read(path);
    if (!first.wantsFinalPass) return first.settings();
    const final = new Evaluation(files, wanted, first);
    for (const path of paths) final.read(path);
    return final.settings();
  };
}

/** Whether lines apply to the host, and whether to this host specifically or to every machine. */
interface Scope {
  readonly active: boolean;
  readonly specific: boolean;
}

/** The depth to which OpenSSH follows included files; it also ends circular includes. */
const DEPTH = 16;
const FILES = 2_000;

/** One pass over the configuration for one host. */
class Evaluation {
  /** Whether a `Match final` requires a second pass. */
  wantsFinalPass = false;
  readonly #files: ConfigFiles;
  readonly #wanted: LookedUp;
  readonly #isFinal: boolean;
  #filesLeft = FILES;
  /** Keywords with one value; ProxyJump and ProxyCommand exclude each other. */
  readonly #single: Map<string, ConfigLine>;
  readonly #identityFiles: string[] = [];
  readonly #certificateFiles: string[] = [];

  /** `before` is the first pass if this is the final one. */
  constructor(files: ConfigFiles, wanted: LookedUp, before?: Evaluation) {
    this.#files = files;
    this.#wanted = wanted;
    this.#isFinal = before !== undefined;
    this.#single = new Map(before ? before.#single : []);
  }

  read(path: string, outer: Scope = { active: true, specific: false }, within: readonly string[] = []): void {
    if (within.includes(path) || within.length > DEPTH || this.#filesLeft-- <= 0) return;
    let scope = outer;
    for (const line of this.#files.get(path) ?? []) {
      if (line.keyword === "host") scope = narrowed(outer, this.#host(line.words));
      else if (line.keyword === "match") scope = narrowed(outer, this.#match(line.words));
      else if (!scope.active) continue;
      else if (line.keyword === "include") for (const file of line.included) this.read(file, scope, [...within, path]);
      else if (scope.specific) this.#set(line);
    }
  }

  settings(): HostSettings {
    const hostName = this.#single.has("hostname") ? this.#hostName() : undefined;
    const port = Number(this.#value("port"));
    const user = this.#value("user");
    return {
      ...(hostName && { hostName }),
      ...(port > 0 && { port }),
      ...(user && { user }),
      ...this.#proxy(),
      identityFiles: this.#paths(this.#identityFiles),
      certificateFiles: this.#paths(this.#certificateFiles),
    };
  }

  #set(line: ConfigLine): void {
    const { keyword, words } = line;
    if (words.length === 0) return;
    if (keyword === "identityfile") this.#identityFiles.push(words[0] ?? "");
    else if (keyword === "certificatefile") this.#certificateFiles.push(words[0] ?? "");
    else if (!this.#single.has(slotOf(keyword))) this.#single.set(slotOf(keyword), line);
  }

  #value(keyword: string): string | undefined {
    return this.#single.get(keyword)?.words[0];
  }

  /** The proxy of the host. `none`, in upper or lower case, means a direct connection. */
  #proxy(): Pick<HostSettings, "proxyJump" | "proxyCommand"> {
    const line = this.#single.get("proxy");
    const text = line?.words.join(" ") ?? "none";
    if (text.toLowerCase() === "none") return {};
    return line?.keyword === "proxyjump" ? { proxyJump: this.#expand(text) } : { proxyCommand: text };
  }

  #host(patterns: readonly string[]): Scope {
    return { active: matchesList(patterns, this.#wanted.host), specific: namesMachine(patterns) };
  }

  #match(words: readonly string[]): Scope {
    let active = true;
    let specific = false;
    for (const { criterion, negated, patterns } of criteriaOf(words)) {
      if (this.#holds(criterion, patterns) !== !negated) active = false;
      if (/^(original)?host$/.test(criterion) && !negated && namesMachine(patterns)) specific = true;
    }
    return { active, specific };
  }

  /**
   * Undefined for conditions that cannot be evaluated here, such as `exec`: neither such a condition nor its negation
   * matches.
   */
  #holds(criterion: string, patterns: readonly string[]): boolean | undefined {
    switch (criterion) {
      case "all":
        return true;
      case "final":
        this.wantsFinalPass = true;
        return this.#isFinal;
      case "canonical":
        return this.#isFinal;
      case "host":
        return matchesList(patterns, this.#hostName());
      case "originalhost":
        return matchesList(patterns, this.#wanted.host);
      case "user":
        return matchesList(patterns, this.#user());
      case "localuser":
        return matchesList(patterns, userInfo().username);
      default:
        return undefined;
    }
  }

  #user(): string {
    return this.#wanted.user ?? this.#value("user") ?? this.#wanted.defaultUser;
  }

  #hostName(): string {
    const { host } = this.#wanted;
    return (this.#value("hostname") ?? host).replace(/%([h%])/g, (_, token) => (token === "h" ? host : "%"));
  }

  #paths(written: readonly string[]): string[] {
    const paths = written.filter((path) => path.toLowerCase() !== "none");
    return [...new Set(paths.map((path) => expandHome(this.#expand(path), join(homedir(), ".ssh"))))];
  }

  /** Expands `%h` and similar tokens, and `${NAME}`; unknown ones stay unchanged. */
  #expand(text: string): string {
    const { username, uid } = userInfo();
    const tokens: Readonly<Record<string, string>> = {
      "%": "%",
      d: homedir(),
      h: this.#hostName(),
      n: this.#wanted.host,
      p: this.#value("port") ?? "22",
      r: this.#user(),
      u: username,
      i: String(uid),
    };
    return text
      .replace(/%(.)/g, (written, token: string) => tokens[token] ?? written)
      .replace(/\$\{(\w+)\}/g, (written, name: string) => process.env[name] ?? written);
  }
}

function narrowed(outer: Scope, inner: Scope): Scope {
  return { active: outer.active && inner.active, specific: outer.specific || inner.specific };
}

/**
 * The name under which a keyword is stored. ProxyJump and ProxyCommand set the same value, so only the first one
 * applies.
 */
function slotOf(keyword: string): string {
  return keyword === "proxyjump" || keyword === "proxycommand" ? "proxy" : keyword;
}
