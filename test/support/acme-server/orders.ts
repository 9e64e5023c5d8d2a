import * as v from 'valibot';
import { createAuthorization, refreshAuthorization, reusableAuthorization } from './authz.ts';
import { type Identifier, identifierKey, readIdentifiers, refuseRejected } from './identifiers.ts';
import type { SignedRequest } from './jws.ts';
import type { Knobs } from './knobs.ts';
import { check } from './parse.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import { type Account, type Order, type ServerContext, timestamp } from './state.ts';

const newOrderSchema = v.object({
  identifiers: v.pipe(v.array(v.unknown()), v.minLength(1)),
  profile: v.optional(v.string()),
  replaces: v.optional(v.string()),
  notBefore: v.optional(v.unknown()),
  notAfter: v.optional(v.unknown()),
});

/** newOrder, RFC 8555 section 7.4, with `replaces` of RFC 9773 and `profile` of draft-ietf-acme-profiles. */
export function newOrder(context: ServerContext, request: SignedRequest, account: Account): Reply {
  const wanted = check(newOrderSchema, request.payload, 'newOrder');
  if (wanted.notBefore !== undefined || wanted.notAfter !== undefined) {
    throw malformed('NotBefore and NotAfter are not supported');
  }
  const identifiers = readIdentifiers(wanted.identifiers);
  if (identifiers.length > context.knobs.maxIdentifiers)
    throw malformed('The order has too many identifiers');
  refuseRejected(identifiers, context.knobs.rejectedIdentifiers);
  const profile = chooseProfile(context.knobs, wanted.profile);
  if (wanted.replaces !== undefined) checkReplaces(context, account, identifiers, wanted.replaces);
  const order = createOrder(context, account, identifiers, {
    ...(profile !== undefined && { profile }),
    ...(wanted.replaces !== undefined && { replaces: wanted.replaces }),
  });
  return orderReply(context, order, 201);
}

function chooseProfile({ profiles }: Knobs, wanted: string | undefined): string | undefined {
  if (wanted === undefined) return Object.keys(profiles)[0];
  if (Object.hasOwn(profiles, wanted)) return wanted;
  throw new AcmeProblem('invalidProfile', 400, `The profile "${wanted}" is not offered`);
}

/** RFC 9773 section 5: same account, a shared identifier, not yet replaced by an order that is not invalid. */
function checkReplaces(
  context: ServerContext,
  account: Account,
  identifiers: Identifier[],
  ariId: string,
): void {
  const replaced = context.certificatesByAriId.get(ariId);
  if (!replaced) throw malformed(`The certificate to replace, ${ariId}, is not known`, 404);
  if (replaced.account !== account)
    throw unauthorized('The certificate to replace belongs to another account');
  const known = new Set(replaced.identifiers.map(identifierKey));
  if (!identifiers.some((identifier) => known.has(identifierKey(identifier)))) {
    throw malformed('The order shares no identifier with the certificate to replace');
  }
  const rival = [...context.orders.values()].find(
    (order) => order.replaces === ariId && order.status !== 'invalid',
  );
  if (rival)
    throw new AcmeProblem('alreadyReplaced', 409, `The certificate is already replaced by order ${rival.id}`);
}

function createOrder(
  context: ServerContext,
  account: Account,
  identifiers: Identifier[],
  options: Pick<Order, 'profile' | 'replaces'>,
): Order {
  const id = context.nextId();
  const order: Order = {
    id,
    url: `${context.baseUrl}/acme/order/${id}`,
    account,
    identifiers,
    authorizations: identifiers.map(
      (identifier) =>
        reusableAuthorization(context, account, identifier) ??
        createAuthorization(context, account, identifier),
    ),
    status: 'pending',
    expires: context.knobs.now() + context.knobs.orderLifetimeSeconds * 1000,
    ...options,
  };
  context.orders.set(id, order);
  context.allOrders.push(order);
  return order;
}

/** POST-as-GET of an order. */
export function getOrder(context: ServerContext, request: SignedRequest, id: string): Reply {
  if (request.payload !== undefined) throw malformed('An order takes POST-as-GET');
  return orderReply(context, ownOrder(context, request, id), 200);
}

/** The order of a URL, when it is the signer's. */
export function ownOrder(context: ServerContext, request: SignedRequest, id: string): Order {
  const order = context.orders.get(id);
  if (!order) throw malformed('No such order', 404);
  if (order.account !== request.account) throw unauthorized('The order belongs to another account');
  refreshOrder(context, order);
  return order;
}

/** Brings an order's status up to date with its authorizations and the clock (RFC 8555 section 7.1.6). */
export function refreshOrder(context: ServerContext, order: Order): void {
  if (order.status !== 'pending' && order.status !== 'ready') return;
  const states = order.authorizations.map((authorization) => refreshAuthorization(context, authorization));
  if (context.knobs.now() > order.expires) {
    order.status = 'invalid';
  } else if (states.every((status) => status === 'valid')) {
    order.status = 'ready';
  } else if (states.some((status) => status !== 'valid' && status !== 'pending')) {
    order.status = 'invalid';
    order.error = authorizationFailure(order);
  }
}

function authorizationFailure(order: Order): NonNullable<Order['error']> {
  const failed = order.authorizations
    .flatMap(({ challenges }) => challenges)
    .find(({ error }) => error !== undefined);
  return (
    failed?.error ?? {
      type: 'urn:ietf:params:acme:error:unauthorized',
      detail: 'An authorization is not valid',
    }
  );
}

/** An order as the client sees it. */
export function orderReply(context: ServerContext, order: Order, status: number): Reply {
  refreshOrder(context, order);
  const { identifiers, profile, replaces, error, certificate } = order;
  const { order: retryAfter } = context.knobs.retryAfter;
  const unfinished = order.status === 'pending' || order.status === 'processing';
  const body = {
    status: order.status,
    expires: timestamp(order.expires),
    identifiers,
    profile,
    replaces,
    error,
    authorizations: order.authorizations.map(({ url }) => url),
    finalize: `${order.url}/finalize`,
    certificate: order.status === 'valid' ? certificate?.url : undefined,
  };
  const delay = unfinished && retryAfter !== undefined ? { 'retry-after': String(retryAfter) } : {};
  return jsonReply(status, body, { location: order.url, ...delay });
}
