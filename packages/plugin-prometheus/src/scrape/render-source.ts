import { error, type Job, type KvReader, type Problem } from "@maand/core";
import { jobSecret } from "@maand/core/internal";
import {
  numberFunctions,
  parse,
  positionIn,
  reasonIn,
  remedyIn,
  strictFields,
  TemplateError,
  type TemplateFunctions,
  textFunctions,
  typed,
} from "@maand/gotemplate";

/** The text of a `scrape.yaml.tpl`. */
export interface RenderedSource {
  readonly text: string;
  /** Whether the template read a secret. */
  readonly secret: boolean;
}

/** Renders the `scrape.yaml.tpl` of a job with the values of this build. */
export function renderSource(job: Job, source: string, where: string, kv: KvReader): RenderedSource | Problem {
  let secret = false;
  const watched: Pick<KvReader, "find" | "get" | "keys"> = {
    find: (namespace, key) => note(namespace, key, kv.find),
    get: (namespace, key) => note(namespace, key, kv.get),
    keys: kv.keys,
  };
  function note<T>(namespace: string, key: string, read: (namespace: string, key: string) => T): T {
    if (kv.isSecret(namespace, key)) secret = true;
    return read(namespace, key);
  }
  try {
    const template = parse(source, { name: where, funcs: functionsOf(job, watched) });
    const { name, version } = job;
    return {
      text: template.execute(strictFields({ Job: name, CurrentVersion: version, NewVersion: version })),
      secret,
    };
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    return error("invalid_scrape", positionIn(thrown, where), reasonIn(thrown), remedyIn(thrown) ?? REMEDY);
  }
}

/** Whether the template could not be rendered. */
export function isProblem(rendered: RenderedSource | Problem): rendered is Problem {
  return "level" in rendered;
}

const REMEDY =
  "it is rendered in a build, once for all workers, and can use .Job, .NewVersion, get, getOptional, getSecret and keys";

function functionsOf(job: Job, kv: Pick<KvReader, "find" | "get" | "keys">): TemplateFunctions {
  return {
    get: typed(["string", "string"], kv.get),
    getOptional: typed(["string", "string"], (namespace, key) => kv.find(namespace, key) ?? ""),
    getSecret: typed(["string"], (key) => jobSecret(kv, job.name, key)),
    keys: typed(["string"], kv.keys),
    ...textFunctions,
    ...numberFunctions,
  };
}
