import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  type ApiReply,
  type ApiRequest,
  apiClock,
  type FakeApi,
  formOf,
  jsonOf,
  serveApi,
  ZONE,
} from './server.ts';
import { isQuoted } from './sets.ts';

const newKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
const KEY = newKey();
const OTHER_KEY = newKey();
/** A line of the key. */
export const GOOGLE_SECRET = KEY.split('\n')[3] ?? '';

const EMAIL = 'evercert@project-1.iam.gserviceaccount.com';
const TOKEN = 'ya29.t0ken';
const MANAGED = '/dns/v1/projects/project-1/managedZones';
export const CHANGES = `${MANAGED}/zone-public/changes`;

interface Set {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly rrdatas: readonly string[];
}

export interface FakeGoogle extends FakeApi {
  readonly url: string;
  readonly sets: Map<string, Set>;
  /** Seconds that a token serves. */
  readonly setLifetime: (seconds: number) => void;
}

export const saying = (message: string, code = 403, reason = 'forbidden') => ({
  error: { code, message, errors: [{ message: message.slice(0, 200), domain: 'global', reason }] },
});
const refuse = (code: number, reason: string, message: string): ApiReply => ({
  status: code,
  json: saying(message, code, reason),
});
const invalidGrant = (error_description: string): ApiReply => ({
  status: 400,
  json: { error: 'invalid_grant', error_description },
});

export const accountFile = (url: string, privateKey = KEY) =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'project-1',
    private_key_id: '0123456789abcdef',
    private_key: privateKey,
    client_email: EMAIL,
    client_id: '1234567890',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: `${url}/token`,
  });

/** The same with a key that Google does not know. */
export function wrongGoogle(credentials: FakeApi['credentials']): FakeApi['credentials'] {
  const { token_uri } = JSON.parse(credentials.service_account ?? '');
  return { ...credentials, service_account: accountFile(token_uri.replace(/\/token$/, ''), OTHER_KEY) };
}

export async function serveGoogle(t: TestContext): Promise<FakeGoogle> {
  const sets = new Map<string, Set>();
  let lifetime = 3599;
  const api = await serveApi(t, (request) => {
    if (request.path === '/token') return token(request, lifetime);
    if (request.path.startsWith('/computeMetadata/v1/')) return metadata(request, lifetime);
    return answer(request, sets);
  });
  return {
    ...api,
    sets,
    setLifetime: (seconds) => {
      lifetime = seconds;
    },
    credentials: { service_account: accountFile(api.url), api_url: `${api.url}/dns/v1` },
    values: (name) =>
      (sets.get(`${name}.`)?.rrdatas ?? []).map((text) => text.slice(1, -1).replace(/\\(.)/g, '$1')),
    put: (name, value) => {
      const before = sets.get(`${name}.`);
      const quoted = `"${value.replace(/["\\]/g, '\\$&')}"`;
      const rrdatas = [...(before?.rrdatas ?? []), quoted];
      sets.set(`${name}.`, { name: `${name}.`, type: 'TXT', ttl: 300, rrdatas });
    },
  };
}

/** RFC 7523, as Google has it. */
function token(request: ApiRequest, lifetime: number): ApiReply {
  const { grant_type: grant, assertion = '' } = formOf(request);
  if (request.method !== 'POST' || grant !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return {
      status: 400,
      json: { error: 'unsupported_grant_type', error_description: 'Invalid grant_type' },
    };
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const { alg, typ } = decoded(header);
  const { iss, scope, aud } = decoded(claims);
  const [iat, exp] = [Number(decoded(claims).iat), Number(decoded(claims).exp)];
  if (alg !== 'RS256' || typ !== 'JWT') return invalidGrant('Invalid JWT header.');
  if (iss !== EMAIL) return invalidGrant('Invalid grant: account not found');
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('sha256', signed, createPublicKey(KEY), Buffer.from(signature, 'base64url')))
    return invalidGrant('Invalid JWT Signature.');
  const isNow = Math.abs(iat * 1000 - apiClock.now()) < 60_000 && exp - iat <= 3600 && exp > iat;
  if (!isNow || aud !== `http://${request.headers.host}/token`)
    return invalidGrant(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.',
    );
  if (scope !== 'https://www.googleapis.com/auth/ndev.clouddns.readwrite')
    return { status: 400, json: { error: 'invalid_scope', error_description: 'Invalid OAuth scope.' } };
  return { status: 200, json: { access_token: TOKEN, expires_in: lifetime, token_type: 'Bearer' } };
}

