import { isRecord } from "../../domain/checks/validate.ts";
import type { Plugin, Provides } from "../plugin.ts";
import { missingService, type ProvidedService, providerHint } from "./services.ts";

/** A problem with the services of plugins, and how to fix it. */
interface ServiceProblem {
  readonly message: string;
  readonly hint: string;
}

/**
 * Services that are needed but not provided, and entries that are not services, because a JavaScript plugin may pass
 * anything.
 */
export function serviceProblems(plugins: readonly Plugin[]): ServiceProblem[] {
  const provided = plugins.flatMap(({ provides }) => servicesOf(provides).map(({ service }) => service));
  return plugins.flatMap((plugin) => [...misdeclared(plugin), ...missing(plugin, provided)]);
}

/**
 * The services that a plugin provides, without entries that are not services. `serviceProblems` reports those entries.
 */
export function servicesOf(provides: Provides | undefined): ProvidedService[] {
  return listOf(provides?.services).filter(isProvided);
}

function missing({ name, needs }: Plugin, provided: readonly string[]): ServiceProblem[] {
  const gone = namesIn(listOf(needs)).filter((service) => !provided.includes(service));
  return gone.map((service) => ({ message: missingService(name, service), hint: providerHint(service, provided) }));
}

function misdeclared({ name, needs, provides }: Plugin): ServiceProblem[] {
  const wrong = (what: string, hint: string) => ({ message: `plugin "${name}" has ${what}`, hint });
  const needed = listOf(needs);
  const offered = listOf(provides?.services);
  return [
    ...(namesIn(needed).length < needed.length ? [wrong("an entry in needs that is not a service", NEEDS)] : []),
    ...(offered.some((entry) => !isProvided(entry))
      ? [wrong("an entry in services that is not a service", OFFERS)]
      : []),
  ];
}

const NEEDS = "write needs: [TICKETS], with a service from defineService";
const OFFERS = "write provides: { services: [TICKETS.by(() => tickets)] }, with a service from defineService";

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function namesIn(needs: readonly unknown[]): string[] {
  return needs.flatMap((entry) => (isRecord(entry) && typeof entry.name === "string" ? [entry.name] : []));
}

function isProvided(entry: unknown): entry is ProvidedService {
  return isRecord(entry) && typeof entry.service === "string" && typeof entry.make === "function";
}
