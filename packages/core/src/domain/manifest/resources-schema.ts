import * as v from "valibot";
import { described, looksLike } from "../checks/schema-notes.ts";
import { onlyObject, shown, withHint } from "../checks/validate.ts";
import { isName, namePattern, nameRule } from "../workspace/names.ts";
import { CPU_PATTERN, MEMORY_PATTERN, parseCpu, parseMemory } from "../workspace/resource-units.ts";

const MEMORY_HINT = 'write it as "256 mb", "1.5 gb" or "1 tb"';

const memory = v.pipe(
  v.string(),
  v.check(
    (text) => parseMemory(text) !== undefined,
    ({ input }) => withHint(`${shown(input)} is not an amount of memory`, MEMORY_HINT),
  ),
  looksLike(MEMORY_PATTERN, MEMORY_HINT),
);

const CPU_HINT = 'write it as "500 mhz" or "2 ghz"';

const cpu = v.pipe(
  v.string(),
  v.check(
    (text) => parseCpu(text) !== undefined,
    ({ input }) => withHint(`${shown(input)} is not an amount of cpu`, CPU_HINT),
  ),
  looksLike(CPU_PATTERN, CPU_HINT),
);

const PORT_HINT = "write a number from 1 to 65535, or {} to assign a free one";
const notPort = ({ input }: v.BaseIssue<unknown>) =>
  withHint(`must be a port number or {}, but is ${shown(input)}`, PORT_HINT);

const port = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.integer(notPort), v.minValue(1, notPort), v.maxValue(65535, notPort)),
      onlyObject(v.strictObject({})),
    ],
    notPort,
  ),
  v.metadata({ description: "The port number, or {} to assign a free port permanently.", default: {} }),
);

const portName = v.pipe(
  v.string(),
  v.check(
    (name) => isName("port", name),
    ({ input }) => withHint(`${shown(input)} is not a port name`, `use ${nameRule("port")}`),
  ),
  looksLike(namePattern("port"), `use ${nameRule("port")}`),
);

const LEAST = "The minimum that it needs; default 0.";
const MOST = "The maximum that it may use, which is reserved for it; default: min.";

/** The schema of `resources` in a manifest. */
export const ResourcesSchema = v.looseObject({
  memory: described(
    onlyObject(
      v.looseObject({
        min: described(memory, LEAST, { examples: ["256 mb"] }),
        max: described(memory, MOST, { examples: ["512 mb", "1 gb"] }),
      }),
      'write { "min": "256 mb", "max": "512 mb" }',
    ),
    "Memory of each allocation, such as 256 mb.",
  ),
  cpu: described(
    onlyObject(
      v.looseObject({
        min: described(cpu, LEAST, { examples: ["200 mhz"] }),
        max: described(cpu, MOST, { examples: ["500 mhz", "1 ghz"] }),
      }),
      'write { "min": "200 mhz", "max": "500 mhz" }',
    ),
    "Processor time of each allocation, such as 500 mhz.",
  ),
  ports: described(
    onlyObject(v.record(portName, port), 'write { "http": {} }'),
    "Ports it listens on, by name: a number, or {} to assign a free one.",
    { examples: [{ http: {} }] },
  ),
});
