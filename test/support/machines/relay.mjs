// relay.mjs <directory> <host:port> ...: the network of a machine in a namespace. Listens at the addresses of workers
// and of the database, and forwards every connection to a Unix socket, which a process outside serves.
import { connect, createServer } from "node:net";
import { join } from "node:path";

const [directory, ...places] = process.argv.slice(2);
let waiting = places.length;
for (const place of places) {
  const [host, port] = place.split(":");
  const server = createServer((inside) => {
    const outside = connect(join(directory, place));
    inside.pipe(outside).pipe(inside);
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ])
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  });
  server.listen(Number(port), host, () => {
    waiting -= 1;
    if (waiting === 0) console.log("ready");
  });
}
