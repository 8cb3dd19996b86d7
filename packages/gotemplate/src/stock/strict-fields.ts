/** Data whose unknown fields fail, like Go's structs; a map would render `<no value>`. */
export function strictFields<T extends object>(fields: T): T {
  return new Proxy(fields, {
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === "string" && !Object.hasOwn(target, name)) throw unknownField(name, Object.keys(target));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}

function unknownField(name: string, known: readonly string[]): Error {
  return new TypeError(`there is no .${name}; there are ${known.map((field) => `.${field}`).join(" ")}`);
}
