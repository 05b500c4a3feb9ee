/** The same response; calls `end` once, when its body was read or broke, or is not read any further. */
export function whenRead(response: Response, end: () => void): Response {
  const reader = response.body?.getReader();
  if (!reader) {
    end();
    return response;
  }
  let over = false;
  const endOnce = () => {
    if (!over) end();
    over = true;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        endOnce();
        throw error;
      });
      if (!done) return controller.enqueue(value);
      endOnce();
      controller.close();
    },
    cancel(reason) {
      endOnce();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}
