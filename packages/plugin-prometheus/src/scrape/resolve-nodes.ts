import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";

/**
 * A copy of a node without aliases and merge keys, so that parts of a file can be used alone. Scalars keep their
 * written form: `1.10` remains `1.10`.
 */
export function resolveNodes(node: unknown, document: Document): Node {
  if (isAlias(node)) return resolveNodes(node.resolve(document), document);
  if (isSeq(node)) return seqOf(node.items.map((item) => resolveNodes(item, document)));
  if (isMap(node)) return mapOf(pairsOf(node, document));
  const scalar = isScalar(node) ? node : new Scalar(node);
  const copy = new Scalar<unknown>(scalar.value);
  const { type, source, format, minFractionDigits, tag } = scalar;
  return Object.assign(
    copy,
    type && { type },
    source !== undefined && { source },
    format !== undefined && { format },
    minFractionDigits !== undefined && { minFractionDigits },
    tag !== undefined && { tag },
  );
}

/** A block list of these nodes. */
export function seqOf(items: readonly Node[]): YAMLSeq<Node> {
  const seq = new YAMLSeq<Node>();
  seq.items.push(...items);
  return seq;
}

function mapOf(pairs: ReadonlyMap<string, readonly [Node, Node]>): YAMLMap<Node, Node> {
  const map = new YAMLMap<Node, Node>();
  for (const [key, value] of pairs.values()) map.add({ key, value });
  return map;
}

/** The pairs of a map by key. Its own pairs override merged pairs. */
function pairsOf(map: YAMLMap<unknown, unknown>, document: Document): Map<string, readonly [Node, Node]> {
  const pairs = new Map<string, readonly [Node, Node]>();
  for (const pair of map.items.filter((item) => !isMerge(item))) {
    const key = resolveNodes(pair.key, document);
    pairs.set(String(key), [key, resolveNodes(pair.value, document)]);
  }
  for (const pair of map.items.filter(isMerge)) {
    const merged = resolveNodes(pair.value, document);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      if (!isMap<Node, Node>(source)) continue;
      for (const { key, value } of source.items)
        if (!pairs.has(String(key)) && value) pairs.set(String(key), [key, value]);
    }
  }
  return pairs;
}

function isMerge({ key }: Pair<unknown, unknown>): boolean {
  return isScalar(key) && (key.source === "<<" || key.value === "<<") && key.type === "PLAIN";
}
