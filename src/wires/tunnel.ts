import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client } from "undici";
import type { TlsOptions } from "../contract/options.js";

export interface TunnelOptions {
  tls: TlsOptions | undefined;
  connectTimeoutMs: number;
  signal: AbortSignal;
}

/** A socket to the machine of `url` that goes through the proxy, encrypted where the URL says so. */
export async function tunnel(url: URL, proxy: string, options: TunnelOptions): Promise<Socket> {
  const { tls, connectTimeoutMs, signal } = options;
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  const { origin, username, password } = new URL(proxy);
  const client = new Client(origin, { connect: { ...tls, timeout: connectTimeoutMs } });
  const host = `${url.hostname}:${url.port || (secure ? 443 : 80)}`;
  const pair = [username, password].map(decodeURIComponent).join(":");
  try {
    const { statusCode, socket: duplex } = await client.connect({
      path: host,
      signal,
      headers: {
        host,
        ...(username && { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` }),
      },
    });
    // The types promise less than undici gives.
    const socket = duplex as Socket;
    if (statusCode === 200) return secure ? encrypted(socket, url, tls) : socket;
    socket.on("error", () => {}).destroy();
    throw new Error(`the proxy refuses to connect to ${host} (HTTP ${statusCode})`);
  } finally {
    // What became the caller's socket is no longer the client's.
    void client.destroy();
  }
}

function encrypted(socket: Socket, { hostname }: URL, tls: TlsOptions | undefined): Socket {
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return connectTls({ ...tls, socket, servername: isAddress ? "" : hostname });
}
