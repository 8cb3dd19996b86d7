import type { Random } from "./random.test.support.ts";
import { PIECES } from "./words.test.support.ts";

const LONGEST = 600;

/** A template with one to four mutations: pieces removed, doubled, inserted, or taken from another template. */
export function mutate(random: Random, template: string, other: string): string {
  let mutant = template;
  for (let left = 1 + random.below(4); left > 0; left--) mutant = change(random, mutant, other).slice(0, LONGEST);
  return mutant;
}

function change(random: Random, template: string, other: string): string {
  const start = random.below(template.length + 1);
  const end = Math.min(template.length, start + random.below(12));
  const [before, middle, after] = [template.slice(0, start), template.slice(start, end), template.slice(end)];
  switch (random.below(5)) {
    case 0:
      return before + after;
    case 1:
      return before + middle.repeat(2 + random.below(3)) + after;
    case 2:
      return before + other.slice(random.below(other.length + 1));
    case 3:
      return before + String.fromCharCode(random.below(random.once(4) ? 0x10000 : 0x80)) + after;
    default:
      return before + random.pick(PIECES) + template.slice(start);
  }
}
