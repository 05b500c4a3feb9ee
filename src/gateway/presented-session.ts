import type { Implementation, Notification, Result, ServerCapabilities } from "@modelcontextprotocol/server";
import type { Session } from "../contract/session.js";
import type { Params, PresentedAsIs, Route, Upstream } from "./presented.js";
import { withTaskSupport, withTasksOfBoth } from "./task-eras.js";

/** One session as a server: every request goes to it as it came, and every answer comes back so. */
export class PresentedSession implements PresentedAsIs {
  constructor(private readonly upstream: Upstream & { session: Session }) {}

  upstreams(): readonly Upstream[] {
    return [this.upstream];
  }

  info(): Implementation | undefined {
    return this.upstream.session.getServerVersion();
  }

  capabilities(): ServerCapabilities {
    return withTasksOfBoth(this.upstream.session.getServerCapabilities() ?? {});
  }

  instructions(): string | undefined {
    return this.upstream.session.getInstructions();
  }

  known(_method: string, params: Params): Route {
    return { upstream: this.upstream, params };
  }

  show(_upstream: Upstream, method: string, result: Result): Result {
    const { tools } = result;
    if (method !== "tools/list" || !Array.isArray(tools)) return result;
    return { ...result, tools: tools.map((tool) => withTaskSupport(this.upstream.session, tool)) };
  }

  showNotification(_upstream: Upstream, notification: Notification): Notification {
    return notification;
  }
}
