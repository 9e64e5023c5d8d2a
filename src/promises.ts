/** Makes something when it is first needed, and keeps it. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Does one piece of work after the other, in the order in which they come; one that fails holds up none. */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}

/** The same for what has one name; different names go side by side. */
export function createTurnsByName(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, InTurn>();
  return (name, work) => {
    const inTurn = turns.get(name) ?? createTurns();
    turns.set(name, inTurn);
    return inTurn(work);
  };
}
