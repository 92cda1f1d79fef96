import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Target } from "./run.ts";

/** A connection to a port of the server's, once it is there. */
export async function tcp({ host }: Target, port: number): Promise<Socket> {
  const socket = connectTcp({ host, port });
  await once(socket, "connect");
  return socket;
}

/** A connection over TLS after its handshake; over `carrier` where one is given. */
export async function tls(target: Target, carrier?: Socket): Promise<TLSSocket> {
  const { host, https: port, trust: ca, name: servername } = target;
  const socket = connectTls({
    ...(carrier === undefined ? { host, port } : { socket: carrier }),
    ca,
    servername,
  });
  await once(socket, "secureConnect");
  return socket;
}
