import { parse, TemplateError, type TemplateFunctions } from "./index.ts";

/** The output of a template. */
export function render(text: string, data?: unknown, funcs: TemplateFunctions = {}): string {
  return parse(text, { name: "t", funcs }).execute(data);
}

/** The error of a template; throws if the template has no error. */
export function failure(text: string, data?: unknown, funcs: TemplateFunctions = {}): TemplateError {
  try {
    render(text, data, funcs);
  } catch (thrown) {
    if (thrown instanceof TemplateError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} gave no error`);
}

/** The kind and message of a template's error, without its position. */
export function complaint(text: string, data?: unknown, funcs: TemplateFunctions = {}): string {
  const { kind, message } = failure(text, data, funcs);
  return `${kind}: ${message.replace(/^template: t:\d+:\d+: /, "").replace(/^executing "[^"]*" at <.*>: /s, "")}`;
}
