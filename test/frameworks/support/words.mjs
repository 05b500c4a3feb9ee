// The words of the protocol that several frameworks hand through as they are.

export const namesOf = ({ tools }) => tools.map(({ name }) => name);

export function textOf(result) {
  if (result.isError) throw new Error(`the tool failed: ${JSON.stringify(result)}`);
  return result.content[0].text;
}

/** What holdfast put into a JSON-RPC error. */
export const lossOf = (error) => error.data?.holdfast ?? {};
