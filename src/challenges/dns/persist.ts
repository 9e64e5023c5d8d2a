import type { Solver } from '../solver.ts';

/** A record that the operator made once, and that stays (draft-ietf-acme-dns-persist): nothing is to be done. */
export const persistSolver: Solver = {
  type: 'dns-persist-01',
  leavesTraces: false,
  present: async () => undefined,
  cleanUp: async () => undefined,
};
