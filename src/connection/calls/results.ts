import { type Client, SdkError, SdkErrorCode, type StandardSchemaV1 } from "@modelcontextprotocol/client";

/** The SDK's reader of the revision that is spoken. */
export type Codec = ReturnType<Client["_wireCodec"]>;

/** An answer with which a modern server asks for input. */
export type Incomplete = ReturnType<Codec["decodeResult"]> & { kind: "input_required" };

/** How the answer to a request is read. */
export interface Reader {
  readonly request: { method: string };
  readonly codec: Codec;
  readonly schema: StandardSchemaV1;
}

interface Settle {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  incomplete(asked: Incomplete): void;
}

/**
 * Settles a request with its result, by the SDK's own schemas. `plain`: the result, where it was found to be in order before. Takes
 * as many turns as the Client itself.
 */
export function readResult(
  { codec, request: { method }, schema }: Reader,
  { given, plain }: { given: unknown; plain: object | undefined },
  { resolve, reject, incomplete }: Settle,
): void {
  if (plain) {
    later(plain).then(resolve, reject);
    return;
  }
  try {
    const decoded = codec.decodeResult(method, given as Parameters<Codec["decodeResult"]>[1]);
    if (decoded.kind === "invalid") reject(decoded.error);
    else if (decoded.kind === "input_required") incomplete(decoded);
    else checked(schema, method, decoded.result).then(resolve, reject);
  } catch (error) {
    reject(error);
  }
}

async function later<T>(value: T): Promise<T> {
  await undefined;
  return value;
}

async function checked(schema: StandardSchemaV1, method: string, result: unknown): Promise<unknown> {
  const read = await schema["~standard"].validate(result);
  if (!read.issues) return read.value;
  const why = read.issues.map(({ message }) => message).join(", ");
  throw new SdkError(SdkErrorCode.InvalidResult, `Invalid result for ${method}: ${why}`);
}
