import { inspect } from "node:util";

/** Creates the functions of a view that replace functions of its object. */
export interface Replacer {
  replace(name: string, call: CallableFunction, owner: object): CallableFunction;
}

/**
 * A read-only view of an object, with some functions replaced. Taps get one for each call. Unlike a frozen copy, a view
 * has the same cost for any number of properties. A function is replaced only when the tap reads it.
 */
export function viewOf(owner: object, names: ReadonlySet<string>, replacer: Replacer): object {
  return new Proxy(TARGET, new ObjectView(owner, names, replacer));
}

/**
 * The target of all views, because a proxy of a frozen object could not replace functions. Its only property is the
 * function that `console.log` calls to print the properties of the object.
 */
const TARGET: object = Object.defineProperty({}, inspect.custom, {
  value(this: object) {
    return { ...this };
  },
  configurable: true,
});

class ObjectView implements ProxyHandler<object> {
  readonly #owner: object;
  readonly #names: ReadonlySet<string>;
  readonly #replacer: Replacer;
  /** The replaced functions that were read, so that every read returns the same function. */
  #replaced: Map<string, unknown> | undefined;

  constructor(owner: object, names: ReadonlySet<string>, replacer: Replacer) {
    this.#owner = owner;
    this.#names = names;
    this.#replacer = replacer;
  }

  get(_: object, name: string | symbol): unknown {
    const value: unknown = Reflect.get(this.#owner, name);
    if (typeof value !== "function" || typeof name === "symbol" || !this.#names.has(name)) return value;
    this.#replaced ??= new Map();
    const known = this.#replaced.get(name) ?? this.#replacer.replace(name, value, this.#owner);
    this.#replaced.set(name, known);
    return known;
  }

  has(_: object, name: string | symbol): boolean {
    return Reflect.has(this.#owner, name);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#owner);
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    const own = Reflect.getOwnPropertyDescriptor(this.#owner, name);
    if (!own) return undefined;
    // a proxy can report a property as fixed only if its target has it
    return { value: this.get(target, name), enumerable: own.enumerable ?? false, writable: false, configurable: true };
  }

  set(_: object, name: string | symbol): never {
    throw readOnly(name);
  }

  defineProperty(_: object, name: string | symbol): never {
    throw readOnly(name);
  }

  deleteProperty(_: object, name: string | symbol): never {
    throw readOnly(name);
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }
}

function readOnly(name: string | symbol): TypeError {
  return new TypeError(`${String(name)} is read-only; copy the object to change it`);
}
