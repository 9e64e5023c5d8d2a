import { account, accountOrders, newAccount } from './accounts.ts';
import { renewalInfo } from './ari.ts';
import { authorization, challenge } from './authz.ts';
import { certificate } from './certificates.ts';
import { directory, newNonce } from './directory.ts';
import type { Endpoint } from './faults.ts';
import { finalize } from './finalize.ts';
import type { SignedRequest, Signer } from './jws.ts';
import { keyChange } from './key-change.ts';
import { getOrder, newOrder } from './orders.ts';
import { malformed } from './problem.ts';
import type { Reply } from './reply.ts';
import { revokeCertificate } from './revoke.ts';
import type { Account, ServerContext } from './state.ts';

type Answer = Reply | Promise<Reply>;
type Captures = (string | undefined)[];

/** A resource that anybody may GET. */
interface OpenRoute {
  endpoint: Endpoint;
  pattern: RegExp;
  get: (context: ServerContext, method: string, captures: Captures) => Answer;
}

/** A resource that takes signed POSTs only. */
interface SignedRoute {
  endpoint: Endpoint;
  pattern: RegExp;
  signer: Signer;
  post: (context: ServerContext, request: SignedRequest, captures: Captures) => Answer;
}

export type Route = OpenRoute | SignedRoute;

const ID = '([\\w-]+)';

const routes: Route[] = [
  open('directory', 'directory', directory),
  open('newNonce', 'acme/new-nonce', newNonce),
  open('renewalInfo', 'acme/renewal-info/([^/]+)', (context, _, [id = '']) => renewalInfo(context, id)),
  signed('newAccount', 'acme/new-account', newAccount, 'jwk'),
  signed('account', `acme/account/${ID}`, (context, request, [id = '']) => account(context, request, id)),
  signed(
    'accountOrders',
    `acme/account/${ID}/orders(?:\\?page=(\\d+))?`,
    (context, request, [id = '', page = '0']) => accountOrders(context, request, id, Number(page)),
  ),
  signed('keyChange', 'acme/key-change', (context, request) =>
    keyChange(context, request, signerOf(request)),
  ),
  signed('newOrder', 'acme/new-order', (context, request) => newOrder(context, request, signerOf(request))),
  signed('order', `acme/order/${ID}`, (context, request, [id = '']) => getOrder(context, request, id)),
  signed('finalize', `acme/order/${ID}/finalize`, (context, request, [id = '']) =>
    finalize(context, request, id),
  ),
  signed('authz', `acme/authz/${ID}`, (context, request, [id = '']) => authorization(context, request, id)),
  signed('challenge', `acme/challenge/${ID}/${ID}`, (context, request, [id = '', type = '']) =>
    challenge(context, request, id, type),
  ),
  signed(
    'certificate',
    `acme/certificate/${ID}(?:/alternate/(1))?`,
    (context, request, [id = '', alternate]) => certificate(context, request, id, alternate),
  ),
  signed('revokeCert', 'acme/revoke-cert', revokeCertificate, 'either'),
];

function open(endpoint: Endpoint, path: string, get: OpenRoute['get']): OpenRoute {
  return { endpoint, pattern: new RegExp(`^/${path}$`), get };
}

function signed(
  endpoint: Endpoint,
  path: string,
  post: SignedRoute['post'],
  signer: Signer = 'kid',
): SignedRoute {
  return { endpoint, pattern: new RegExp(`^/${path}$`), signer, post };
}

function signerOf({ account: found }: SignedRequest): Account {
  if (!found) throw malformed('This resource needs a kid');
  return found;
}

/** Finds the route of a path and the variable parts of the path. */
export function findRoute(path: string): { route: Route; captures: Captures } | undefined {
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match) return { route, captures: match.slice(1) };
  }
  return undefined;
}