const decoded = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString());

function metadata({ path, headers }: ApiRequest, lifetime: number): ApiReply {
  if (headers['metadata-flavor'] !== 'Google')
    return { status: 403, text: 'Missing Metadata-Flavor:Google header.' };
  if (path.endsWith('/project/project-id')) return { status: 200, text: 'project-1' };
  if (!path.endsWith('/instance/service-accounts/default/token')) return { status: 404, text: 'Not Found' };
  return { status: 200, json: { access_token: TOKEN, expires_in: lifetime, token_type: 'Bearer' } };
}

function answer(request: ApiRequest, sets: Map<string, Set>): ApiReply {
  const { path, method, query, headers } = request;
  if (headers.authorization !== `Bearer ${TOKEN}`)
    return refuse(401, 'authError', 'Request had invalid authentication credentials.');
  if (path === MANAGED && method === 'GET') return zones(query.get('dnsName') ?? '');
  if (path === `${MANAGED}/zone-public/rrsets` && method === 'GET') {
    const set = query.get('type') === 'TXT' ? sets.get(query.get('name') ?? '') : undefined;
    const rrsets = set === undefined ? [] : [{ kind: 'dns#resourceRecordSet', signatureRrdatas: [], ...set }];
    return { status: 200, json: { kind: 'dns#resourceRecordSetsListResponse', rrsets } };
  }
  if (path === CHANGES && method === 'POST') return change(request, sets);
  const zone = path.split('/')[6];
  return refuse(404, 'notFound', `The 'parameters.managedZone' resource named '${zone}' does not exist.`);
}

function zones(dnsName: string): ApiReply {
  const managedZones = [
    { name: 'zone-private', dnsName: `${ZONE}.`, visibility: 'private' },
    { name: 'zone-public', dnsName: `${ZONE}.`, visibility: 'public' },
  ].filter((zone) => zone.dnsName === dnsName);
  return { status: 200, json: { kind: 'dns#managedZonesListResponse', managedZones } };
}

/** All of it or nothing. */
function change(request: ApiRequest, sets: Map<string, Set>): ApiReply {
  const { additions = [], deletions = [] } = (jsonOf(request) ?? {}) as Record<string, Set[] | undefined>;
  if (additions.length + deletions.length === 0)
    return refuse(400, 'invalid', "Invalid value for 'entity.change'");
  const after = new Map(sets);
  for (const { name, type, ttl, rrdatas } of deletions) {
    const found = after.get(name);
    if (found === undefined)
      return refuse(
        404,
        'notFound',
        `The 'entity.change.deletions[0]' resource named '${name} (${type})' does not exist.`,
      );
    if (found.ttl !== ttl || [...found.rrdatas].sort().join() !== [...rrdatas].sort().join())
      return refuse(412, 'conditionNotMet', "Precondition not met for 'entity.change.deletions[0]'");
    after.delete(name);
  }
  for (const { name, type, ttl, rrdatas } of additions) {
    if (name !== `${ZONE}.` && !name.endsWith(`.${ZONE}.`))
      return refuse(400, 'invalid', `Invalid value for 'entity.change.additions[0].name': '${name}'`);
    if (type !== 'TXT' || !(ttl >= 0) || rrdatas.length === 0 || !rrdatas.every(isQuoted))
      return refuse(
        400,
        'invalid',
        `Invalid value for 'entity.change.additions[0].rrdata[0]': '${rrdatas[0]}'`,
      );
    if (after.has(name))
      return refuse(
        409,
        'alreadyExists',
        `The resource 'entity.change.additions[0]' named '${name} (${type})' already exists`,
      );
    after.set(name, { name, type, ttl, rrdatas });
  }
  sets.clear();
  for (const [name, set] of after) sets.set(name, set);
  return { status: 200, json: { kind: 'dns#change', id: '7', status: 'pending', additions, deletions } };
}
