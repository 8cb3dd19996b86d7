import type { Job, JobFile } from "@maand/core";

/** Directory of a job's scripts; it never reaches a worker. */
export const MODULES = "_modules";

/** What a script may be written in. */
export const ENDINGS = [".py", ".ts", ".js"] as const;

/** Files of a job that could be the script of a command; there has to be exactly one. */
export function scriptsOf({ files }: Pick<Job, "files">, command: string): JobFile[] {
  const names = ENDINGS.map((ending) => `${MODULES}/${command}${ending}`);
  return files.filter(({ path }) => names.includes(path));
}
