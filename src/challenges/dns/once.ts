/** What serves for a time only. */
export interface Passing<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** So much must be left, for the request that it is used in. */
const MARGIN_MS = 60_000;

/** Fetches once for all who ask at a time, and again when it has run out, or could not be had. */
export function cached<T>(fetch: () => Promise<Passing<T>>, now: () => number): () => Promise<T> {
  let current: Promise<Passing<T>> | undefined;
  const renew = () => {
    const fetched = fetch();
    current = fetched;
    fetched.catch(() => {
      current = undefined;
    });
    return fetched;
  };
  return async () => {
    const asked = current;
    if (asked === undefined) return (await renew()).value;
    const held = await asked;
    if (held.until - MARGIN_MS > now()) return held.value;
    return (await (current === asked ? renew() : (current ?? renew()))).value;
  };
}

/** Asks once for each key; what failed is asked again. */
export function onceEach<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (key) => {
    const known = asked.get(key);
    if (known !== undefined) return known;
    const answer = ask(key);
    asked.set(key, answer);
    answer.catch(() => asked.delete(key));
    return answer;
  };
}
