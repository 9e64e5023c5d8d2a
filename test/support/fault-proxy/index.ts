import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliver } from '../acme-server/deliver.ts';
import { type Endpoint, type Fault, FaultQueue, type Injection } from '../acme-server/faults.ts';
import { AcmeProblem, problemType } from '../acme-server/problem.ts';
import { problemReply, type Reply } from '../acme-server/reply.ts';
import { type LoggedRequest, peek } from '../acme-server/request-log.ts';
import { createAuthority } from '../rig/authority.ts';
import { freePort } from '../rig/ports.ts';
import { endpointOf } from './endpoints.ts';
import { createForwarder } from './forward.ts';

/** Which certificate the proxy shows. */
export type TlsState = 'good' | 'expired' | 'wrong-host' | 'untrusted';

/** Makes another answer of the CA's own. */
export type Rewrite = (endpoint: Endpoint, reply: Reply, request: LoggedRequest) => Reply | Promise<Reply>;

/** What stands between evercert and a CA, and does harm. Faults mean the same as in acme-server/faults.ts. */
export interface FaultProxy {
  /** 'https://localhost:PORT', the only URL that it is asked by. */
  readonly origin: string;
  /** Path of the root to trust. */
  readonly caBundle: string;
  readonly requests: readonly LoggedRequest[];
  /** Where the CA is: 'http://127.0.0.1:PORT'. */
  upstream: string;
  rewrite: Rewrite | undefined;
  inject(injection: Injection): void;
  showCertificate(state: TlsState): void;
  /** Closes the port: connections are refused from now on. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  /** No fault any more. */
  heal(): Promise<void>;
}

/** @param caBundle where to write the root of its certificate */
export async function startFaultProxy(caBundle: string): Promise<FaultProxy & { close(): Promise<void> }> {
  const port = await freePort();
  const certificates = await makeCertificates(caBundle, `Front ${port}`);
  const faults = new FaultQueue();
  const requests: LoggedRequest[] = [];
  const forwarder = createForwarder();
  const server = createServer(contextOf(certificates.good), (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = request;
    const log: LoggedRequest = { method, path, endpoint: endpointOf(path), status: 0 };
    requests.push(log);
    const body = await text(request);
    if (method === 'POST') Object.assign(log, peek(body));
    const fault = faults.take(log.endpoint);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'drop') return void request.socket.destroy();
    if (fault?.kind === 'delay') await sleep(fault.ms);
    const reply = own(fault) ?? (await forwarder.forward(proxy.upstream, { method, path, headers, body }));
    log.status = reply.status;
    deliver(response, (await proxy.rewrite?.(log.endpoint, reply, log)) ?? reply, fault);
  };
  const listen = () => new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', () => resolve()));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const proxy: FaultProxy = {
    origin: `https://localhost:${port}`,
    caBundle,
    requests,
    upstream: '',
    rewrite: undefined,
    inject: (injection) => faults.add(injection),
    showCertificate: (state) => server.setSecureContext(contextOf(certificates[state])),
    refuse: stop,
    listen,
    heal: async () => {
      faults.clear();
      proxy.rewrite = undefined;
      proxy.showCertificate('good');
      if (!server.listening) await listen();
    },
  };
  await listen();
  const close = async () => {
    forwarder.close();
    if (server.listening) await stop();
  };
  return Object.assign(proxy, { close });
}

type Pair = { readonly key: string; readonly certificate: string };

/** Roots of one name would be taken for one another. */
async function makeCertificates(caBundle: string, name: string): Promise<Record<TlsState, Pair>> {
  const [authority, stranger] = await Promise.all([createAuthority(name), createAuthority('Stranger')]);
  writeFileSync(caBundle, authority.root);
  const [good, expired, wrongHost, untrusted] = await Promise.all([
    authority.issue(['localhost']),
    authority.issue(['localhost'], -0.1),
    authority.issue(['elsewhere.test']),
    stranger.issue(['localhost']),
  ]);
  return { good, expired, 'wrong-host': wrongHost, untrusted };
}

function contextOf({ key, certificate }: Pair) {
  return { key, cert: certificate };
}

/** What is answered without asking the CA. */
function own(fault: Fault | undefined): Reply | undefined {
  const retryAfter = (value: unknown) => (value === undefined ? {} : { 'retry-after': String(value) });
  if (fault?.kind === 'status')
    return {
      status: fault.status,
      headers: { 'content-type': fault.contentType ?? 'text/html', ...retryAfter(fault.retryAfter) },
      body: fault.body ?? '',
    };
  if (fault?.kind !== 'problem') return undefined;
  const { problem, status } = fault;
  const members = { ...problem, type: problemType(problem.type) };
  const headers = retryAfter(fault.retryAfter);
  return problemReply(
    new AcmeProblem(problem.type, status, problem.detail ?? 'injected', { members, headers }),
  );
}
