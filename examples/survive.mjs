// One session, a server that is killed under it, and the call that is answered all the same.
// Run it as it is: node examples/survive.mjs (after npm ci && npm run build)
import { createRequire } from "node:module";
import { inferTransport } from "holdfast";

const server = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/server-everything/dist/index.js",
);
const transport = inferTransport(server, { name: "everything" });
transport.subscribe((_status, event) => {
  if (event.type === "transition") console.log(`${event.from} -> ${event.to}`, event.error?.message ?? "");
});

await transport.withSession(async (session) => {
  const call = () => session.callTool({ name: "echo", arguments: { message: "hello" } });
  console.log((await call()).content);
  process.kill(transport.status.pid, "SIGKILL");
  // A call made before the loss is noticed may have been done, so holdfast would report it and not repeat it.
  await transport.waitFor("connecting");
  console.log((await call()).content);
});
await transport.close();
