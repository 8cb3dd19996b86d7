/**
 * A failure inside the engine that does not know its place in the template yet. `offset` is that place where the thrower
 * knows it; `cause` is what a function of the user threw. It is internal: `parse` and `execute` turn each into a
 * TemplateError.
 */
export class Fault extends Error {
  readonly offset: number | undefined;

  constructor(message: string, where: { readonly offset?: number; readonly cause?: unknown } = {}) {
    super(message, "cause" in where ? { cause: where.cause } : {});
    this.offset = where.offset;
  }
}
