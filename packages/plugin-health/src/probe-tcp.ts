import { connect } from "node:net";

/** Healthy if somebody accepts a connection. */
export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once("error", reject);
    socket.once("connect", () => {
      resolve("accepts connections");
      socket.destroy();
    });
  });
}
