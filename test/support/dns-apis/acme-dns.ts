import type { TestContext } from 'node:test';
import { type ApiReply, type ApiRequest, jsonOf, SECRET, serveApi } from './server.ts';

export const ACCOUNT = {
  fulldomain: '8e5700ea-a4bf-41c7-8a77-e990661dcc6a.auth.example.net',
  subdomain: '8e5700ea-a4bf-41c7-8a77-e990661dcc6a',
  username: 'c36f50e8-4632-44f0-83fe-e070fef28a10',
  password: `htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9${SECRET}`.slice(-40),
  allowfrom: [],
};

/** acme-dns with one account, which keeps its two newest values. */
export async function serveAcmeDns(t: TestContext) {
  const values: string[] = [];
  const api = await serveApi(t, (request) => {
    const [reply, value] = answer(request);
    if (value !== undefined) values.unshift(value);
    return reply;
  });
  return { ...api, values: () => values.slice(0, 2) };
}

export const saying = (error: string) => ({ error });

function answer(request: ApiRequest): [reply: ApiReply, value?: string] {
  if (request.method !== 'POST' || request.path !== '/update')
    return [{ status: 404, text: '404 page not found' }];
  const { 'x-api-user': user, 'x-api-key': key } = request.headers;
  const { subdomain, txt } = (jsonOf(request) ?? {}) as Record<string, unknown>;
  if (user !== ACCOUNT.username || key !== ACCOUNT.password || subdomain !== ACCOUNT.subdomain)
    return [{ status: 401, json: saying('forbidden') }];
  if (typeof txt !== 'string' || !/^[\w-]{43}$/.test(txt)) return [{ status: 400, json: saying('bad_txt') }];
  return [{ status: 200, json: { txt } }, txt];
}
