/** Whether requests go past the SDK's machinery where they need not go through it. The tests run everything over both paths. */
export const directCalls = { on: true };
