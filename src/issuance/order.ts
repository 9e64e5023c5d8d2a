import type { Connection } from '../acme/connection.ts';
import { problemOf } from '../acme/problem.ts';
import { type Order, OrderSchema } from '../acme/resources.ts';
import type { Proof } from '../challenges/solver.ts';
import { EvercertError } from '../errors.ts';
import type { Step } from '../events.ts';
import { sameNames } from '../x509/identifier.ts';
import { authorize, explainInvalid, type SolverOf } from './authorize.ts';
import { type Download, downloadCertificate } from './download.ts';
import type { OrderTerms, Placed, PlaceListener } from './place.ts';
import { pollOrder } from './poll.ts';
import { takeUp } from './take-up.ts';

export interface OrderRequest extends OrderTerms {
  readonly preferredChain: string | undefined;
  /** How an earlier run left this order: its URL; or 'unknown' when that run died around newOrder. */
  readonly earlier: string | 'unknown' | undefined;
  /** Milliseconds for the whole order, from newOrder to the download, without the presenting of challenges. */
  readonly timeoutMs: number;
}

export interface OrderListener extends PlaceListener {
  /** The order has this URL: must be on the disk before the order goes on. */
  placed(url: string): Promise<void>;
  step(step: Step): void;
  /** All challenges are met, and the CA is about to be told. */
  presented(proofs: readonly Proof[]): Promise<void>;
}

/**
 * Walks one order from newOrder, or from where an earlier run left it, to the certificate (RFC 8555 section 7.4).
 *
 * @param makeCsr DER, made only when the order is ready
 * @throws EvercertError whose `isFinal` tells whether the order is of no more use
 */
export async function obtainCertificate(
  connection: Connection,
  request: OrderRequest,
  solverOf: SolverOf,
  makeCsr: () => Promise<Buffer>,
  listener: OrderListener,
): Promise<Download> {
  const deadline = connection.monotonic() + request.timeoutMs;
  const walk = (placed: Placed, asked: OrderRequest) =>
    walkOrder(connection, placed, asked, solverOf, makeCsr, deadline, listener);
  const first = await takeUp(connection, request, listener);
  const account = connection.accountUrl();
  try {
    return await walk(first, request);
  } catch (error) {
    // The CA lost the account, and the order with it; the account was made again.
    if (connection.accountUrl() === account || !isGone(error)) throw error;
    const anew = { ...request, earlier: undefined };
    return walk(await takeUp(connection, anew, listener), anew);
  }
}

function isGone(error: unknown): boolean {
  return [403, 404, 410].includes(problemOf(error)?.status ?? 0);
}

async function walkOrder(
  connection: Connection,
  placed: Placed,
  request: OrderRequest,
  solverOf: SolverOf,
  makeCsr: () => Promise<Buffer>,
  deadline: number,
  listener: OrderListener,
): Promise<Download> {
  checkIdentifiers(connection.host, placed.order, request);
  const ready = await makeReady(connection, placed, solverOf, deadline, listener);
  const proven = { url: placed.url, order: ready.order };
  const valid = await finalize(connection, proven, makeCsr, ready.deadline, listener);
  listener.step('download');
  return downloadCertificate(connection, valid, request.preferredChain);
}

/** An order for other names would have us prove names that nobody asked for. */
function checkIdentifiers(host: string, { identifiers }: Order, request: OrderRequest): void {
  const given = identifiers.map(({ value }) => value.toLowerCase());
  const asked = request.identifiers.map(({ value }) => value);
  if (sameNames(given, asked)) return;
  throw new EvercertError(
    'order-failed',
    `${host} made an order for other names: ${given.join(', ').slice(0, 300)}`,
    'Nothing was proven. The next run places a new order; if this repeats, tell the CA.',
  );
}

/** @returns with the deadline put off by what presenting took: a slow DNS, or a person who looks, has limits of its own */
async function makeReady(
  connection: Connection,
  placed: Placed,
  solverOf: SolverOf,
  deadline: number,
  listener: OrderListener,
): Promise<{ order: Order; deadline: number }> {
  if (placed.order.status !== 'pending') return { order: placed.order, deadline };
  listener.step('challenges');
  const began = connection.monotonic();
  let putOff = deadline;
  const validated = async () => {
    putOff += connection.monotonic() - began;
    const order = await pollOrder(connection, placed.url, ['pending'], putOff);
    // Asked before the clean-up, by which names would fail that the CA is still looking at.
    if (order.status === 'invalid') throw await explainInvalid(connection, order);
    return order;
  };
  const presented: OrderListener['presented'] = (proofs) => listener.presented(proofs);
  const order = await authorize(connection, placed.order, solverOf, presented, validated);
  return { order, deadline: putOff };
}

/** @returns the URL of the certificate */
async function finalize(
  connection: Connection,
  placed: Placed,
  makeCsr: () => Promise<Buffer>,
  deadline: number,
  listener: OrderListener,
): Promise<string> {
  let { order } = placed;
  if (order.status === 'ready') {
    listener.step('finalize');
    const csr = (await makeCsr()).toString('base64url');
    order = (await connection.post(order.finalize, { csr }, 'finalize', OrderSchema)).body;
  }
  // A CA may be slow to note what it just did, hence 'ready'.
  if (order.status !== 'valid')
    order = await pollOrder(connection, placed.url, ['ready', 'processing'], deadline);
  if (order.status !== 'valid') throw await explainInvalid(connection, order);
  if (order.certificate !== undefined) return order.certificate;
  throw new EvercertError(
    'bad-answer',
    `${connection.host} calls the order valid, but names no certificate`,
    'The next run asks again.',
  );
}

/** Whether an order that failed like this is of no more use; else the next run takes it up again. */
export function isFinal(error: EvercertError): boolean {
  if (
    error.code === 'challenge-failed' ||
    error.code === 'order-failed' ||
    error.code === 'challenge-unsupported' ||
    error.code === 'profile-unsupported' ||
    error.code === 'chain-bad'
  )
    return true;
  const problem = problemOf(error);
  return problem !== undefined && problem.status < 500 && !PASSING.has(problem.type);
}

/** Refusals that say nothing against the order. */
const PASSING = new Set([
  'about:blank',
  'badNonce',
  'orderNotReady',
  'rateLimited',
  'serverInternal',
  'userActionRequired',
]);
