import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { PgConnection } from "./pg-connection.ts";

it("if all attempts fail, the error is the response of a server, even if the last attempt got no response", async () => {
  const clients: Socket[] = [];
  const server = createServer((client) => {
    clients.push(client.on("error", () => undefined));
    // the server responds to the first attempt, and then hangs
    if (clients.length === 1)
      client.once("data", () => client.end(refusal("57P03", "the database system is starting up")));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connection = new PgConnection({
    url: `postgres://ann@127.0.0.1:${port}/db`,
    password: undefined,
    application: "test",
  });
  const asked = connection.query({ sql: "SELECT 1", values: [], limitMs: 500, attemptMs: 200 });
  await expect(asked).rejects.toMatchObject({ code: "57P03", message: "the database system is starting up" });
  expect(clients.length).toBeGreaterThan(1);
  connection.end();
  for (const client of clients) client.destroy();
  server.close();
});

/** An error response: https://www.postgresql.org/docs/current/protocol-message-formats.html. */
function refusal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
