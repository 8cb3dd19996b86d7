import fc from "fast-check";
import { expect, it } from "vitest";
import { isHost, isIpv6, isName, type NameKind } from "./names.ts";

fc.configureGlobal({ seed: 1 });

const group = fc.stringMatching(/^[0-9a-fA-F]{0,5}$/);
const nearlyIpv6 = fc
  .array(fc.oneof(group, fc.constant(""), fc.ipV4()), { maxLength: 9 })
  .map((groups) => groups.join(":"))
  .filter((text) => text.includes(":"));

it("an address is IPv6 exactly if a URL accepts it as an IPv6 host", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), nearlyIpv6), (text) => {
      expect(isIpv6(text)).toBe(URL.canParse(`http://[${text}]/`));
    }),
    { numRuns: 2000 },
  );
});

it("a host or a name never contains a character that has a special meaning in a shell", () => {
  const kinds: NameKind[] = ["job", "command", "port", "cert", "label", "target"];
  const word = fc.stringMatching(/^[a-z0-9]{0,4}$/);
  fc.assert(
    fc.property(word, fc.constantFrom(..." '\"\\$`;&|<>(){}*?!#~\n\t\0"), word, (before, danger, after) => {
      expect([isHost(`a${before}a`), isHost(`a${before}${danger}${after}`)]).toEqual([true, false]);
      for (const kind of kinds) {
        const start = `${kind === "command" ? "command_a" : "a"}${before}`;
        expect([kind, isName(kind, start), isName(kind, `${start}${danger}${after}`)]).toEqual([kind, true, false]);
      }
    }),
  );
});

it("a domain name or an address is a valid host", () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
      expect(isHost(text)).toBe(true);
    }),
  );
});
