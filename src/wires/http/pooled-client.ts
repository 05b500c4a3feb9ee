import { Client, type Dispatcher, Pool } from "undici";

/** What is told of the socket before it is written to. */
export interface SocketUser {
  user: {
    /** The socket served others before. */
    reused: boolean;
  };
}

/** One socket of a pool, which says whether it is a new one. */
class PooledClient extends Client {
  #served = 0;

  constructor(origin: string | URL, options: Client.Options) {
    super(origin, options);
    this.on("disconnect", () => {
      this.#served = 0;
    });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions & Partial<SocketUser>,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (options.user) options.user.reused = this.#served++ > 0;
    return super.dispatch(options, handler);
  }
}

/** One socket to one origin, and none where nothing goes over it: an agent makes it anew for each use, a pool at twice the cost. */
export const oneSocket = (origin: string | URL, options: object): Dispatcher => new Client(origin, options);

/** The sockets to one origin. */
export const pool = (origin: string | URL, options: object): Dispatcher =>
  new Pool(origin, { ...options, factory: (to, more) => new PooledClient(to, more as Client.Options) });
