import type { TestContext } from 'node:test';
import { signAws } from '../../../src/challenges/dns/aws-sigv4.ts';
import { childOf, childrenOf, type Element, escapeXml, parseXml } from '../../../src/challenges/dns/xml.ts';
import { type ApiReply, type ApiRequest, apiClock, type FakeApi, SECRET, serveApi, ZONE } from './server.ts';
import { isQuoted } from './sets.ts';

export const ZONE_ID = 'Z2FDTNDATAQYW2';
const NS = 'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"';
const KEY_ID = 'AKIDEXAMPLE';

interface Set {
  readonly ttl: string;
  readonly values: readonly string[];
  /** What makes it no simple set, as XML. */
  readonly more?: string;
}

export interface FakeRoute53 extends FakeApi {
  /** By name with a final dot. */
  readonly sets: Map<string, Set>;
  readonly zones: FakeZone[];
}

interface FakeZone {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
}

const xml = (status: number, body: string): ApiReply => ({ status, text: `<?xml version="1.0"?>\n${body}` });
export const saying = (words: string, code = 'AccessDenied') =>
  `<?xml version="1.0"?>\n<ErrorResponse ${NS}><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(words)}</Message></Error><RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ErrorResponse>`;
const refuse = (status: number, code: string, words: string): ApiReply => ({
  status,
  text: saying(words, code),
});
const invalidBatch = (words: string) =>
  xml(
    400,
    `<InvalidChangeBatch ${NS}><Messages><Message>${escapeXml(words)}</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>`,
  );

export async function serveRoute53(t: TestContext): Promise<FakeRoute53> {
  const sets = new Map<string, Set>();
  const zones: FakeZone[] = [
    { id: 'ZPRIVATE', name: `${ZONE}.`, isPrivate: true },
    { id: ZONE_ID, name: `${ZONE}.`, isPrivate: false },
    { id: 'ZNEXT', name: 'next.example.', isPrivate: false },
  ];
  const api = await serveApi(t, (request) => answer(request, sets, zones));
  return {
    ...api,
    sets,
    zones,
    credentials: { access_key_id: KEY_ID, secret_access_key: SECRET, region: 'eu-west-1', api_url: api.url },
    values: (name) =>
      (sets.get(`${name}.`)?.values ?? []).map((text) => text.slice(1, -1).replace(/\\(.)/g, '$1')),
    put: (name, value) => {
      const quoted = `"${value.replace(/["\\]/g, '\\$&')}"`;
      sets.set(`${name}.`, { ttl: '300', values: [...(sets.get(`${name}.`)?.values ?? []), quoted] });
    },
  };
}

function answer(request: ApiRequest, sets: Map<string, Set>, zones: readonly FakeZone[]): ApiReply {
  const refusal = whoAsks(request);
  if (refusal !== undefined) return refusal;
  if (request.path === '/2013-04-01/hostedzonesbyname') return zonesFrom(request, zones);
  const id = /^\/2013-04-01\/hostedzone\/([^/]+)\/rrset\/?$/.exec(request.path)?.[1];
  if (id !== ZONE_ID) return refuse(404, 'NoSuchHostedZone', `No hosted zone found with ID: ${id}`);
  return request.method === 'POST' ? change(request, sets) : setsFrom(request, sets);
}

