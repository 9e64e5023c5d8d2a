import type { Fault, Place } from '../../events.ts';
import type { HttpAnswer, ProbeHttp } from '../../system/http-probe.ts';
import type { Unreached } from '../../system/reach.ts';
import type { Ports } from './check.ts';
import { plain } from './plain.ts';
import { mayLeadTo } from './scope.ts';

/** What following a URL came to. */
export type Outcome =
  | { readonly kind: 'fine' }
  /** This machine cannot tell. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'fault'; readonly fault: Fault };

export interface FollowEdges {
  readonly get: (question: Parameters<ProbeHttp>[0]) => ReturnType<ProbeHttp>;
  /** IPv4 and IPv6; none if there are none. */
  readonly addresses: (host: string) => Promise<readonly string[]>;
}

/** As many as Boulder follows. */
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const SHOWN = 60;

/**
 * Asks one address of a name for the answer to a challenge, and goes where it is sent, as a CA does (RFC 8555 section 8.3).
 *
 * @param start http://HOST/PATH
 */
export async function follow(
  start: URL,
  address: string,
  expected: string,
  ports: Ports,
  edges: FollowEdges,
): Promise<Outcome> {
  const visited = new Set<string>();
  let url = start;
  let at = address;
  for (;;) {
    const place = placeOf(url, at, start, ports);
    visited.add(url.href);
    const sighting = await edges.get(questionOf(url, at, ports));
    if (sighting.kind === 'none') return unreached(sighting, place);
    const target = redirectOf(sighting);
    if (target === undefined) return judge(sighting, expected, place);
    const next = targetOf(target, url);
    if (typeof next === 'string') return badRedirect(place, target, next);
    if (visited.has(next.href)) return fault({ code: 'redirect-loop', ...place });
    if (visited.size > MAX_REDIRECTS) return fault({ code: 'too-many-redirects', ...place });
    const found = next.hostname === url.hostname ? at : await addressOf(next.hostname, at, edges);
    if (found === undefined) return badRedirect(place, target, 'no-address');
    if (found !== at && !mayLeadTo(at, found)) return { kind: 'unknown' };
    at = found;
    url = next;
  }
}

function fault(found: Fault): Outcome {
  return { kind: 'fault', fault: found };
}

function badRedirect(
  place: Place,
  target: string,
  why: 'port' | 'scheme' | 'no-url' | 'no-address',
): Outcome {
  return fault({ code: 'bad-redirect', target: plain(target, 200), why, ...place });
}

function placeOf(url: URL, address: string, start: URL, ports: Ports): Place {
  const place = { address, port: portOf(url, ports) };
  return url === start ? place : { ...place, redirectedTo: plain(url.href, 200) };
}

/** Where the CA would ask port 80 or 443, which are other ones for a test. */
function portOf({ protocol }: URL, ports: Ports): number {
  return protocol === 'https:' ? ports.https : ports.http;
}

function questionOf(url: URL, address: string, ports: Ports) {
  return {
    address,
    port: portOf(url, ports),
    secure: url.protocol === 'https:',
    host: url.hostname,
    path: url.pathname + url.search,
  };
}

function redirectOf({ status, location }: HttpAnswer): string | undefined {
  return REDIRECTS.has(status) ? location : undefined;
}

/** Where a redirect leads; or why no CA goes there: only http and https, and their own ports. */
function targetOf(location: string, base: URL): URL | 'no-url' | 'scheme' | 'port' {
  if (!URL.canParse(location, base.href)) return 'no-url';
  const url = new URL(location, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'scheme';
  return url.port === '' ? url : 'port';
}

/** One of the same family, where there is one. */
async function addressOf(
  host: string,
  like: string,
  { addresses }: FollowEdges,
): Promise<string | undefined> {
  const found = await addresses(host.replace(/^\[|\]$/g, ''));
  return found.find((address) => address.includes(':') === like.includes(':')) ?? found[0];
}

function unreached({ how }: Unreached, place: Place): Outcome {
  return how === 'no-route' ? { kind: 'unknown' } : fault({ code: 'no-answer', how, ...place });
}

/** White space after it does not count (RFC 8555 section 8.3). */
function judge({ status, body }: HttpAnswer, expected: string, place: Place): Outcome {
  if (status === 200 && body.trimEnd() === expected) return { kind: 'fine' };
  if (status === 404) return fault({ code: 'not-found', ...place });
  return fault({ code: 'wrong-answer', status, shown: plain(body, SHOWN), ...place });
}
