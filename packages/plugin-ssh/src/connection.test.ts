import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { slowReaders } from "@maand/core/testing";
import ssh2, { type Connection as ServerConnection } from "ssh2";
import { afterEach, describe, expect, test } from "vitest";
import { Connection, NotStarted } from "./connection.ts";
import { followCommand } from "./follow-command.ts";
import { newKey } from "./host-key.test.support.ts";

const { Client, Server } = ssh2;
const REQUEST = { line: "true", title: "true", limitMs: 10_000 };

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A logged-in connection to a server in this process, which calls `onSession` for each requested session. */
async function connected(
  onSession: (server: ServerConnection, accept: () => ssh2.Session) => void,
): Promise<Connection> {
  const server = new Server({ hostKeys: [newKey()] }, (client) => {
    client.on("authentication", (context) => context.accept());
    client.on("error", () => {});
    client.on("session", (accept) => onSession(client, accept));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Client();
  const wire = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.connect({ sock: wire, username: "ann" });
  await once(client, "ready");
  const connection = new Connection({ worker: "app", user: "ann", client, wire, handshakeMs: 1 });
  closing.push(
    () => connection.drop(),
    () => server.close(),
  );
  return connection;
}

describe("a connection that closes while a command starts", () => {
  test("can be replaced if the server had not opened the channel yet", async () => {
    const connection = await connected((server) => server.rekey(() => server.end()));
    await expect(connection.start(REQUEST, () => {})).rejects.toBeInstanceOf(NotStarted);
  });

  test("cannot be replaced after the command line was sent, because the command may have run", async () => {
    const connection = await connected((server, accept) => accept().on("exec", () => server.end()));
    await expect(connection.start(REQUEST, () => {})).rejects.toMatchObject({ code: "DISCONNECTED" });
  });
});

test("a command ends after its last line even if its exit code arrives before its output is read", async () => {
  const connection = await connected((_, accept) =>
    accept().on("exec", (acceptExec) => {
      const channel = acceptExec();
      channel.stderr.write("maand-begin 1\n");
      channel.write("maand-begin\none\n");
      channel.exit(0);
      channel.write("two\nthree\n");
      channel.end();
    }),
  );
  const readers = slowReaders();
  const lines: string[] = [];
  const result = connection.start(REQUEST, (channel, requestedAt) => {
    const ended = followCommand(channel, {
      ...{ worker: "app", user: "ann", title: "true", preface: "", signal: undefined, kill: () => {} },
      ...{ timeoutMs: 60_000, graceMs: 10, quietMs: 1, requestedAt },
      backPressure: readers.backPressure,
      onLine: (line) => void lines.push(line),
    });
    // timers of a millisecond end in their order, so that the channel has been quiet by then
    channel.once("exit", () => setTimeout(() => setTimeout(readers.catchUp, 1), 1));
    return ended;
  });
  expect((await await result).code).toBe(0);
  expect(lines).toEqual(["one", "two", "three"]);
});

describe("the exit code of the program timeout", () => {
  const late = { timeoutMs: 60_000, graceMs: 10, quietMs: 1, preface: "", signal: undefined, kill: () => {} };
  const followed = (connection: Connection, askedMsAgo: number) =>
    connection.start(REQUEST, (channel, requestedAt) =>
      followCommand(channel, {
        ...late,
        worker: "app",
        user: "ann",
        title: "true",
        requestedAt: requestedAt - askedMsAgo,
      }),
    );
  const ends124 = () =>
    connected((_, accept) =>
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.stderr.write("maand-begin 1\n");
        channel.write("maand-begin\n");
        channel.exit(124);
        channel.end();
      }),
    );

  test("means that the command timed out if the time limit has passed since the request", async () => {
    await expect(followed(await ends124(), 60_000)).rejects.toMatchObject({ code: "TIMED_OUT" });
  });

  test("counts as the command's own exit code before the time limit", async () => {
    expect(await await followed(await ends124(), 0)).toMatchObject({ code: 124 });
  });
});
