import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from './acme-server/listener.ts';

/** What the server says now; may be changed at any time. */
export interface RevocationContent {
  /** By path, as '/1.crl': the CRL and its entity tag. */
  readonly crls: Map<string, { readonly bytes: Buffer; readonly etag?: string }>;
  /** The answer to an OCSP request at any path, or a status; without it 404. */
  respond: ((request: Buffer) => Buffer | number | Promise<Buffer | number>) | undefined;
  /** Takes requests and answers none. */
  hangs: boolean;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly userAgent: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** What was answered; 0 when nothing was. */
  status: number;
}

export interface RevocationServer extends RevocationContent {
  readonly baseUrl: string;
  readonly requests: SeenRequest[];
  readonly close: () => Promise<void>;
}

/** A CA's place for CRLs (GET, with ETag and 304) and OCSP (POST), on a free port of 127.0.0.1. */
export async function startRevocationServer(port = 0): Promise<RevocationServer> {
  const content: RevocationContent = { crls: new Map(), respond: undefined, hangs: false };
  const requests: SeenRequest[] = [];
  const { baseUrl, close } = await listen(
    (request, response) => {
      const seen = see(request);
      requests.push(seen);
      response.on('finish', () => {
        seen.status = response.statusCode;
      });
      void answer(request, response, server, seen);
    },
    port,
    undefined,
  );
  const server = Object.assign(content, { baseUrl, requests, close });
  return server;
}

function see({ method = '', url = '', headers }: IncomingMessage): SeenRequest {
  return {
    method,
    path: url,
    userAgent: headers['user-agent'],
    ifNoneMatch: headers['if-none-match'],
    status: 0,
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { crls, respond, hangs }: RevocationContent,
  { path, ifNoneMatch }: SeenRequest,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (hangs) return;
  if (request.method === 'POST') {
    const said = (await respond?.(Buffer.concat(chunks))) ?? 404;
    if (typeof said === 'number') response.writeHead(said).end();
    else response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(said);
    return;
  }
  const crl = crls.get(path);
  const etag = crl?.etag === undefined ? {} : { etag: crl.etag };
  if (crl === undefined) response.writeHead(404).end();
  else if (crl.etag !== undefined && crl.etag === ifNoneMatch) response.writeHead(304, etag).end();
  else response.writeHead(200, { ...etag, 'content-type': 'application/pkix-crl' }).end(crl.bytes);
}
