import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { NOW } from '../../unit-kit/clock.ts';
import { listen } from '../http-receiver.ts';

/** What the APIs hold signatures against: the time of edges that stand still, unless the real evercert asks. */
export const apiClock: { now: () => number } = { now: () => NOW };

export interface ApiRequest {
  readonly method: string;
  /** Without the query; each part decoded. */
  readonly path: string;
  /** As it came: path and query. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface ApiReply {
  readonly status: number;
  /** Sent as JSON; none: no body. */
  readonly json?: unknown;
  /** Instead of JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes after which the connection is cut. */
  readonly cutAfter?: number;
}

/** What the provider under test was told, and what stands in its zone. */
export interface FakeApi {
  readonly credentials: Readonly<Record<string, string>>;
  /** TXT values of a fully qualified name, without quotes. */
  readonly values: (name: string) => string[];
  /** Puts a TXT value there, as a person would. */
  readonly put: (name: string, value: string) => void;
  /** The answers to come, one for each request (undefined: the API's own), then the API's own again. */
  readonly answer: (...replies: (ApiReply | undefined)[]) => void;
  /** The answer to all requests to come. */
  readonly answerAll: (reply: ApiReply) => void;
  readonly requests: readonly ApiRequest[];
  /** Has all requests to come answered by way of this function. */
  readonly watch: (watcher: Watcher) => void;
}

/** @param answer carries the request out @returns nothing: the connection is cut */
export type Watcher = (request: ApiRequest, answer: () => ApiReply) => Promise<ApiReply | undefined>;

export const ZONE = 'example.org';
export const SECRET = 'S3cr3t-tok3n';

/** A TXT record of a fully qualified name. */
export interface FakeRecord {
  readonly id: number;
  readonly name: string;
  /** As the API was told it. */
  readonly value: string;
}

/** Serves an API until the test ends. @param handle the API's own answer */
export async function serveApi(t: TestContext, handle: (request: ApiRequest) => ApiReply) {
  const requests: ApiRequest[] = [];
  const scripted: (ApiReply | undefined)[] = [];
  let always: ApiReply | undefined;
  let watcher: Watcher = async (_, answer) => answer();
  const port = await listen(
    t,
    createServer(async (incoming, response) => {
      const request = await readRequest(incoming);
      requests.push(request);
      const reply = await watcher(request, () => always ?? scripted.shift() ?? handle(request));
      if (reply === undefined) response.destroy();
      else send(response, reply);
    }),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (...replies: (ApiReply | undefined)[]) => void scripted.push(...replies),
    answerAll: (reply: ApiReply) => {
      always = reply;
    },
    watch: (next: Watcher) => {
      watcher = next;
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://api');
  const path = decodeURIComponent(pathname);
  const { method = '', url = '', headers } = incoming;
  return { method, url, path, query: searchParams, headers, text };
}

function send(response: ServerResponse, { status, json, text, headers, cutAfter }: ApiReply): void {
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  const type = text === undefined ? 'application/json' : 'text/html';
  response.writeHead(status, {
    ...(body !== '' && { 'content-type': type }),
    ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }),
    ...headers,
  });
  if (cutAfter === undefined) return void response.end(body);
  response.write(body.slice(0, cutAfter), () => response.destroy());
}

/** The fields of a request in the form of HTML forms. */
export function formOf({ text, headers }: ApiRequest): Record<string, string> {
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return {};
  return Object.fromEntries(new URLSearchParams(text));
}

/** The JSON of a request; undefined: it is none, or its type is not said. */
export function jsonOf({ text, headers }: ApiRequest): unknown {
  if (!headers['content-type']?.startsWith('application/json')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The records of a zone whose API gives each an ID. */
export function fakeRecords() {
  const records = new Map<number, FakeRecord>();
  const add = (name: string, value: string): FakeRecord => {
    const record = { id: records.size + 4711 + Number([...records.keys()].at(-1) ?? 0), name, value };
    records.set(record.id, record);
    return record;
  };
  return { records, add, of: (name: string) => [...records.values()].filter((each) => each.name === name) };
}

export type FakeRecords = ReturnType<typeof fakeRecords>;