/** Signs what came as the client should have: only with the same secret, time and request the header is the same. */
function whoAsks({ method, url, headers, text }: ApiRequest): ApiReply | undefined {
  const [, keyId, names = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/us-east-1\/route53\/aws4_request, SignedHeaders=([^,]+), /.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (keyId !== KEY_ID) return refuse(403, 'InvalidClientTokenId', 'The security token is not valid.');
  const time = Date.parse(
    String(headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (!(Math.abs(time - apiClock.now()) < 300_000))
    return refuse(403, 'SignatureDoesNotMatch', 'Signature expired');
  const signed = names
    .split(';')
    .filter((name) => !['host', 'x-amz-date', 'x-amz-security-token'].includes(name));
  const again = signAws(
    {
      method: method as 'GET',
      url: `http://${headers.host}${url}`,
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
      body: text,
    },
    {
      accessKeyId: KEY_ID,
      secretAccessKey: SECRET,
      sessionToken: headers['x-amz-security-token'] as string | undefined,
    },
    { region: 'us-east-1', service: 'route53' },
    time,
  );
  if (again.headers?.authorization === headers.authorization) return undefined;
  return refuse(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
  );
}

/** In the order of names, from the one that is asked for. */
function zonesFrom({ query }: ApiRequest, zones: readonly FakeZone[]): ApiReply {
  const listed = zones
    .filter(({ name }) => name >= (query.get('dnsname') ?? ''))
    .map(
      ({ id, name, isPrivate }) =>
        `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}</Name><CallerReference>D2224C5B</CallerReference><Config><Comment>a &amp; b</Comment><PrivateZone>${isPrivate}</PrivateZone></Config><ResourceRecordSetCount>10</ResourceRecordSetCount></HostedZone>`,
    );
  return xml(
    200,
    `<ListHostedZonesByNameResponse ${NS}><HostedZones>${listed.join('\n')}</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>`,
  );
}

/** From the name and type on: what comes after them where there is no such set. */
function setsFrom({ query }: ApiRequest, sets: Map<string, Set>): ApiReply {
  const [name = ''] = query.get('type') === 'TXT' ? [query.get('name') ?? ''] : [];
  const found = [...sets].filter(([each]) => each >= name).sort()[0];
  const records = found?.[1].values.map(
    (value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`,
  );
  const set =
    found === undefined
      ? ''
      : `<ResourceRecordSet><Name>${found[0]}</Name><Type>TXT</Type>${found[1].more ?? ''}<TTL>${found[1].ttl}</TTL><ResourceRecords>${records?.join('')}</ResourceRecords></ResourceRecordSet>`;
  return xml(
    200,
    `<ListResourceRecordSetsResponse ${NS}><ResourceRecordSets>${set}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>`,
  );
}

/** All changes or none. */
function change({ text, headers }: ApiRequest, sets: Map<string, Set>): ApiReply {
  const root = headers['content-type'] === 'application/xml' ? parseXml(text) : undefined;
  const list = childrenOf(childOf(root, 'ChangeBatch', 'Changes'), 'Change');
  if (root?.name !== 'ChangeResourceRecordSetsRequest' || list.length === 0)
    return refuse(400, 'MalformedInput', 'The input was malformed');
  const after = new Map(sets);
  for (const each of list) {
    const words = applied(each, after);
    if (words !== undefined) return invalidBatch(words);
  }
  sets.clear();
  for (const [name, set] of after) sets.set(name, set);
  return xml(
    200,
    `<ChangeResourceRecordSetsResponse ${NS}><ChangeInfo><Id>/change/C2682N5HXP0BZ4</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00.000Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`,
  );
}

/** @returns why it cannot be */
function applied(each: Element, sets: Map<string, Set>): string | undefined {
  const set = childOf(each, 'ResourceRecordSet');
  const [name = '', type, ttl = ''] = ['Name', 'Type', 'TTL'].map((key) => childOf(set, key)?.text);
  const values = childrenOf(childOf(set, 'ResourceRecords'), 'ResourceRecord').map(
    (record) => childOf(record, 'Value')?.text ?? '',
  );
  const label = `[name='${name}', type='${type}']`;
  if (!name.endsWith(`.${ZONE}.`) && name !== `${ZONE}.`)
    return `RRSet with DNS name ${name} is not permitted in zone ${ZONE}.`;
  if (type !== 'TXT' || !/^\d+$/.test(ttl) || values.length === 0 || !values.every(isQuoted))
    return `Invalid Resource Record: ${label}`;
  const before = sets.get(name);
  if (childOf(each, 'Action')?.text === 'CREATE') {
    if (before !== undefined) return `Tried to create resource record set ${label} but it already exists`;
    sets.set(name, { ttl, values });
    return undefined;
  }
  if (before === undefined) return `Tried to delete resource record set ${label} but it was not found`;
  if (before.ttl !== ttl || [...before.values].sort().join() !== [...values].sort().join())
    return `Tried to delete resource record set ${label} but the values provided do not match the current values`;
  sets.delete(name);
  return undefined;
}
