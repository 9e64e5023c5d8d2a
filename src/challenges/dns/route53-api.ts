import type { EvercertError } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import { awsKeys } from './aws-keys.ts';
import { signAws } from './aws-sigv4.ts';
import { inTurn } from './once.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { type Api, createApi, senseless } from './rest.ts';
import { childOf, childrenOf, type Element, escapeXml, parseXml } from './xml.ts';

/** TXT values of one name, in quotes, as Route 53 has them. */
export interface RecordSet {
  readonly ttl: string;
  readonly values: readonly string[];
}

/** The calls of the Route 53 API that are needed (version 2013-04-01). All throw EvercertError dns-provider. */
export interface Route53Api {
  /** IDs of the public zones of exactly that name. */
  publicZones(zone: string): Promise<string[]>;
  recordSet(zoneId: string, name: string): Promise<RecordSet | undefined>;
  /** Replaces exactly what was read. @returns the refusal, when it is no more what was read */
  replace(
    zoneId: string,
    name: string,
    before: RecordSet | undefined,
    after: RecordSet | undefined,
  ): Promise<EvercertError | undefined>;
  readonly failure: Api['failure'];
}

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
const VERSION = '/2013-04-01';
/** All clients of an account together may ask five times a second. */
const BUSY = new Set(['Throttling', 'ThrottlingException', 'PriorRequestNotComplete']);

export function createRoute53Api(given: Readonly<Record<string, string>>, edges: ProviderEdges): Route53Api {
  const api = createApi(
    {
      name: 'route53',
      secrets: ['secret_access_key', 'session_token', 'container_token'].flatMap((name) => given[name] ?? []),
      wordsOf: (response) => errorOf(response)?.words,
      rights:
        'Check the keys, the clock of this machine, and that the policy of the user allows route53:ListHostedZonesByName, ListResourceRecordSets and ChangeResourceRecordSets (docs/dns.md).',
      isBusy: (response) => response.status === 400 && BUSY.has(errorOf(response)?.code ?? ''),
    },
    edges,
  );
  const { host, region } = partitionOf(given.region);
  const base = `${given.api_url ?? `https://${host}`}${VERSION}`;
  const keys = awsKeys(given, api, edges);
  const turn = inTurn();
  const send = (request: ProviderRequest) =>
    turn(async () => api.send(signAws(request, await keys(), { region, service: 'route53' }, edges.now())));
  const list = async (doing: string, path: string) => {
    const response = await send({ method: 'GET', url: `${base}${path}` });
    if (response.status === 200) return documentOf(api, doing, response);
    throw api.refusal(doing, response);
  };
  return {
    failure: api.failure,
    publicZones: async (zone) => {
      const root = await list(
        'the list of zones',
        `/hostedzonesbyname?dnsname=${encodeURIComponent(zone)}.&maxitems=100`,
      );
      return childrenOf(childOf(root, 'HostedZones'), 'HostedZone')
        .filter((each) => childOf(each, 'Name')?.text === `${zone}.` && !isPrivate(each))
        .flatMap((each) => zoneIdOf(childOf(each, 'Id')?.text) ?? []);
    },
    recordSet: async (zoneId, name) => {
      const path = `/hostedzone/${zoneId}/rrset?name=${encodeURIComponent(name)}.&type=TXT&maxitems=1`;
      const sets = childOf(await list(`the records of ${name}`, path), 'ResourceRecordSets');
      return recordSetOf(api, name, childrenOf(sets, 'ResourceRecordSet')[0]);
    },
    replace: async (zoneId, name, before, after) => {
      const doing = `the change of ${name}`;
      const url = `${base}/hostedzone/${zoneId}/rrset/`;
      const headers = { 'content-type': 'application/xml' };
      const body = changeBatch(name, before, after);
      const response = await send({ method: 'POST', url, headers, body });
      if (response.status === 200) return undefined;
      if (errorOf(response)?.code === 'InvalidChangeBatch') return api.refusal(doing, response);
      throw api.refusal(doing, response);
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

function documentOf(api: Api, doing: string, { body }: HttpResponse): Element {
  const root = parseXml(body);
  if (root === undefined || !/^List\w+Response$/.test(root.name))
    throw senseless(api.failure, doing, 'it is no list');
  return root;
}

/** The list begins at the name and type that were asked for: the first is that set, or there is none. */
function recordSetOf(api: Api, name: string, set: Element | undefined): RecordSet | undefined {
  if (childOf(set, 'Name')?.text !== `${name}.` || childOf(set, 'Type')?.text !== 'TXT') return undefined;
  const ttl = childOf(set, 'TTL')?.text ?? '';
  const values = childrenOf(childOf(set, 'ResourceRecords'), 'ResourceRecord').flatMap(
    (record) => childOf(record, 'Value')?.text ?? [],
  );
  if (childOf(set, 'SetIdentifier') === undefined && /^\d{1,10}$/.test(ttl) && values.length > 0)
    return { ttl, values };
  throw api.failure(
    `the TXT record of ${name} is weighted, routed or an alias, and nothing can be added to such`,
    'Delete that record: a challenge needs a simple one.',
  );
}

function changeBatch(name: string, before: RecordSet | undefined, after: RecordSet | undefined): string {
  const changes = [change('DELETE', name, before), change('CREATE', name, after)].join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ChangeResourceRecordSetsRequest xmlns="${NAMESPACE}"><ChangeBatch><Changes>${changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
}

function change(action: string, name: string, set: RecordSet | undefined): string {
  if (set === undefined) return '';
  const records = set.values.map(
    (value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`,
  );
  return `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}.</Name><Type>TXT</Type><TTL>${set.ttl}</TTL><ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet></Change>`;
}

/** ErrorResponse of all calls, and InvalidChangeBatch, which is its own document. */
function errorOf({ body }: HttpResponse): { code: string; words: string } | undefined {
  const root = parseXml(body);
  if (root === undefined) return undefined;
  const error = childOf(root, 'Error');
  const code = error === undefined ? root.name : (childOf(error, 'Code')?.text ?? '');
  const messages = [...childrenOf(error, 'Message'), ...childrenOf(childOf(root, 'Messages'), 'Message')];
  return { code, words: [code, ...messages.map(({ text }) => text)].join(': ') };
}
