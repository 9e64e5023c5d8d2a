import type { EvercertError } from '../../errors.ts';
import { createTurns } from '../../promises.ts';
import type { HttpResponse } from '../../system/http.ts';
import { awsKeys } from './aws-keys.ts';
import { signAws } from './aws-sigv4.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { checkedUrl, createRest, type Rest } from './rest.ts';
import { childOf, childrenOf, type Element, escapeXml, parseXml } from './xml.ts';

/** The TXT values of one name, in quotes, as Route 53 has them. */
export interface Route53Set {
  readonly ttl: string;
  readonly values: readonly string[];
}

/** The calls of the Route 53 API that are needed (version 2013-04-01). All throw EvercertError dns-provider. */
export interface Route53Api {
  /** IDs of the public zones of exactly that name. */
  publicZones(zone: string): Promise<string[]>;
  read(zoneId: string, name: string): Promise<Route53Set | undefined>;
  /** Replaces exactly what was read. @returns the refusal, when it is no more that */
  replace(
    zoneId: string,
    name: string,
    before: Route53Set | undefined,
    after: Route53Set | undefined,
  ): Promise<EvercertError | undefined>;
  failed(why: string, hint: string): EvercertError;
}

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
/** All clients of an account together may ask five times a second. */
const BUSY = new Set(['Throttling', 'ThrottlingException', 'PriorRequestNotComplete']);
const CONFLICT = /^InvalidChangeBatch\b.* (?:already exists|was not found|do not match the current values)/s;

export function createRoute53Api(given: Readonly<Record<string, string>>, edges: ProviderEdges): Route53Api {
  const rest = createRest(
    {
      provider: 'route53',
      secrets: [given.secret_access_key, given.session_token, given.container_token].filter(
        (each) => each !== undefined,
      ),
      explain: (response) => errorOf(response)?.words,
      isBusy: (response) => response.status === 400 && BUSY.has(errorOf(response)?.code ?? ''),
    },
    edges,
  );
  const { host, region } = partitionOf(given.region);
  const base = `${checkedUrl('route53', given.api_url ?? `https://${host}`)}/2013-04-01`;
  const keys = awsKeys(given, rest, edges);
  const turn = createTurns();
  const ask = (request: ProviderRequest, expected?: readonly number[]) =>
    turn(async () =>
      rest.ask(signAws(request, await keys(), { region, service: 'route53' }, edges.now()), expected),
    );
  const list = async (path: string, name: string) =>
    documentOf(rest, await ask({ method: 'GET', url: `${base}${path}` }), name);
  return {
    failed: rest.failed,
    publicZones: async (zone) => {
      const root = await list(
        `/hostedzonesbyname?dnsname=${encodeURIComponent(zone)}.&maxitems=100`,
        'ListHostedZonesByNameResponse',
      );
      return childrenOf(childOf(root, 'HostedZones'), 'HostedZone')
        .filter((each) => childOf(each, 'Name')?.text === `${zone}.` && !isPrivate(each))
        .flatMap((each) => zoneIdOf(childOf(each, 'Id')?.text) ?? []);
    },
    read: async (zoneId, name) => {
      const path = `/hostedzone/${zoneId}/rrset?name=${encodeURIComponent(name)}.&type=TXT&maxitems=1`;
      const sets = childOf(await list(path, 'ListResourceRecordSetsResponse'), 'ResourceRecordSets');
      return setOf(rest, name, childrenOf(sets, 'ResourceRecordSet')[0]);
    },
    replace: async (zoneId, name, before, after) => {
      const url = `${base}/hostedzone/${zoneId}/rrset/`;
      const headers = { 'content-type': 'application/xml' };
      const response = await ask({ method: 'POST', url, headers, body: changes(name, before, after) }, [400]);
      if (response.status !== 400) return void documentOf(rest, response, 'ChangeResourceRecordSetsResponse');
      if (CONFLICT.test(errorOf(response)?.words ?? '')) return rest.refused(response);
      throw rest.refused(response);
    },
  };
}

/** The API of one part of AWS is in one region. */
function partitionOf(region = ''): { host: string; region: string } {
  if (region.startsWith('cn-')) return { host: 'route53.amazonaws.com.cn', region: 'cn-northwest-1' };
  if (region.startsWith('us-gov-')) return { host: 'route53.us-gov.amazonaws.com', region: 'us-gov-west-1' };
  return { host: 'route53.amazonaws.com', region: 'us-east-1' };
}

/** @param id as the API has it, /hostedzone/Z…, or bare */
export function zoneIdOf(id: string | undefined): string | undefined {
  return /^(?:\/hostedzone\/)?([A-Z0-9]{1,32})$/.exec(id ?? '')?.[1];
}

function isPrivate(zone: Element): boolean {
  return childOf(zone, 'Config', 'PrivateZone')?.text !== 'false';
}

function documentOf(rest: Rest, { status, body }: HttpResponse, name: string): Element {
  const root = parseXml(body);
  if (root?.name === name) return root;
  throw rest.senseless(`the API answered with status ${status} and no ${name}`);
}

/** The list begins at the name and type that were asked for: the first is that set, or there is none. */
function setOf(rest: Rest, name: string, set: Element | undefined): Route53Set | undefined {
  if (childOf(set, 'Name')?.text !== `${name}.` || childOf(set, 'Type')?.text !== 'TXT') return undefined;
  const ttl = childOf(set, 'TTL')?.text ?? '';
  const values = childrenOf(childOf(set, 'ResourceRecords'), 'ResourceRecord').flatMap(
    (record) => childOf(record, 'Value')?.text ?? [],
  );
  if (childOf(set, 'SetIdentifier') === undefined && /^\d{1,10}$/.test(ttl) && values.length > 0)
    return { ttl, values };
  throw rest.failed(
    `the TXT record of ${name} is an alias, weighted or routed, and nothing can be added to such`,
    'Delete that record: a challenge needs a simple one.',
  );
}

function changes(name: string, before: Route53Set | undefined, after: Route53Set | undefined): string {
  const both = change('DELETE', name, before) + change('CREATE', name, after);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ChangeResourceRecordSetsRequest xmlns="${NAMESPACE}"><ChangeBatch><Changes>${both}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
}

function change(action: string, name: string, set: Route53Set | undefined): string {
  if (set === undefined) return '';
  const records = set.values.map(
    (value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`,
  );
  return `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}.</Name><Type>TXT</Type><TTL>${set.ttl}</TTL><ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet></Change>`;
}

/** ErrorResponse of all calls, and InvalidChangeBatch, which is a document of its own. */
function errorOf({ body }: HttpResponse): { code: string; words: string } | undefined {
  const root = parseXml(body);
  if (root === undefined) return undefined;
  const error = childOf(root, 'Error');
  const code = error === undefined ? root.name : (childOf(error, 'Code')?.text ?? '');
  const messages = [...childrenOf(error, 'Message'), ...childrenOf(childOf(root, 'Messages'), 'Message')];
  return { code, words: [code, ...messages.map(({ text }) => text)].join(': ') };
}
