import { expect, it } from "vitest";
import { compareMetadata } from "./compare-metadata.ts";

const wanted = new Map([
  ["worker.json", '{"update_seq":3,"labels":["a"]}'],
  ["bin/runner.py", "program"],
]);
const hashes = new Map([...wanted].map(([path, text]) => [path, `hash of ${text}`]));
const same = new Map([...hashes].map(([path, hash]) => [path, { hash }]));

function compare(changed: ReadonlyMap<string, string | undefined>, isLastDelivery = false) {
  const found = new Map<string, { readonly hash: string; readonly text?: string }>(same);
  for (const [path, text] of changed)
    if (text === undefined) found.delete(path);
    else found.set(path, { hash: "other", text });
  return compareMetadata({ wanted, hashes, found, isLastDelivery: () => isLastDelivery });
}

it("metadata that equals the next sync has no drift, and is not compared with the last sync", () => {
  expect(compareMetadata({ wanted, hashes, found: same, isLastDelivery: () => expect.fail("asked") })).toEqual([]);
});

it("an edited or deleted file is reported, with the fields of a JSON object that differ", () => {
  const edited = new Map([
    ["worker.json", '{"update_seq":9,"labels":["a"]}'],
    ["bin/runner.py", undefined],
  ]);
  expect(compare(edited)).toEqual([
    { path: "bin/runner.py", change: "missing" },
    { path: "worker.json", change: "changed", detail: "update_seq 3 -> 9" },
  ]);
});

it("the metadata of the last sync is not drift, even if the next sync will write different metadata", () => {
  expect(compare(new Map([["bin/runner.py", "an older program"]]), true)).toEqual([]);
});
