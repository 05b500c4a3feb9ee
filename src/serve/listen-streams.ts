import { whenAborted } from "../base/abort.js";
import { Listened } from "../gateway/listened.js";
import { whenRead } from "./when-read.js";

/** The listen streams of modern clients, and the resources that they are about. */
export class ListenStreams {
  readonly #listened: Listened;

  /** `changed`: as of `Listened`. */
  constructor(changed: ConstructorParameters<typeof Listened>[0]) {
    this.#listened = new Listened(changed);
  }

  /** `answer` gives the stream; until that ends, it is about `resources`. */
  async open(request: Request, resources: unknown, answer: () => Promise<Response>): Promise<Response> {
    const stream = crypto.randomUUID();
    this.#listened.begin(stream, Array.isArray(resources) ? resources.map(String) : []);
    const end = () => this.#listened.end(stream);
    // Race: the client may have left while the session was opened.
    const stop = whenAborted(request.signal, end);
    const over = () => {
      stop();
      end();
    };
    try {
      return whenRead(await answer(), over);
    } catch (error) {
      over();
      throw error;
    }
  }
}
