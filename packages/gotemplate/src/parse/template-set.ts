import { Fault } from "../fault.ts";
import { isBlank, type Statement } from "./nodes.ts";

/** Templates by name. */
export class TemplateSet {
  readonly #templates = new Map<string, { readonly list: readonly Statement[]; readonly blank: boolean }>();

  /** Adds a template. Another template replaces a blank template. Throws a Fault for two non-blank templates. */
  add(name: string, list: readonly Statement[], offset = 0): void {
    const known = this.#templates.get(name);
    const blank = isBlank(list);
    if (!known || known.blank) this.#templates.set(name, { list, blank });
    else if (!blank) throw new Fault(`multiple definition of template "${name}"`, { offset });
  }

  /** The statements of a template, undefined if no template has the name. */
  get(name: string): readonly Statement[] | undefined {
    return this.#templates.get(name)?.list;
  }
}
