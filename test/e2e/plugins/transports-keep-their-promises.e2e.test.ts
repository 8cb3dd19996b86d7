import { testTransport } from "@maand/core/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { TRANSPORTS } from "../../support/transports/transports.ts";

describe.each(Object.entries(TRANSPORTS))("%s", (_, transport) => {
  testTransport({ it, beforeAll, afterAll }, transport);
});
