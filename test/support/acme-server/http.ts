import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliver } from './deliver.ts';
import type { Fault } from './faults.ts';
import { authenticate, type SignedRequest, type Signer } from './jws.ts';
import { AcmeProblem, malformed, problemType } from './problem.ts';
import { problemReply, type Reply } from './reply.ts';
import { type LoggedRequest, peek } from './request-log.ts';
import { findRoute } from './router.ts';
import type { ServerContext } from './state.ts';

const MAX_BODY = 1 << 20;

/** One request with its body, its place in the log and where it leads. */
interface Call {
  request: IncomingMessage;
  body: string;
  path: string;
  log: LoggedRequest;
  /** What is to go wrong; withdrawn when the request itself is not good. */
  fault: Fault | undefined;
  target: ReturnType<typeof findRoute>;
}

/** Answers one request: log, fault, act, deliver. */
export async function serve(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = await receive(context, request);
  const { fault } = call;
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'drop') {
    request.socket.destroy();
    return;
  }
  if (fault?.kind === 'delay') await context.timers.sleep(fault.ms);
  const reply = fault?.kind === 'status' ? bareReply(fault) : await answer(context, call);
  call.log.status = reply.status;
  deliver(response, reply, call.fault);
}

async function receive(context: ServerContext, request: IncomingMessage): Promise<Call> {
  const { method = '', url: path = '' } = request;
  const target = findRoute(path);
  const log: LoggedRequest = { method, path, endpoint: target?.route.endpoint ?? 'unknown', status: 0 };
  const userAgent = request.headers['user-agent'];
  if (userAgent !== undefined) log.userAgent = userAgent;
  context.requests.push(log);
  const body = await readBody(request);
  if (method === 'POST') Object.assign(log, peek(body));
  const fault = context.faults.take(log.endpoint);
  if (fault) log.fault = fault.kind;
  return { request, body, path, log, fault, target };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY) return '';
  }
  return body;
}

function bareReply(fault: Fault & { kind: 'status' }): Reply {
  return {
    status: fault.status,
    headers: {
      'content-type': fault.contentType ?? 'text/html',
      ...(fault.retryAfter !== undefined && { 'retry-after': String(fault.retryAfter) }),
    },
    body: fault.body ?? '',
  };
}

async function answer(context: ServerContext, call: Call): Promise<Reply> {
  const reply = await act(context, call).catch((error: unknown) => refusal(context, call, error));
  if (call.request.method === 'POST') reply.headers['replay-nonce'] = context.nonces.issue();
  if (call.log.endpoint !== 'directory') addLink(reply, `<${context.baseUrl}/directory>;rel="index"`);
  return reply;
}

function addLink(reply: Reply, link: string): void {
  reply.headers.link = [reply.headers.link ?? [], link].flat();
}

async function act(context: ServerContext, call: Call): Promise<Reply> {
  const { target, request, fault } = call;
  const method = request.method ?? '';
  if (!target) throw malformed('Not found', 404);
  const { route, captures } = target;
  if ('get' in route) {
    if (method !== 'GET' && method !== 'HEAD') throw malformed('Method not allowed', 405);
    if (fault?.kind === 'problem') throw faultProblem(fault);
    return route.get(context, method, captures);
  }
  // RFC 8555 section 6.3: a GET of any other resource gets 405.
  if (method !== 'POST') throw malformed('Method not allowed', 405);
  const signedRequest = verifyPost(context, call, route.signer);
  if (fault?.kind === 'problem') throw faultProblem(fault);
  return route.post(context, signedRequest, captures);
}

function verifyPost(context: ServerContext, call: Call, signer: Signer): SignedRequest {
  try {
    checkHeaders(call.request);
    return authenticate(context, call.body, context.baseUrl + call.path, signer);
  } catch (error) {
    withdrawFault(context, call);
    throw error;
  }
}

/** A fault is meant for a request that would have worked: it waits for the next one. */
function withdrawFault(context: ServerContext, call: Call): void {
  if (!call.fault || call.fault.kind === 'delay') return;
  context.faults.restore(call.fault);
  call.fault = undefined;
  delete call.log.fault;
}

function checkHeaders({ headers }: IncomingMessage): void {
  if (headers['content-type'] !== 'application/jose+json') {
    throw malformed(`Content-Type is "${headers['content-type']}", not application/jose+json`, 415);
  }
  // RFC 8555 section 6.1: clients MUST send a User-Agent.
  if (!headers['user-agent']) throw malformed('The request has no User-Agent');
}

function faultProblem({ problem, status, retryAfter }: Fault & { kind: 'problem' }): AcmeProblem {
  return new AcmeProblem(problem.type, status, problem.detail ?? 'injected', {
    members: { ...problem, type: problemType(problem.type) },
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  });
}

function refusal(context: ServerContext, call: Call, error: unknown): Reply {
  const problem =
    error instanceof AcmeProblem
      ? error
      : new AcmeProblem('serverInternal', 500, `Bug in the test server: ${error}`);
  call.log.problem = problem.document.type.replace(/^.*:/, '');
  const reply = problemReply(problem);
  const { problem: retryAfter } = context.knobs.retryAfter;
  if (retryAfter !== undefined) reply.headers['retry-after'] ??= String(retryAfter);
  return reply;
}
