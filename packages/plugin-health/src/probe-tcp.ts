import { connect } from "node:net";

/** Healthy if a connection is accepted. */
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
