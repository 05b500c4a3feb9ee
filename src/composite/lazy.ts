import type { ServerChange } from "../contract/status.js";
import type { ListKind } from "../gateway/presented.js";
import { INTERNALS } from "../transports/internals.js";
import type { ConfiguredServer } from "./configured-server.js";
import { type Manifest, Manifests } from "./manifest.js";
import type { Member } from "./member.js";
import type { MemberSession } from "./member-session.js";
import type { LazyHost } from "./members.js";
import { readOffered } from "./offered.js";
import { lockOf, type MCPConfigTransportOptions } from "./options.js";

interface LazyHooks {
  report(message: string): void;
  onKnown(member: Member, known: Manifest): void;
  onChange(kinds: readonly ListKind[]): void;
}

/** What is known of the lazy servers of a composite without them, and kept for the next time. */
export class Lazy implements LazyHost {
  readonly #manifests: Manifests;
  /** Those whose lists are being read; `again`: they changed meanwhile. */
  readonly #reading = new Map<MemberSession, { again: boolean; done: Promise<void> }>();

  constructor(
    name: string,
    options: MCPConfigTransportOptions,
    private readonly hooks: LazyHooks,
  ) {
    const { report } = hooks;
    this.#manifests = new Manifests(options.manifestDirectory, lockOf(options) ?? name, report);
  }

  /** Undefined: it is started now, as any other. One that is running already costs nothing to be asked. */
  known(server: ConfiguredServer): Promise<Manifest | undefined> | undefined {
    if (!server.isLazy?.() || server.transport.status.state !== "idle") return undefined;
    return this.#read(server);
  }

  async #read({ name, config, transport }: ConfiguredServer): Promise<Manifest | undefined> {
    const known = await this.#manifests.read(name, config);
    if (known) expect(transport, known);
    return known;
  }

  onKnown(member: Member, known: Manifest): void {
    this.hooks.onKnown(member, known);
  }

  onDiffers(member: MemberSession, change: ServerChange | undefined): void {
    if (!member.server.isLazy?.()) return;
    // Race: the lists were compared before the session was there to be told.
    if (change) this.hooks.onChange(kindsOf(change));
    const reading = this.#reading.get(member);
    if (reading) reading.again = true;
    else this.#begin(member);
  }

  keeping(member: MemberSession): Promise<void> | undefined {
    return this.#reading.get(member)?.done;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#reading.values()].map(({ done }) => done));
  }

  #begin(member: MemberSession): void {
    const done = this.#keep(member).then(() => {
      const again = this.#reading.get(member)?.again;
      this.#reading.delete(member);
      if (again) this.#begin(member);
    });
    this.#reading.set(member, { again: false, done });
  }

  /** Keeps what a server that is up is now. */
  async #keep({ server: { name, config, transport }, session }: MemberSession): Promise<void> {
    if (!session) return;
    let manifest: Manifest;
    try {
      manifest = {
        lists: await readOffered(session),
        server: session.getServerVersion(),
        capabilities: session.getServerCapabilities() ?? {},
        instructions: session.getInstructions(),
        era: session.getProtocolEra(),
      };
    } catch {
      // Lost again: it is read when the server is back and differs, or when it is started the next time.
      return;
    }
    if (transport[INTERNALS].holdsSecret(manifest)) {
      const message =
        "what it offers holds a secret of its config, so it is not kept, and it is started with the others";
      this.hooks.report(`${name}: ${message}`);
      return this.#manifests.remove(name);
    }
    expect(transport, manifest);
    await this.#manifests.write(name, config, manifest);
  }
}

const expect = (transport: ConfiguredServer["transport"], { lists, server, capabilities }: Manifest): void =>
  transport[INTERNALS].expect({ lists, server, capabilities: Object.keys(capabilities) });

const kindsOf = ({ lists }: ServerChange): ListKind[] => [
  ...(lists.tools ? (["tools"] as const) : []),
  ...(lists.prompts ? (["prompts"] as const) : []),
  ...(lists.resources || lists.resourceTemplates ? (["resources"] as const) : []),
];
