import type { Connection } from '../acme/connection.ts';
import { type Problem, problemOf } from '../acme/problem.ts';
import { type Directory, type Order, OrderSchema } from '../acme/resources.ts';
import { EvercertError } from '../errors.ts';
import type { Identifier } from '../x509/identifier.ts';

/** A profile of the CA (draft-ietf-acme-profiles). */
export interface WantedProfile {
  readonly name: string;
  /** Without it no certificate is wanted; else one of the CA's default profile will do. */
  readonly required: boolean;
}

/** What is asked of newOrder. */
export interface OrderTerms {
  readonly identifiers: readonly Identifier[];
  /** ARI identifier of the certificate that this order replaces (RFC 9773 section 4.1); not told to a CA without ARI. */
  readonly replaces: string | undefined;
  readonly profile: WantedProfile | undefined;
}

export interface PlaceListener {
  /** The CA would not hear of `replaces`; the order goes on without it. */
  replacesRefused(problem: Problem): void;
  /** The CA does not have the preferred profile, but these; the order goes on without one. */
  profileMissing(offered: readonly string[]): void;
}

/** An order and where it is. */
export interface Placed {
  readonly url: string;
  readonly order: Order;
}

interface Payload {
  readonly identifiers: readonly Identifier[];
  readonly replaces?: string;
  readonly profile?: string;
}

/**
 * newOrder (RFC 8555 section 7.4). What the CA need not grant is left out when it refuses it.
 *
 * @throws EvercertError profile-unsupported, acme-problem, bad-answer
 */
export async function placeOrder(
  connection: Connection,
  terms: OrderTerms,
  listener: PlaceListener,
): Promise<Placed> {
  const directory = await connection.directory();
  const { identifiers, replaces } = terms;
  const payload = {
    identifiers,
    ...(replaces === undefined || directory.renewalInfo === undefined ? {} : { replaces }),
    ...profileMember(connection.host, directory, terms.profile, listener),
  };
  const lessOf = (problem: Problem, sent: Payload) =>
    withoutRefused(problem, sent, terms.profile, connection.host, offeredBy(directory), listener);
  const { body, location } = await post(connection, directory.newOrder, payload, lessOf);
  if (location !== undefined) return { url: location, order: body };
  throw new EvercertError(
    'bad-answer',
    `${connection.host} placed an order without a URL`,
    'The next run tries again; if this repeats, tell the CA.',
  );
}

async function post(
  connection: Connection,
  url: string,
  payload: Payload,
  lessOf: (problem: Problem, sent: Payload) => Payload | undefined,
) {
  try {
    return await connection.post(url, payload, 'newOrder', OrderSchema);
  } catch (error) {
    const problem = problemOf(error);
    const less = problem && lessOf(problem, payload);
    if (less === undefined) throw error;
    return post(connection, url, less, lessOf);
  }
}

/** What is left to ask for after a refusal; undefined if that would change nothing. */
function withoutRefused(
  problem: Problem,
  { replaces, profile, ...rest }: Payload,
  wanted: WantedProfile | undefined,
  host: string,
  offered: readonly string[],
  listener: PlaceListener,
): Payload | undefined {
  if (profile !== undefined && problem.type === 'invalidProfile') {
    if (wanted?.required === true) throw unsupported(host, profile, offered);
    listener.profileMissing(offered);
    return { ...rest, ...(replaces === undefined ? {} : { replaces }) };
  }
  if (replaces === undefined || !refusesReplaces(problem)) return undefined;
  listener.replacesRefused(problem);
  return { ...rest, ...(profile === undefined ? {} : { profile }) };
}

/**
 * RFC 9773 section 5 and what CAs say besides: not this account's, not known, no longer known, not understood; or that
 * they stumbled over it (Pebble, over a serial number that begins with a zero), as they would every time.
 */
function refusesReplaces({ type, status }: Problem): boolean {
  if (type === 'serverInternal') return status === 500;
  return type === 'alreadyReplaced' || type === 'malformed' || [403, 404, 409].includes(status);
}

function profileMember(
  host: string,
  directory: Directory,
  wanted: WantedProfile | undefined,
  listener: PlaceListener,
): { profile?: string } {
  if (wanted === undefined) return {};
  const offered = offeredBy(directory);
  if (offered.includes(wanted.name)) return { profile: wanted.name };
  if (wanted.required) throw unsupported(host, wanted.name, offered);
  listener.profileMissing(offered);
  return {};
}

function offeredBy({ meta }: Directory): string[] {
  return Object.keys(meta?.profiles ?? {});
}

function unsupported(host: string, name: string, offered: readonly string[]): EvercertError {
  return new EvercertError(
    'profile-unsupported',
    `${host} does not offer the profile ${JSON.stringify(name)}, but ${offered.join(', ').slice(0, 1000) || 'none'}`,
    'Require one that it offers, only prefer this one, or use another CA.',
  );
}
