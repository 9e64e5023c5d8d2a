import { type Authority, createAuthority, privateKeyPem, toPem } from './ca.ts';
import { type Endpoint, FaultQueue, type Injection } from './faults.ts';
import { serve } from './http.ts';
import { defaultKnobs, type Knobs } from './knobs.ts';
import { listen } from './listener.ts';
import { NoncePool } from './nonces.ts';
import { refreshOrder } from './orders.ts';
import type { LoggedRequest } from './request-log.ts';
import type { Account, IssuedCertificate, Order, RenewalWindow, ServerContext } from './state.ts';
import { Timers } from './timers.ts';

export { createAuthority } from './ca.ts';
export type { Knobs, Tamper } from './knobs.ts';
export type { RenewalWindow } from './state.ts';

/** Knobs for the start, and what cannot change later. */
export interface AcmeServerOptions extends Partial<Knobs> {
  /** Port to listen on; a free one unless told. */
  port?: number;
  /** Speak HTTPS with a certificate for localhost and 127.0.0.1. */
  tls?: boolean;
  /** What clients know it by, where something stands in front of it: 'https://localhost:14000'. */
  publicUrl?: string;
  /** A hierarchy from `createAuthority`, to keep the same root over several servers. */
  authority?: Authority;
  /** First word of the CA's names ('Test' gives `Test Root X1`). */
  caName?: string;
}

/** A running test CA. */
export interface AcmeServer {
  readonly url: string;
  readonly directoryUrl: string;
  /** The root of issued certificates (`Test Root X1`). */
  readonly rootPem: string;
  /** The root of the alternate chain (`Test Root X2`). */
  readonly otherRootPem: string;
  /** The certificate and key that sign leaves, e.g. for an OCSP responder. */
  readonly issuer: { certPem: string; keyPem: string };
  /** The root to trust for the server's own HTTPS. */
  readonly tlsRootPem: string;
  readonly authority: Authority;
  /** Live: assign to change the behaviour from the next request on. */
  readonly knobs: Knobs;
  readonly requests: readonly LoggedRequest[];
  readonly accounts: readonly Account[];
  /** Every order placed so far, forgotten ones too. */
  readonly orders: readonly Order[];
  readonly certificates: readonly IssuedCertificate[];
  /** Requests to an endpoint so far, refused ones included. */
  count: (endpoint: Endpoint) => number;
  inject: (injection: Injection) => void;
  clearFaults: () => void;
  setRenewalWindow: (ariId: string, window: RenewalWindow) => void;
  /** The CA loses its orders and authorizations (later requests for them get 404). */
  forgetOrders: () => void;
  /** The CA loses its accounts (accountDoesNotExist). */
  forgetAccounts: () => void;
  /** Every nonce handed out so far becomes bad. */
  forgetNonces: () => void;
  close: () => Promise<void>;
}

/** Starts a strict RFC 8555 server on loopback. */
export async function startAcmeServer(options: AcmeServerOptions = {}): Promise<AcmeServer> {
  const { port = 0, tls = false, authority: given, caName, publicUrl, ...settings } = options;
  const authority = given ?? (await createAuthority(caName));
  const context = createContext({ ...defaultKnobs(), ...settings }, authority);
  const listener = await listen(
    (request, response) => {
      // A client that goes away in the middle of its request is no failure of the server.
      serve(context, request, response).catch(() => response.destroy());
    },
    port,
    tls ? authority : undefined,
  );
  context.baseUrl = publicUrl ?? listener.baseUrl;
  const issuer = {
    certPem: toPem(authority.intermediate.certificate),
    keyPem: await privateKeyPem(authority.intermediate.keys),
  };
  return createHandle(context, issuer, async () => {
    context.timers.clear();
    await listener.close();
  });
}

function createContext(knobs: Knobs, authority: Authority): ServerContext {
  let lastId = 0;
  return {
    baseUrl: '',
    knobs,
    authority,
    nonces: new NoncePool(knobs),
    faults: new FaultQueue(),
    timers: new Timers(),
    requests: [],
    accounts: new Map(),
    orders: new Map(),
    allOrders: [],
    authorizations: new Map(),
    certificates: new Map(),
    certificatesByAriId: new Map(),
    windows: new Map(),
    nextId: () => {
      lastId += 1;
      return String(lastId);
    },
  };
}

function createHandle(
  context: ServerContext,
  issuer: AcmeServer['issuer'],
  close: AcmeServer['close'],
): AcmeServer {
  const { authority, knobs, requests, faults } = context;
  return {
    url: context.baseUrl,
    directoryUrl: `${context.baseUrl}/directory`,
    rootPem: toPem(authority.root.certificate),
    otherRootPem: toPem(authority.otherRoot.certificate),
    tlsRootPem: toPem(authority.root.certificate),
    issuer,
    authority,
    knobs,
    requests,
    get accounts() {
      return [...context.accounts.values()];
    },
    get orders() {
      for (const order of context.allOrders) refreshOrder(context, order);
      return context.allOrders;
    },
    get certificates() {
      return [...context.certificates.values()];
    },
    count: (endpoint) => requests.filter((request) => request.endpoint === endpoint).length,
    inject: (injection) => faults.add(injection),
    clearFaults: () => faults.clear(),
    setRenewalWindow: (ariId, window) => {
      context.windows.set(ariId, window);
    },
    forgetOrders: () => {
      context.orders.clear();
      context.authorizations.clear();
    },
    forgetAccounts: () => context.accounts.clear(),
    forgetNonces: () => context.nonces.clear(),
    close,
  };
}
