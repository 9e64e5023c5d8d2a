import * as v from 'valibot';
import { verifyBinding } from './eab.ts';
import type { SignedRequest } from './jws.ts';
import { refreshOrder } from './orders.ts';
import { check } from './parse.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import type { Account, ServerContext } from './state.ts';

const contactList = v.array(v.string());

const newAccountSchema = v.object({
  contact: v.optional(contactList, []),
  termsOfServiceAgreed: v.optional(v.boolean(), false),
  onlyReturnExisting: v.optional(v.boolean(), false),
  externalAccountBinding: v.optional(v.unknown()),
});

const updateSchema = v.object({
  contact: v.optional(contactList),
  status: v.optional(v.literal('deactivated')),
});

/** newAccount, RFC 8555 section 7.3. */
export function newAccount(context: ServerContext, request: SignedRequest): Reply {
  const wanted = check(newAccountSchema, request.payload, 'newAccount');
  const existing = findByKey(context, request.signer.thumbprint);
  if (existing) return existingAccount(context, existing);
  if (wanted.onlyReturnExisting) {
    throw new AcmeProblem('accountDoesNotExist', 400, 'No account exists with the provided key');
  }
  checkAgreement(context, wanted.termsOfServiceAgreed);
  checkContacts(wanted.contact);
  verifyBinding(context.knobs, request, wanted.externalAccountBinding);
  const account = createAccount(context, request, wanted);
  return jsonReply(201, accountObject(account), { location: account.url, ...termsLink(context) });
}

function existingAccount(context: ServerContext, account: Account): Reply {
  if (account.status !== 'valid')
    throw unauthorized(`An account with this key exists but is ${account.status}`);
  return jsonReply(200, accountObject(account), { location: account.url, ...termsLink(context) });
}

/** The account whose key has this thumbprint. */
export function findByKey(context: ServerContext, thumbprint: string): Account | undefined {
  return [...context.accounts.values()].find((account) => account.key.thumbprint === thumbprint);
}

function createAccount(
  context: ServerContext,
  request: SignedRequest,
  wanted: v.InferOutput<typeof newAccountSchema>,
): Account {
  const id = context.nextId();
  const account: Account = {
    id,
    url: `${context.baseUrl}/acme/account/${id}`,
    key: request.signer,
    status: 'valid',
    contact: wanted.contact,
    ...(wanted.externalAccountBinding !== undefined && {
      externalAccountBinding: wanted.externalAccountBinding,
    }),
  };
  context.accounts.set(id, account);
  return account;
}

function checkAgreement({ knobs }: ServerContext, agreed: boolean): void {
  if (agreed || knobs.termsOfService === null) return;
  throw new AcmeProblem('userActionRequired', 403, 'The terms of service must be agreed to', {
    headers: { link: `<${knobs.termsOfService}>;rel="terms-of-service"` },
  });
}

function termsLink({ knobs }: ServerContext): Record<string, string> {
  return knobs.termsOfService === null ? {} : { link: `<${knobs.termsOfService}>;rel="terms-of-service"` };
}

function checkContacts(contacts: string[]): void {
  for (const contact of contacts) {
    if (!contact.startsWith('mailto:')) {
      throw new AcmeProblem(
        'unsupportedContact',
        400,
        `Only mailto contacts are supported, not "${contact}"`,
      );
    }
    // RFC 8555 section 7.3: a mailto contact MUST NOT contain hfields or more than one address.
    if (!/^mailto:[^\s,?@]+@[^\s,?@]+\.[^\s,?@.]+$/.test(contact)) {
      throw new AcmeProblem('invalidContact', 400, `"${contact}" is not one mail address`);
    }
  }
}

/** POST(-as-GET) of the account URL: read, update contacts, deactivate. */
export function account(context: ServerContext, request: SignedRequest, id: string): Reply {
  const found = ownAccount(context, request, id);
  if (request.payload === undefined) return jsonReply(200, accountObject(found));
  const update = check(updateSchema, request.payload, 'Account update');
  if (update.contact) {
    checkContacts(update.contact);
    found.contact = update.contact;
  }
  if (update.status) found.status = update.status;
  return jsonReply(200, accountObject(found));
}

/** A page of the account's orders list, RFC 8555 section 7.1.2.1: no invalid ones. */
export function accountOrders(
  context: ServerContext,
  request: SignedRequest,
  id: string,
  page: number,
): Reply {
  if (request.payload !== undefined) throw malformed('The orders list takes POST-as-GET');
  const owner = ownAccount(context, request, id);
  for (const order of context.orders.values()) refreshOrder(context, order);
  const orders = [...context.orders.values()]
    .filter((order) => order.account === owner && order.status !== 'invalid')
    .map((order) => order.url);
  const { ordersPerPage } = context.knobs;
  const start = page === 0 ? 0 : page * ordersPerPage;
  const isLast = start + ordersPerPage >= orders.length;
  const link = `<${owner.url}/orders?page=${page + 1}>;rel="next"`;
  return jsonReply(200, { orders: orders.slice(start, start + ordersPerPage) }, isLast ? {} : { link });
}

function ownAccount(context: ServerContext, request: SignedRequest, id: string): Account {
  const found = context.accounts.get(id);
  if (!found) throw malformed('No such account', 404);
  if (found !== request.account) throw unauthorized('The key is not the key of this account');
  return found;
}

function accountObject(account: Account): Record<string, unknown> {
  const { status, contact, externalAccountBinding } = account;
  return {
    status,
    contact,
    termsOfServiceAgreed: true,
    externalAccountBinding,
    orders: `${account.url}/orders`,
  };
}
