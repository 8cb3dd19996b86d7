/**
 * A failure inside the template engine, without its position in the template. `offset` is the position, if it is known
 * where the fault is thrown; `cause` is the error of a user's function. It is internal: `parse` and `execute` convert
 * it to a TemplateError.
 */
export class Fault extends Error {
  readonly offset: number | undefined;

  constructor(message: string, where: { readonly offset?: number; readonly cause?: unknown } = {}) {
    super(message, "cause" in where ? { cause: where.cause } : {});
    this.offset = where.offset;
  }
}
