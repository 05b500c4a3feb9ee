import type { ArgumentTransform, CommonServerConfig } from "./server.js";

type Wrong = [path: string, why: string];

/** What is wrong with the rules for a server's tools, whatever that server offers. */
export function wrongToolRules({ tools = {} }: CommonServerConfig): Wrong[] {
  return [
    ...sameNames(tools, "tool").map(([tool, why]): Wrong => [`tools.${tool}.name`, why]),
    ...Object.entries(tools).flatMap(([tool, { arguments: args = {} }]) =>
      wrongArguments(args).map(([path, why]): Wrong => [`tools.${tool}.arguments.${path}`, why]),
    ),
  ];
}

function wrongArguments(args: Record<string, ArgumentTransform>): Wrong[] {
  return [
    ...sameNames(args, "argument").map(([name, why]): Wrong => [`${name}.name`, why]),
    ...Object.entries(args).flatMap(([name, { required, hide, default: value }]): Wrong[] => {
      if (required === false)
        return [[`${name}.required`, "expected true: a default is what makes an argument optional"]];
      if (required && value !== undefined)
        return [[`${name}.required`, "an argument with a default is not required"]];
      if (required && hide) return [[`${name}.required`, "an argument that is hidden is nobody's to give"]];
      return [];
    }),
  ];
}

/** Two of a kind cannot have one name. */
function sameNames(all: Record<string, { name?: string | undefined }>, what: string): Wrong[] {
  const taken = new Set<string>();
  return Object.entries(all).flatMap(([own, { name }]): Wrong[] => {
    if (name === undefined) return [];
    if (taken.has(name)) return [[own, `another ${what} is called ${JSON.stringify(name)} already`]];
    taken.add(name);
    return [];
  });
}
