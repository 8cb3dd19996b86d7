import {
  fileDiff,
  type Hider,
  hiderFor,
  LARGEST_TEXT,
  type Side,
  showDots,
  textOf,
  type Unseen,
} from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import type { Assessed } from "./compare/assess.ts";
import type { Refusal } from "./compare/compare.ts";
import type { RefusedFile } from "./imported.ts";

/** The files of an allocation that are only taken over on request, each with its diff; secrets appear as dots. */
export function refusedFiles(run: Run, { compared, job, allocation }: Assessed): Promise<RefusedFile[]> {
  let hider: Hider | undefined;
  const hide: Hider = (text) => {
    hider ??= hiderFor(run.bucket, job, allocation.host);
    return hider(text);
  };
  return Promise.all(compared.refusals.map((refusal) => refusedFile(run, refusal, hide)));
}

async function refusedFile(run: Run, refusal: Refusal, hide: Hider): Promise<RefusedFile> {
  const { path, why, found, wanted } = refusal;
  const isSecret = wanted?.secret === true;
  const before = found && sideOf(found, found.content, isSecret, hide);
  const bytes = wanted && (wanted.content ?? run.bucket.store.contents.read(wanted.hash));
  const after = wanted && sideOf(wanted, bytes, isSecret, hide);
  const diff = await fileDiff(path, before, after);
  return { path, why, diff: run.bucket.mask.text(showDots(diff)) };
}

function sideOf(
  file: {
    readonly path: string;
    readonly hash: string;
    readonly size: number;
    readonly mode?: number;
    readonly executable?: boolean;
  },
  bytes: Uint8Array | undefined,
  isSecret: boolean,
  hide: Hider,
): Side {
  const { path, hash, size } = file;
  // the executable bit is meaningless here, because the Go program set it on every file
  return { hash, size, file: { path, executable: false }, content: contentOf(bytes, size, isSecret, hide) };
}

function contentOf(bytes: Uint8Array | undefined, size: number, isSecret: boolean, hide: Hider): Side["content"] {
  const unseen = (why: Unseen) => ({ unseen: why });
  if (bytes === undefined) return unseen(size > LARGEST_TEXT ? "large" : "not kept");
  const text = textOf(bytes);
  if (text === undefined) return unseen("binary");
  if (!isSecret) return { text };
  const hidden = hide(text);
  return hidden === undefined ? unseen("hidden") : { text: hidden };
}
