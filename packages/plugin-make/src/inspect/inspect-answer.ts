import { StringDecoder } from "node:string_decoder";
import type { Inspection } from "@maand/core";

type Line =
  | readonly ["root", boolean]
  | readonly ["user" | "group", string, number | null]
  | readonly ["metadata", string, string, string | null]
  | readonly ["job", string, boolean]
  | readonly ["file", string, string, number, number, number, number, string, string | null]
  | readonly ["other", string, string, Found["others"][number]["kind"], string | null]
  | readonly ["unread", string, string, string]
  | readonly ["more", string]
  | readonly ["end"];

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };
type Found = Inspection["jobs"] extends ReadonlyMap<string, infer Job> ? Mutable<Job> : never;

/** Parses what the program prints: one JSON list per line, in a fixed order of fields, and a last line. */
export class InspectAnswer {
  readonly #decoder = new StringDecoder("utf8");
  readonly #metadata = new Map<string, { readonly hash: string; readonly text?: string }>();
  readonly #jobs = new Map<string, Found>();
  readonly #users = new Map<string, number>();
  readonly #groups = new Map<string, number>();
  #exists = false;
  #rest = "";
  #isComplete = false;
  #settle: (end: "complete") => void = () => {};

  /** Resolves at the last line. */
  readonly complete = new Promise<"complete">((resolve) => {
    this.#settle = resolve;
  });

  get isComplete(): boolean {
    return this.#isComplete;
  }

  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = lines.pop() ?? "";
    // earlier output of the login starts differently
    for (const line of lines) if (line.startsWith('["')) this.#take(JSON.parse(line));
  }

  inspection(): Inspection {
    return {
      exists: this.#exists,
      metadata: this.#metadata,
      jobs: this.#jobs,
      users: this.#users,
      groups: this.#groups,
    };
  }

  #take(line: Line): void {
    switch (line[0]) {
      case "root":
        this.#exists = line[1];
        break;
      case "user":
      case "group":
        if (line[2] !== null) (line[0] === "user" ? this.#users : this.#groups).set(line[1], line[2]);
        break;
      case "metadata":
        this.#metadata.set(line[1], { hash: line[2], ...(line[3] === null ? {} : { text: line[3] }) });
        break;
      case "job":
        if (line[2]) this.#jobs.set(line[1], { files: [], others: [], hasMore: false, unread: [] });
        break;
      case "end":
        this.#isComplete = true;
        this.#settle("complete");
        break;
      default:
        this.#takeOfJob(line);
    }
  }

  #takeOfJob(line: Extract<Line, readonly ["file" | "other" | "unread" | "more", ...unknown[]]>): void {
    const job = this.#jobs.get(line[1]);
    if (!job) return;
    if (line[0] === "more") job.hasMore = true;
    else if (line[0] === "unread") job.unread.push({ path: line[2], reason: line[3] });
    else if (line[0] === "other") {
      const [, , path, kind, target] = line;
      job.others.push({ path, kind, ...(target === null ? {} : { target }) });
    } else {
      const [, , path, mode, uid, gid, size, hash, content] = line;
      const bytes = content === null ? {} : { content: Buffer.from(content, "base64") };
      job.files.push({ path, mode, uid, gid, size, hash, ...bytes });
    }
  }
}
