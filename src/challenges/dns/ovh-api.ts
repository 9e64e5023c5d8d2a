import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import { cached } from './once.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { checkedUrl, createRest, jsonOf, type Rest } from './rest.ts';

export const OVH_ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ['ovh-eu', 'https://eu.api.ovh.com/1.0'],
  ['ovh-ca', 'https://ca.api.ovh.com/1.0'],
  ['ovh-us', 'https://api.us.ovhcloud.com/1.0'],
  ['kimsufi-eu', 'https://eu.api.kimsufi.com/1.0'],
  ['kimsufi-ca', 'https://ca.api.kimsufi.com/1.0'],
  ['soyoustart-eu', 'https://eu.api.soyoustart.com/1.0'],
  ['soyoustart-ca', 'https://ca.api.soyoustart.com/1.0'],
]);

export interface OvhApi extends Pick<Rest, 'read'> {
  /** @param expected statuses that are no failure, beside 2xx */
  call(
    method: ProviderRequest['method'],
    path: string,
    content?: unknown,
    expected?: readonly number[],
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
  const base = given.api_url === undefined ? baseOf(given.endpoint ?? '') : checkedUrl('ovh', given.api_url);
  const rest = createRest({ provider: 'ovh', secrets: [secret, consumer], explain }, edges);
  const ahead = cached(async () => {
    const response = await rest.ask({ method: 'GET', url: `${base}/auth/time` });
    const seconds = rest.read(TimeSchema, response);
    return { value: seconds * 1000 - edges.now(), until: edges.now() + HOUR_MS };
  }, edges.now);
  return {
    read: rest.read,
    call: async (method, path, content, expected) => {
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
      return rest.ask({ method, url, headers, ...(body !== '' && { body }) }, expected);
    },
  };
}

/** @throws EvercertError bad-settings */
function baseOf(endpoint: string): string {
  const url = OVH_ENDPOINTS.get(endpoint);
  if (url !== undefined || URL.canParse(endpoint)) return checkedUrl('ovh', url ?? endpoint);
  throw new EvercertError(
    'bad-settings',
    'ovh: there is no such endpoint',
    `It is one of ${[...OVH_ENDPOINTS.keys()].join(', ')}, or a URL.`,
  );
}

function explain({ body }: HttpResponse): string | undefined {
  const result = v.safeParse(ErrorSchema, jsonOf(body));
  return result.success ? result.output.message : undefined;
}
