import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { HttpResponse } from '../../system/http.ts';
import { cached } from './once.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { type Api, createApi, wordsBy } from './rest.ts';

export const OVH_ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ['ovh-eu', 'https://eu.api.ovh.com/1.0'],
  ['ovh-ca', 'https://ca.api.ovh.com/1.0'],
  ['ovh-us', 'https://api.us.ovhcloud.com/1.0'],
  ['kimsufi-eu', 'https://eu.api.kimsufi.com/1.0'],
  ['kimsufi-ca', 'https://ca.api.kimsufi.com/1.0'],
  ['soyoustart-eu', 'https://eu.api.soyoustart.com/1.0'],
  ['soyoustart-ca', 'https://ca.api.soyoustart.com/1.0'],
]);

export interface OvhApi extends Pick<Api, 'read'> {
  /** @param also statuses that are fine, beside success */
  call(
    doing: string,
    method: ProviderRequest['method'],
    path: string,
    content?: unknown,
    also?: readonly number[],
  ): Promise<HttpResponse>;
}

const ErrorSchema = v.object({ message: v.string() });
const TimeSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const HOUR_MS = 3_600_000;

/** Calls that are signed with the application secret and the consumer key, at the time of the server's clock. */
export function createOvhApi(given: Readonly<Record<string, string>>, edges: ProviderEdges): OvhApi {
  const {
    application_key: application = '',
    application_secret: secret = '',
    consumer_key: consumer = '',
  } = given;
  const api = createApi(
    {
      name: 'ovh',
      secrets: [secret, consumer],
      wordsOf: wordsBy(ErrorSchema, ({ message }) => message),
      rights:
        'Check the three keys, that they are of this endpoint, and that the consumer key may GET, POST and DELETE /domain/zone/* (docs/dns.md).',
    },
    edges,
  );
  const base = baseOf(given.endpoint ?? '', api);
  const ahead = cached(async () => {
    const response = await api.ask('the time of the server', { method: 'GET', url: `${base}/auth/time` });
    const seconds = api.read(TimeSchema, 'the time of the server', response);
    return { value: seconds * 1000 - edges.now(), until: edges.now() + HOUR_MS };
  }, edges.now);
  return {
    read: api.read,
    call: async (doing, method, path, content, also = []) => {
      const time = Math.floor((edges.now() + (await ahead())) / 1000);
      const body = content === undefined ? '' : JSON.stringify(content);
      const url = `${base}${path}`;
      const signed = [secret, consumer, method, url, body, time].join('+');
      const headers = {
        'x-ovh-application': application,
        'x-ovh-consumer': consumer,
        'x-ovh-timestamp': String(time),
        'x-ovh-signature': `$1$${createHash('sha1').update(signed).digest('hex')}`,
        ...(body !== '' && { 'content-type': 'application/json' }),
      };
      const response = await api.send({ method, url, headers, ...(body !== '' && { body }) });
      if ((response.status >= 200 && response.status <= 299) || also.includes(response.status))
        return response;
      throw api.refusal(doing, response);
    },
  };
}

function baseOf(endpoint: string, { failure }: Api): string {
  const url =
    OVH_ENDPOINTS.get(endpoint) ?? (URL.canParse(endpoint) ? endpoint.replace(/\/+$/, '') : undefined);
  if (url !== undefined) return url;
  throw failure('endpoint is unknown', `It is one of ${[...OVH_ENDPOINTS.keys()].join(', ')}, or a URL.`);
}
