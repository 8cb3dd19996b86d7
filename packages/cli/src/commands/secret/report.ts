import { plural } from "@maand/command";
import type { EngineCommand } from "@maand/command/internal";
import { ownerText } from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";
import type { SecretEffects } from "../../secrets/secret-effects.ts";
import type { SecretsChanged } from "../../secrets/write-secrets.ts";

/** Prints what a command changed, which templates read it, and what the next deploy does. */
export function reportChange(command: EngineCommand, changed: SecretsChanged): void {
  if (command.json) command.printJson(record(changed));
  else if (command.quiet) command.print(changeLines(changed).join("\n"));
  else command.print([...changeLines(changed), ...effectLines(changed)].join("\n"));
}

function changeLines({ changes }: SecretsChanged): string[] {
  const lines = [...groupBy(changes, ({ owner, change }) => `${change} ${ownerText(owner)}`).values()].flatMap(
    (some) => {
      const [first] = some;
      if (!first) return [];
      const word = first.change === "removed" ? "from" : "in";
      return `${first.change} ${word} ${ownerText(first.owner)}: ${some.map(({ key }) => key).join(", ")}`;
    },
  );
  return lines.length > 0 ? lines : ["no secret comes from a provider"];
}

function effectLines({ changes, effects }: SecretsChanged): string[] {
  if (changes.every(({ change }) => change === "unchanged")) return [];
  const { readers } = effects;
  if (readers.length === 0) {
    const [secrets, them] = changes.length === 1 ? ["this secret", "it"] : ["these secrets", "them"];
    return [
      `no template of the last build reads ${secrets}; job commands may read ${them}`,
      `next: maand build, which shows whether the templates of the workspace need ${them}`,
    ];
  }
  const files = readers.map(({ job, files: names }) => `${job} (${names.join(", ")})`);
  return [`read by: ${files.join(", ")}`, ...nextLines(effects), "next: maand deploy"];
}

function nextLines({ readers, next, unknown }: SecretEffects): string[] {
  if (next === undefined) return [`cannot determine what the next deploy restarts: ${unknown}`];
  if (next.length === 0)
    return [`the next deploy ${readers.length === 1 ? "does not restart it" : "restarts none of them"}`];
  return [...groupBy(next, ({ job, action }) => `${action} ${job}`)].map(([what, some]) => {
    const hosts = some.map(({ host }) => host);
    return `the next deploy: ${what} on ${hosts.length > 5 ? plural(hosts.length, "worker") : hosts.join(", ")}`;
  });
}

function record({ changes, effects: { readers, next, unknown } }: SecretsChanged) {
  return {
    changes: changes.map(({ owner, key, change }) => ({ job: owner ?? null, key, change })),
    read_by: readers.map(({ job, files }) => ({ job, files })),
    next: next?.map(({ job, host, action }) => ({ job, worker_ip: host, action })) ?? null,
    unknown: unknown ?? null,
  };
}
