import dns from "node:dns";
import { BlockList, isIP } from "node:net";

/** The code of the error where a name led to an address that may not be asked. */
export const FORBIDDEN_ADDRESS = "ERR_FORBIDDEN_ADDRESS";

/** No name of this machine takes longer: the system has it in a file. */
const LOOKUP_MS = 1_000;

/** The unspecified addresses lead to this machine, too. */
const HERE = lazyList(
  ["127.0.0.0", 8],
  ["0.0.0.0", 8],
  ["::", 127],
  ["::7f00:0", 104],
  ["64:ff9b::7f00:0", 104],
);

/** The last one is where a cloud tells its machines their credentials, by the new internet. */
const LINK_LOCAL = lazyList(
  ["169.254.0.0", 16],
  ["fe80::", 10],
  ["64:ff9b::a9fe:0", 112],
  ["fd00:ec2::254", 128],
);

/** Whether a host, as a URL or the system writes it, means this machine by its spelling alone. */
export function isThisMachine(host: string): boolean {
  const name = nameOf(host);
  return /^(.*\.)?localhost$/.test(name) || isIn(HERE, name);
}

/** Whether a host is an address that is valid on one cable only: a printer's, or a cloud's for the credentials of its machines. */
export const isLinkLocal = (host: string): boolean => isIn(LINK_LOCAL, nameOf(host));

/** Whether a host means this machine, also by what its name resolves to. A name that does not resolve in a second does not. */
export function leadsToThisMachine(host: string): Promise<boolean> | boolean {
  const name = nameOf(host);
  if (isThisMachine(name) || isIP(name) !== 0) return isThisMachine(name);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOKUP_MS, false).unref();
    dns.lookup(name, { all: true }, (error, found) => {
      clearTimeout(timer);
      resolve(!error && found.some(({ address }) => isThisMachine(address)));
    });
  });
}

/** In lower case, without the brackets of an IPv6 address and the dot after a full name. */
const nameOf = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.$/g, "");

function isIn(list: () => BlockList, name: string): boolean {
  const [address = ""] = name.split("%");
  const version = isIP(address);
  return version !== 0 && list().check(address, version === 4 ? "ipv4" : "ipv6");
}

/** Made at its first use, because that takes longer than to load this module. */
function lazyList(...subnets: [address: string, bits: number][]): () => BlockList {
  let list: BlockList | undefined;
  return () => {
    if (list) return list;
    list = new BlockList();
    for (const [address, bits] of subnets)
      list.addSubnet(address, bits, isIP(address) === 4 ? "ipv4" : "ipv6");
    return list;
  };
}
