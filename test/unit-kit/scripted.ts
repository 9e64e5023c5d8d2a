import * as v from 'valibot';
import type { Connection, Reply } from '../../src/acme/connection.ts';
import { fakeClock, NOW } from './clock.ts';

/** What one request gets: the body of an answer, what stands beside it, or an error. */
export type Scripted =
  | {
      readonly body: unknown;
      readonly link?: string;
      readonly location?: string;
      readonly retryAfterMs?: number;
    }
  | Error;

const BASE = 'https://ca.example/';
export const urlOf = (path: string): string => BASE + path;

/** A conversation whose answers are written down: for each path one after the other, the last one for ever. */
export function scripted(answers: Readonly<Record<string, readonly Scripted[]>>) {
  const clock = fakeClock(NOW);
  const log: string[] = [];
  const seen = new Map<string, number>();
  const answer = async <S extends v.GenericSchema>(
    verb: string,
    url: string,
    schema: S,
  ): Promise<Reply<v.InferOutput<S>>> => {
    const path = url.slice(BASE.length);
    log.push(`${verb} ${path}`);
    const count = seen.get(path) ?? 0;
    seen.set(path, count + 1);
    const list = answers[path] ?? [];
    const found = list[Math.min(count, list.length - 1)] ?? new TypeError(`no answer for ${path}`);
    if (found instanceof Error) throw found;
    const { location, link, retryAfterMs } = found;
    return { body: v.parse(schema, found.body), location, link, retryAfterMs };
  };
  const connection: Connection = {
    host: 'ca.example',
    directory: async () => ({
      newNonce: urlOf('nonce'),
      newAccount: urlOf('account'),
      newOrder: urlOf('newOrder'),
    }),
    accountUrl: () => urlOf('account'),
    postWithKey: (url, _payload, _doing, schema) => answer('key', url, schema),
    post: (url, _payload, _doing, schema) => answer('post', url, schema),
    get: (url, _doing, schema) => answer('get', url, schema),
    keyAuthorization: async (token) => `${token}.thumb`,
    sleep: (ms) => clock.sleep(ms, new AbortController().signal),
    monotonic: () => clock.monotonic(),
  };
  return { connection, log, clock };
}

export const anOrder = (status: string, more: object = {}) => ({
  body: {
    status,
    identifiers: [{ type: 'dns', value: 'a.example' }],
    authorizations: [urlOf('authz')],
    finalize: urlOf('finalize'),
    ...more,
  },
});

export const aChallenge = {
  type: 'http-01',
  url: urlOf('chall'),
  status: 'pending',
  token: 'abcdefghijklmnop',
};

export const anAuthorization = (status: string, more: object = {}) => ({
  body: { status, identifier: { type: 'dns', value: 'a.example' }, challenges: [aChallenge], ...more },
});
