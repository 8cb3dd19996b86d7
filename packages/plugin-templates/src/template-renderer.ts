import { type JobFile, MaandError, type RenderContext, type TemplateFunctions } from "@maand/core";
import { parse, type Template, type TemplateFunction } from "@maand/gotemplate";
import { placeOf } from "./template-files.ts";

/** The result of a template. */
export interface RenderedText {
  readonly text: string;
  /** Whether the template read a secret. */
  readonly secret: boolean;
}

/** Parses each template once, and renders it for one allocation at a time. */
export interface TemplateRenderer {
  /** Names of the functions that templates may call, in addition to Go's own. */
  readonly names: readonly string[];
  /** Throws a TemplateError of kind `parse`, or RENDER_FAILED for bytes that are not text. */
  parse(job: string, file: JobFile, read: (file: JobFile) => Uint8Array): Template;
  /** Throws a TemplateError. */
  render(template: Template, data: unknown, context: RenderContext): RenderedText;
}

/** The state of the current rendering. */
interface RenderState {
  readonly context: RenderContext;
  secret: boolean;
}

/** Creates a renderer with these functions. `functionsFor` is called once, when the first template is parsed. */
export function templateRenderer(functionsFor: (current: () => RenderContext) => TemplateFunctions): TemplateRenderer {
  const parsed = new Map<string, Template>();
  let known: Readonly<Record<string, TemplateFunction>> | undefined;
  let state: RenderState | undefined;
  const current = () => {
    if (state) return state.context;
    throw new TypeError("the context of an allocation is available only while a template is rendered for it");
  };
  const functions = () => {
    known ??= checked(functionsFor(current));
    return known;
  };
  return {
    get names() {
      return Object.keys(functions());
    },
    parse(job, file, read) {
      const name = placeOf(job, file);
      const before = parsed.get(`${name} ${file.hash}`);
      if (before) return before;
      const template = parse(textOf(read(file)), { name, funcs: functions() });
      parsed.set(`${name} ${file.hash}`, template);
      return template;
    },
    render(template, data, context) {
      const begun: RenderState = {
        context: watched(context, () => Object.assign(begun, { secret: true })),
        secret: false,
      };
      state = begun;
      try {
        return { text: template.execute(data), secret: begun.secret };
      } finally {
        state = undefined;
      }
    },
  };
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const hint = "save it as UTF-8, or remove .tpl from its name";
    throw new MaandError({ code: "RENDER_FAILED", message: "it is not UTF-8 text", hint, cause });
  }
}

/** Wraps a context so that it calls `onSecret` when any function reads a secret through it. */
function watched(context: RenderContext, onSecret: () => void): RenderContext {
  const { kv } = context;
  const note = (namespace: string, key: string) => {
    if (kv.isSecret(namespace, key)) onSecret();
  };
  const get = (namespace: string, key: string) => {
    note(namespace, key);
    return kv.get(namespace, key);
  };
  const find = (namespace: string, key: string) => {
    note(namespace, key);
    return kv.find(namespace, key);
  };
  return Object.freeze({ ...context, kv: Object.freeze({ ...kv, get, find }) });
}

function checked(functions: TemplateFunctions): Readonly<Record<string, TemplateFunction>> {
  const found: Record<string, TemplateFunction> = {};
  for (const [name, value] of Object.entries(functions)) {
    if (!isFunction(value))
      throw new MaandError({
        code: "PLUGIN_INVALID",
        message: `the template function "${name}" of a plugin is not a function`,
        hint: "pass a function, or one declared with typed from @maand/gotemplate",
      });
    found[name] = value;
  }
  return found;
}

function isFunction(value: TemplateFunctions[string]): value is TemplateFunction {
  return typeof value === "function" || (typeof value === "object" && value !== null && "run" in value);
}
