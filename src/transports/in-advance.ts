/**
 * The modules that a transport needs to open a wire, loaded once there is such a transport: a program without one need not
 * load them. Not later, because Node 20 remembers for good that a module could not be read, for example while the program was
 * out of descriptors. A failure is told by whoever waits for the modules.
 */
export function inAdvance<T>(loading: Promise<T>): Promise<T> {
  loading.catch(() => {});
  return loading;
}
