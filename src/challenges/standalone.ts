import type { ListenHttp } from '../system/http-server.ts';
import { onDemand } from './on-demand.ts';
import { CHALLENGE_PATH, type Solver } from './solver.ts';

/** Answers by a web server of our own, which listens while there is a challenge to answer. An empty address means all. */
export function standaloneSolver(listen: ListenHttp, address: string, port: number): Solver {
  const answers = new Map<string, string>();
  const server = onDemand(() => listen(address, port, (path) => answers.get(path)));
  return {
    type: 'http-01',
    leavesTraces: false,
    present: async (challenges) => {
      for (const { token, keyAuthorization } of challenges)
        answers.set(CHALLENGE_PATH + token, keyAuthorization);
      await server.start();
    },
    cleanUp: async (challenges) => {
      for (const { token } of challenges) answers.delete(CHALLENGE_PATH + token);
      if (answers.size === 0) await server.end();
    },
  };
}
