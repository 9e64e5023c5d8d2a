import { createHash } from 'node:crypto';
import { EvercertError } from '../../../errors.ts';
import type { DnsProvider, ProviderDefinition, ProviderEdges, TxtRecord } from '../provider.ts';
import {
  readSignedAnswer,
  type SignedAnswer,
  signMessage,
  TSIG_ALGORITHMS,
  TSIG_ERROR,
  type TsigKey,
} from '../tsig.ts';
import { encodeQuery, encodeTxtUpdate, TYPE } from '../wire.ts';

/** Signed dynamic updates (RFC 2136, RFC 8945), as BIND, Knot, PowerDNS and others take them. */
export const provider: ProviderDefinition = {
  name: 'rfc2136',
  credentials: [
    {
      name: 'server',
      variables: ['RFC2136_NAMESERVER'],
      help: 'the primary server of the zone: ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT',
    },
    { name: 'port', variables: [], optional: true, help: 'its TCP port, if not 53' },
    { name: 'name', variables: ['RFC2136_TSIG_KEY'], help: 'the name of the TSIG key' },
    { name: 'secret', variables: ['RFC2136_TSIG_SECRET'], help: 'the key, in base64' },
    {
      name: 'algorithm',
      variables: ['RFC2136_TSIG_ALGORITHM'],
      optional: true,
      help: `${TSIG_ALGORITHMS.join(', ')}; the first one if left out`,
    },
    { name: 'sign_query', variables: [], optional: true, help: "certbot's; all is signed in any case" },
  ],
  create: (credentials, edges) => {
    const server = serverOf(credentials);
    const key = keyOf(credentials);
    return updater({ server, key, ask: createAsk(server, key, edges) }, edges);
  },
};

/** Seconds. The records go within minutes. */
const TTL = 60;
const OWN = 'Correct the credentials of rfc2136 (docs/dns.md).';

interface Session {
  readonly server: string;
  readonly key: TsigKey;
  readonly ask: (make: (id: number) => Buffer) => Promise<SignedAnswer>;
}

function updater({ server, key, ask }: Session, { zoneOf }: ProviderEdges): DnsProvider {
  const zones = new Map<string, Promise<string>>();
  const zoneAt = (name: string) => {
    const zone =
      zones.get(name) ?? askZone({ server, key, ask }, name).then((found) => found ?? zoneOf(name));
    zones.set(name, zone);
    zone.catch(() => zones.delete(name));
    return zone;
  };
  const update = async ({ name, value }: TxtRecord, ttl: number | undefined) => {
    const zone = await zoneAt(name);
    const answer = await ask((id) => encodeTxtUpdate(id, zone, name, value, ttl));
    if (answer.message.rcode !== 0) throw refused(server, key, `TXT record ${name} in zone ${zone}`, answer);
  };
  return {
    add: async (record) => void (await update(record, TTL)),
    remove: (record) => update(record, undefined),
  };
}

/** Each message has an ID of its own, which its signature makes unique as well. */
function createAsk(server: string, key: TsigKey, edges: ProviderEdges): Session['ask'] {
  return async (make) => {
    const now = edges.now();
    const id = createHash('sha256').update(make(0)).update(String(now)).digest().readUInt16BE(0);
    const request = signMessage(make(id), key, now);
    return readSignedAnswer(await edges.exchange(server, request.message), request, key, edges.now());
  };
}

/** The zone as the server that is to change it sees it; undefined where it does not tell. */
async function askZone({ server, key, ask }: Session, name: string): Promise<string | undefined> {
  const answer = await ask((id) => encodeQuery(id, name, TYPE.SOA));
  if (answer.tsigError !== 0) throw refused(server, key, `TXT record ${name}`, answer);
  const { message, isSigned } = answer;
  if (!isSigned || !message.isAuthoritative) return undefined;
  const zone = [...message.answers, ...message.authorities].find(({ type }) => type === TYPE.SOA)?.name;
  return zone !== undefined && (name === zone || name.endsWith(`.${zone}`)) ? zone : undefined;
}

function serverOf({ server = '', port }: Readonly<Record<string, string>>): string {
  if (port === undefined) return server;
  if (!/^\d{1,5}$/.test(port)) throw badCredential('port is no number');
  return server.includes(':') && !server.startsWith('[') ? `[${server}]:${port}` : `${server}:${port}`;
}

function keyOf({
  name = '',
  secret = '',
  algorithm = 'hmac-sha256',
}: Readonly<Record<string, string>>): TsigKey {
  const wanted = algorithm.toLowerCase().replace(/\.$/, '');
  const known = TSIG_ALGORITHMS.find((each) => each === wanted);
  if (known === undefined) throw badCredential(`algorithm must be ${TSIG_ALGORITHMS.join(' or ')}`);
  if (!/^[A-Za-z0-9+/]{4,}={0,2}$/.test(secret)) throw badCredential('secret is not base64');
  if (!/^[\x21-\x7e]{1,253}$/.test(name)) throw badCredential('name is no name of a key');
  return { name, algorithm: known, secret: Buffer.from(secret, 'base64') };
}

function badCredential(what: string): EvercertError {
  return new EvercertError('credentials-missing', `rfc2136: ${what}`, OWN);
}

const RCODES: Readonly<Record<number, readonly [string, string]>> = {
  1: ['FORMERR', 'The server does not take dynamic updates of this kind.'],
  2: ['SERVFAIL', 'See its log; BIND must be able to write its journal beside the zone file.'],
  4: ['NOTIMP', 'This server takes no dynamic updates.'],
  5: [
    'REFUSED',
    'Let this key change TXT records of the zone (BIND: update-policy { grant KEY. zonesub TXT; };).',
  ],
  9: ['NOTAUTH', 'This server is no primary of the zone: name the primary as server.'],
  10: [
    'NOTZONE',
    'The name is not in that zone: the server and the resolvers of this machine see other zones.',
  ],
};

const TSIG_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  [TSIG_ERROR.BADSIG]: ['BADSIG', 'The secret is not the one that the server has under this name.'],
  [TSIG_ERROR.BADKEY]: ['BADKEY', 'The server has no key of this name and algorithm.'],
  [TSIG_ERROR.BADTIME]: ['BADTIME', 'Set the clock of this machine, or of the server.'],
};

function refused(server: string, key: TsigKey, what: string, answer: SignedAnswer): EvercertError {
  const { rcode } = answer.message;
  const [word, hint] = TSIG_ERRORS[answer.tsigError] ?? RCODES[rcode] ?? [`RCODE ${rcode}`, 'See its log.'];
  const clock =
    answer.serverTime === undefined ? '' : `; its clock: ${new Date(answer.serverTime).toISOString()}`;
  return new EvercertError(
    'dns-provider',
    `${server} refused to change the ${what} with the key ${key.name} (${key.algorithm}): ${word}${clock}`,
    hint,
  );
}
