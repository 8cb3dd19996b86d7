import type { JobFile, RenderContext, Tree, TreeFile } from "@maand/core";
import { dataOf } from "./template-data.ts";
import { renderFailure } from "./template-errors.ts";
import { isTemplate, placeOf, renderedPath } from "./template-files.ts";
import type { TemplateRenderer } from "./template-renderer.ts";

/** Adds the rendered templates of an allocation to its tree; they replace files of the same names. */
export function renderTemplates(renderer: TemplateRenderer, tree: Tree, context: RenderContext): Tree {
  const sources = context.sources.filter(isTemplate);
  if (sources.length === 0) return tree;
  const data = dataOf(context);
  const rendered = sources.map((source) => renderOne(renderer, source, data, context));
  const paths = new Set(rendered.map(({ path }) => path));
  return { files: [...tree.files.filter(({ path }) => !paths.has(path)), ...rendered] };
}

/** Renders one file; core computes its hash.  */
function renderOne(renderer: TemplateRenderer, source: JobFile, data: unknown, context: RenderContext): TreeFile {
  const { job, worker } = context;
  try {
    const { text, secret } = renderer.render(renderer.parse(job.name, source, context.read), data, context);
    const content = Buffer.from(text);
    return { ...source, path: renderedPath(source), content, size: content.byteLength, ...(secret ? { secret } : {}) };
  } catch (thrown) {
    throw renderFailure(thrown, placeOf(job.name, source), worker.host);
  }
}
