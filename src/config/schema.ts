import { z } from "zod";
import { atFirstUse } from "../base/at-first-use.js";
import type { AuthOption } from "../contract/options.js";
import type {
  AccessList,
  ArgumentTransform,
  RemoteServerConfig,
  ServerOAuth,
  StdioServerConfig,
  ToolTransform,
  WholeConfig,
} from "./server.js";

export const REMOTE_KINDS = ["http", "sse", "ws"] as const;

/**
 * The schemas of a local and of a remote server, after their fields were renamed to ours, where unknown fields are kept; and of what a
 * config says of all its servers, beside them.
 */
export const schemas = atFirstUse(() => {
  const text = z.string().min(1);
  /** A number or a boolean in a file is taken as a text where only texts can be meant. */
  const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
  const texts = z.record(z.string(), scalar);
  const auth = z.custom<AuthOption>(
    (value) => ["string", "function"].includes(typeof value) || (typeof value === "object" && value !== null),
    'expected a bearer token, "oauth", a function that gives a token, or a provider of the SDK',
  );

  const url = z.url({ protocol: /^https?$/ });
  const oauth: z.ZodType<ServerOAuth> = z
    .strictObject({
      scopes: z.union([z.string(), z.array(z.string())]).optional(),
      clientId: text.optional(),
      clientSecret: text.optional(),
      issuer: url.optional(),
      clientName: text.optional(),
      clientMetadataUrl: url.optional(),
      callbackHost: z
        .string()
        .regex(/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/, "expected a loopback host")
        .optional(),
      callbackPort: z.number().int().min(1).max(65_535).optional(),
      tokenEndpointAuthMethod: z.enum(["client_secret_basic", "client_secret_post", "none"]).optional(),
    })
    .refine(({ clientId, clientSecret }) => clientSecret === undefined || clientId !== undefined, {
      message: "a client secret comes with a client id",
    });

  const argumentTransform: z.ZodType<ArgumentTransform> = z.strictObject({
    name: text.optional(),
    description: z.string().optional(),
    default: z.unknown().optional(),
    hide: z.boolean().optional(),
    required: z.boolean().optional(),
    examples: z.unknown().optional(),
  });

  const toolTransform: z.ZodType<ToolTransform> = z.strictObject({
    name: text.optional(),
    version: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    tags: z.array(z.string()).optional(),
    meta: z.record(z.string(), z.unknown()).nullable().optional(),
    enabled: z.boolean().optional(),
    arguments: z.record(z.string(), argumentTransform).optional(),
  });

  const globs = z.array(z.string());
  const access: z.ZodType<AccessList> = z.union([
    globs,
    z.strictObject({ tools: globs, prompts: globs, resources: globs }).partial(),
  ]);

  const common = {
    description: z.string().optional(),
    disabled: z.boolean().optional(),
    timeout: z.number().min(0).optional(),
    connectTimeout: z.number().positive().optional(),
    keepAlive: z.boolean().optional(),
    era: z.enum(["auto", "legacy", "modern"]).optional(),
    lazy: z.boolean().optional(),
    isolate: z.boolean().optional(),
    tools: z.record(z.string(), toolTransform).optional(),
    includeTags: z.array(z.string()).optional(),
    excludeTags: z.array(z.string()).optional(),
    allow: access.optional(),
    deny: access.optional(),
    includeTools: z.array(z.string()).optional(),
    enabledTools: z.array(z.string()).optional(),
    excludeTools: z.array(z.string()).optional(),
    disabledTools: z.array(z.string()).optional(),
  };

  const stdio: z.ZodType<StdioServerConfig> = z.looseObject({
    transport: z.literal("stdio").optional(),
    command: text,
    args: z.array(scalar).optional(),
    env: texts.optional(),
    cwd: text.optional(),
    ...common,
  });

  const whole: z.ZodType<WholeConfig> = z.object({
    allow: access.optional(),
    deny: access.optional(),
    pin: z.enum(["warn", "block", "off"]).optional(),
    lazy: z.boolean().optional(),
  });

  const remote: z.ZodType<RemoteServerConfig> = z.looseObject({
    transport: z.enum(REMOTE_KINDS).optional(),
    url: text,
    headers: texts.optional(),
    auth: auth.optional(),
    oauth: oauth.optional(),
    ...common,
  });

  return { stdio, remote, whole };
});
