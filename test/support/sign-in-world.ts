import { type AuthServerOptions, startAuthServer } from "./auth-server.js";
import { type ProtectedServerOptions, startProtectedServer } from "./protected-server.js";

export interface SignInWorldOptions extends ProtectedServerOptions {
  /** Of the authorization server; it gives tokens for the MCP server, whatever `resource` would say. */
  auth?: Omit<AuthServerOptions, "resource">;
}

/** An MCP server that wants tokens, and the authorization server whose tokens it takes. Both end with the test. */
export async function signInWorld(options: SignInWorldOptions = {}) {
  const { onTestFinished } = await import("vitest");
  const world = await startSignInWorld(options);
  onTestFinished(world.stop);
  return world;
}

/** The same, yours to stop: for a program that is no test. */
export async function startSignInWorld({ auth: about, ...options }: SignInWorldOptions = {}) {
  const server = await startProtectedServer(options);
  const auth = await startAuthServer({ ...about, resource: server.resources });
  server.trust(auth);
  const stop = async () => {
    await Promise.all([auth.stop(), server.stop()]);
  };
  return { auth, server, stop };
}
