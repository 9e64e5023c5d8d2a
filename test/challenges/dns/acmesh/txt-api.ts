import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { listenOn } from '../../../unit-kit/listen.ts';

/** A DNS provider's API for one zone, example.test, as dns_evertest.sh speaks it. */
export interface TxtApi {
  readonly url: string;
  /** TXT values that stand at a name. */
  readonly values: (name: string) => string[];
  /** Puts a value there, as somebody else would. */
  readonly put: (name: string, value: string) => void;
  readonly logins: () => number;
}

export const TOKEN = "tok-3f9a'$(id)`7e0";
export const USER = { user: 'someone', password: 'pass word & more' };
const ZONE = 'example.test';

/** Status, and what becomes JSON. */
type Answer = readonly [number, unknown];

/** @param beforeAnswer awaited in the middle of each request */
export async function startTxtApi(
  t: TestContext,
  beforeAnswer: () => Promise<void> = async () => undefined,
): Promise<TxtApi> {
  const records = new Map<string, { readonly name: string; readonly value: string }>();
  let count = 0;
  let logins = 0;
  const put = (name: string, value: string) => {
    records.set(String(++count), { name, value });
    return String(count);
  };
  const logIn = (body: string): Answer => {
    logins += 1;
    const { user, password } = JSON.parse(body);
    return user === USER.user && password === USER.password ? [200, { token: TOKEN }] : [403, { body }];
  };
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const route = `${request.method} ${pathname}`;
    const body = await text(request);
    await beforeAnswer();
    if (route === 'POST /login') return logIn(body);
    // What was sent comes back, as in the answers of some providers.
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return [401, { error: 'not authorized', sent: request.headers.authorization }];
    return perform(route, searchParams.get('name'), body);
  };
  const perform = (route: string, name: string | null, body: string): Answer => {
    if (route === 'GET /zones') return [200, { zones: name === ZONE ? [{ id: 'z1', name }] : [] }];
    if (route === 'GET /zones/z1/records') return [200, { records: listed(name) }];
    if (route === 'POST /zones/z1/records') {
      const record = JSON.parse(body);
      return [201, { id: put(record.name, Buffer.from(record.content, 'base64').toString()) }];
    }
    const [, id] = /^DELETE \/zones\/z1\/records\/(\d+)$/.exec(route) ?? [];
    return id !== undefined && records.delete(id) ? [204, undefined] : [404, { error: 'not found' }];
  };
  const listed = (name: string | null) =>
    [...records]
      .filter(([, record]) => record.name === name)
      .map(([id, { value }]) => ({ id, type: 'TXT', name, content: Buffer.from(value).toString('base64') }));
  const port = await listenOn(t, createServer(answering(answer)));
  return {
    url: `http://127.0.0.1:${port}`,
    values: (name) =>
      [...records.values()].filter((record) => record.name === name).map(({ value }) => value),
    put,
    logins: () => logins,
  };
}

function answering(answer: (request: IncomingMessage) => Promise<Answer>): RequestListener {
  return (request, response) => {
    answer(request).then(
      ([status, body]) => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        // Over several lines: scripts are to make one of it.
        response.end(body === undefined ? '' : `${JSON.stringify(body, null, 2)}\n`);
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  };
}

/** Says what it was asked, for dns_everyhelper.sh. */
export const echo: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
  const { method, url = '', headers } = request;
  if (url === '/teapot') response.writeHead(418).end('short and stout');
  else if (url === '/moved') response.writeHead(302, { Location: '/echo' }).end('elsewhere');
  else if (url === '/dns-query?name=example.com&type=NS')
    response.end('{"Answer": [{"name":"example.com","type":2,"data":"ns1.example.net."}]}');
  // A client may write {x} as %7Bx%7D.
  else
    text(request).then((body) => {
      const own = ['x-one', 'x-two', 'x-three', 'x-four', 'x-five'].map((name) => headers[name] ?? '');
      response.end(`${method} ${decodeURI(url)} ${own.join('|')}| ${headers['content-type'] ?? ''}${body}`);
    });
};
