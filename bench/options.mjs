// What all measurements share: the command line, and the median.
export const argument = (name) => {
  const at = process.argv.findIndex((given) => given === name || given.startsWith(`${name}=`));
  if (at === -1) return undefined;
  return process.argv[at].includes("=") ? process.argv[at].slice(name.length + 1) : process.argv[at + 1];
};
export const option = (name, fallback) => Number(argument(name) ?? 0) || fallback;
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
