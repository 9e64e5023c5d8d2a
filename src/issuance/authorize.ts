import type { Connection } from '../acme/connection.ts';
import {
  type Authorization,
  AuthorizationSchema,
  ChallengeSchema,
  type Challenge as Offer,
  type Order,
} from '../acme/resources.ts';
import type { Challenge, PresentedChallenge, Proof, Solver } from '../challenges/solver.ts';
import { EvercertError } from '../errors.ts';
import { nameOf, refusal } from './refusal.ts';

/** The solver of each name of an order, wildcards with their "*.". */
export type SolverOf = (name: string) => Solver;

/** A challenge that is to be met; then the CA is told. */
interface Task extends Proof {
  readonly solver: Solver;
  readonly url: string;
  /** The CA was told by an earlier run, and is at it: telling it again is refused. */
  readonly isTold: boolean;
}

/**
 * Proves what the order still wants proven: all challenges are presented, then all are answered, then `validated` waits
 * for the CA; whatever happens, all are cleaned up.
 *
 * @param presented is told of all before the CA is
 */
export async function authorize(
  connection: Connection,
  order: Order,
  solverOf: SolverOf,
  presented: (proofs: readonly Proof[]) => Promise<void>,
  validated: () => Promise<Order>,
): Promise<Order> {
  const authorizations = await Promise.all(
    order.authorizations.map((url) => readAuthorization(connection, url)),
  );
  const names = order.identifiers.map(({ value }) => value.toLowerCase());
  const open = authorizations.filter(({ status }) => status !== 'valid');
  const ended = open.filter(({ status }) => status !== 'pending');
  if (ended.length > 0) throw refusal(connection.host, ended);
  const tasks = await Promise.all(
    open.map((authorization) => taskOf(connection, authorization, names, solverOf)),
  );
  return withAnswers(tasks, async () => {
    await presented(tasks);
    const untold = tasks.filter(({ isTold }) => !isTold);
    await Promise.all(untold.map(({ url }) => connection.post(url, {}, 'challenge', ChallengeSchema)));
    return await validated();
  });
}

/** Each solver is given all of its challenges together, all solvers side by side. */
async function withAnswers<T>(tasks: readonly Task[], ask: () => Promise<T>): Promise<T> {
  const traces = new Map<Challenge, string>();
  const remember = async (challenge: Challenge, trace: string) => void traces.set(challenge, trace);
  const groups = [...new Set(tasks.map(({ solver }) => solver))].map((solver) => ({
    solver,
    challenges: tasks.filter((task) => task.solver === solver).map(({ challenge }) => challenge),
  }));
  try {
    // Each must have ended, well or not, before the clean-up begins.
    const results = await Promise.allSettled(
      groups.map(({ solver, challenges }) => solver.present(challenges, remember)),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return await ask();
  } finally {
    const withTrace = (challenge: Challenge): PresentedChallenge => {
      const trace = traces.get(challenge);
      return trace === undefined ? challenge : { ...challenge, trace };
    };
    await Promise.all(groups.map(({ solver, challenges }) => solver.cleanUp(challenges.map(withTrace))));
  }
}

async function readAuthorization(connection: Connection, url: string): Promise<Authorization> {
  return (await connection.get(url, 'authorization', AuthorizationSchema)).body;
}

async function taskOf(
  connection: Connection,
  authorization: Authorization,
  names: readonly string[],
  solverOf: SolverOf,
): Promise<Task> {
  const name = nameOf(authorization);
  if (!names.includes(name.toLowerCase())) throw foreign(connection.host, name);
  const solver = solverOf(name.toLowerCase());
  const offered = authorization.challenges.find(({ type }) => type === solver.type);
  const isTokenless = solver.type === 'dns-persist-01';
  if (offered === undefined || (offered.token === undefined && !isTokenless))
    throw unsupported(connection.host, name, authorization.challenges, solver.type);
  const { token = '', url, status } = offered;
  return {
    type: solver.type,
    solver,
    url,
    isTold: status !== 'pending',
    challenge: {
      name: authorization.identifier.value.toLowerCase(),
      isWildcard: authorization.wildcard === true,
      token,
      keyAuthorization: isTokenless ? '' : await connection.keyAuthorization(token),
      accountUrl: connection.accountUrl() ?? '',
    },
  };
}

function foreign(host: string, name: string): EvercertError {
  return new EvercertError(
    'order-failed',
    `${host} wants ${name} proven, which is not in the order`,
    'Nothing was proven. The next run places a new order; if this repeats, tell the CA.',
  );
}

function unsupported(host: string, name: string, offered: readonly Offer[], wanted: string): EvercertError {
  const types = offered.map(({ type }) => type).join(', ') || 'nothing';
  const hint = name.startsWith('*.')
    ? 'Wildcard names can only be proven by dns-01.'
    : 'Choose another way to prove this name, or another CA.';
  return new EvercertError(
    'challenge-unsupported',
    `${host} does not offer ${wanted} for ${name}, but ${types}`,
    hint,
  );
}

/** Why an order became invalid: asks each authorization. */
export async function explainInvalid(connection: Connection, order: Order): Promise<EvercertError> {
  const authorizations = await Promise.all(
    order.authorizations.map((url) => readAuthorization(connection, url)),
  );
  return refusal(connection.host, authorizations, order.error);
}
