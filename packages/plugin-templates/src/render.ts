import type { JobFile, RenderContext, Tree, TreeFile } from "@maand/core";
import { dataOf } from "./data.ts";
import { renderFailure } from "./failure.ts";
import type { Press } from "./press.ts";
import { isTemplate, placeOf, renderedPath } from "./sources.ts";

/** The tree with what every template gives for this allocation, in place of files of the same names. */
export function renderTemplates(press: Press, tree: Tree, context: RenderContext): Tree {
  const sources = context.sources.filter(isTemplate);
  if (sources.length === 0) return tree;
  const data = dataOf(context);
  const rendered = sources.map((source) => renderOne(press, source, data, context));
  const paths = new Set(rendered.map(({ path }) => path));
  return { files: [...tree.files.filter(({ path }) => !paths.has(path)), ...rendered] };
}

/** A rendered file; core gives it the hash of its content. */
function renderOne(press: Press, source: JobFile, data: unknown, context: RenderContext): TreeFile {
  const { job, worker } = context;
  try {
    const { text, secret } = press.print(press.parse(job.name, source, context.read), data, context);
    const content = Buffer.from(text);
    return { ...source, path: renderedPath(source), content, size: content.byteLength, ...(secret ? { secret } : {}) };
  } catch (thrown) {
    throw renderFailure(thrown, placeOf(job.name, source), worker.host);
  }
}
