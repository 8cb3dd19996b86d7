import type { Job, JobFile } from "@maand/core";

/** The directory of a job's scripts; it is never copied to a worker. */
export const MODULES = "_modules";

/** The languages of scripts. */
export const ENDINGS = [".py", ".ts", ".js"] as const;

/** The files of a job that could be the script of a command; there must be exactly one. */
export function scriptsOf({ files }: Pick<Job, "files">, command: string): JobFile[] {
  const names = ENDINGS.map((ending) => `${MODULES}/${command}${ending}`);
  return files.filter(({ path }) => names.includes(path));
}
