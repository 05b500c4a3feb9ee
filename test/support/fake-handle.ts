import { vi } from "vitest";
import type { ConfiguredServer } from "../../src/composite/configured-server.js";
import type { ToolRules } from "../../src/composite/transforms.js";
import type { Session, SessionOptions } from "../../src/contract/session.js";
import type { ConnectionEvent, ConnectionStatus, StatusListener } from "../../src/contract/status.js";

/** The transport of one server, in a test's hands: what becomes of its session, and what is heard of its connection. */
export class FakeHandle {
  status = { state: "connecting", attempt: 1 } as ConnectionStatus;
  readonly listeners = new Set<StatusListener>();
  /** Each session that was asked for, with what it was asked with. */
  readonly asked: { options: SessionOptions; open(): Session; refuse(error: Error): void }[] = [];
  readonly close = vi.fn(async () => {});
  readonly closedSession = vi.fn(async () => {});
  /** What a session is refused with at once. */
  refuses: Error | undefined;
  opens = false;

  constructor(readonly name: string) {}

  subscribe(listener: StatusListener): () => void {
    this.listeners.add(listener);
    listener(this.status, { type: "current", at: 0 });
    return () => this.listeners.delete(listener);
  }

  connectSession(options: SessionOptions): Promise<Session> {
    return new Promise((resolve, reject) => {
      const open = () => {
        const session = { close: this.closedSession, setRequestHandler: vi.fn() } as unknown as Session;
        resolve(session);
        return session;
      };
      this.asked.push({ options, open, refuse: reject });
      options.signal?.addEventListener("abort", () => reject(options.signal!.reason));
      if (this.refuses) reject(this.refuses);
      else if (this.opens) open();
    });
  }

  /** The newest session that was asked for. */
  get last() {
    return this.asked.at(-1)!;
  }

  /** Something happens to its connection. */
  say(event: object, status: object = {}): void {
    this.status = { ...this.status, ...status };
    for (const listener of [...this.listeners]) listener(this.status, event as ConnectionEvent);
  }

  moves(from: string, to: string, more: object = {}): void {
    this.say({ type: "transition", from, to, ...more });
  }

  configured(rules: Partial<ToolRules> & { timeoutMs?: number } = {}): ConfiguredServer {
    const { name } = this;
    const transport = this as unknown as ConfiguredServer["transport"];
    return { name, config: { command: name }, transport, timeoutMs: undefined, may: () => true, ...rules };
  }
}
