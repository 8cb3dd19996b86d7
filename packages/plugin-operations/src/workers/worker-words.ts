import { MaandError } from "@maand/core";

/** A list of workers as typed, and the flag it came from. */
export interface WorkerWords {
  readonly flag: string;
  readonly words: readonly string[];
}

/** `--workers` and `--labels` as one list of words, with the flag it came from. Throws USAGE if both are given. */
export function wordsOf({
  workers,
  labels,
}: {
  readonly workers: readonly string[];
  readonly labels: readonly string[];
}): WorkerWords {
  if (labels.length === 0) return { flag: "--workers", words: workers };
  if (workers.length === 0) return { flag: "--labels", words: labels.map((label) => `label:${label}`) };
  throw new MaandError({
    code: "USAGE",
    message: "--workers and --labels are mutually exclusive",
    hint: "use one of them; --workers also accepts label:web",
  });
}
