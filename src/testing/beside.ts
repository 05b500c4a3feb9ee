import { MCPConfigTransport } from "../composite/config-transport.js";
import type { Session } from "../contract/session.js";
import type { ClientTransport } from "../transports/transport.js";
import { read } from "./asking.js";
import type { Beside, MakeTransport, RunRecord } from "./record.js";

/** Opens what must not notice this run: the siblings in a config, or a second transport of the same kind. */
export async function openBeside(
  own: ClientTransport,
  make: MakeTransport,
  record: RunRecord,
): Promise<() => Promise<void>> {
  if (isComposite(own)) return siblings(own, record);
  const { settings } = record;
  const transport = make(settings.options);
  let session: Session;
  try {
    session = await transport.connectSession({ timeoutMs: settings.callMs });
  } catch {
    // Too slow once: there is nobody beside this story.
    await transport.close();
    return async () => {};
  }
  const finish = watch(transport, record);
  return async () => {
    await finish(() => read(session));
    await transport.close();
  };
}

async function siblings(own: MCPConfigTransport, record: RunRecord): Promise<() => Promise<void>> {
  const { script, settings } = record;
  // The script's faults are for the transport under test; these are opened past it.
  const opened = await Promise.allSettled(
    Object.keys(own.servers).map((name) => own.server(name).connectSession({ timeoutMs: settings.callMs })),
  );
  // Who closes a config closes its servers: that is no word on siblings.
  const others = script.steps.includes("close") ? [] : Object.keys(own.servers).slice(1);
  const up = others.filter((name) => own.server(name).status.state === "connected");
  const finishes = up.map((name) => watch(own.server(name), record));
  return async () => {
    for (const finish of finishes) await finish(async () => {});
    for (const each of opened) if (each.status === "fulfilled") await each.value.close();
  };
}

export const isComposite = (transport: ClientTransport): transport is MCPConfigTransport =>
  transport instanceof MCPConfigTransport && Object.keys(transport.servers).length > 1;

export const firstOf = (transport: MCPConfigTransport) =>
  transport.server(Object.keys(transport.servers)[0]!);

function watch(
  transport: ClientTransport,
  record: RunRecord,
): (check: () => Promise<unknown>) => Promise<void> {
  const beside: Beside = {
    name: transport.name,
    before: transport.status.epoch,
    after: undefined,
    events: [],
  };
  record.beside.push(beside);
  const stop = transport.subscribe((_status, event) => {
    // A look whether it is still there is its own business.
    if (event.type !== "transition" || event.to.startsWith("connected")) return;
    beside.events.push(`${event.from} -> ${event.to} (${event.cause})`);
  });
  return async (check) => {
    await check().catch((error: unknown) => {
      beside.error = error;
    });
    stop();
    beside.after = transport.status.epoch;
  };
}
