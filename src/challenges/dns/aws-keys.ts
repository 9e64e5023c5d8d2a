import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { AwsKeys } from './aws-sigv4.ts';
import { cached, type Passing } from './once.ts';
import type { ProviderEdges } from './provider.ts';
import type { Rest } from './rest.ts';

const CONTAINER_HOST = 'http://169.254.170.2';
const METADATA_HOST = 'http://169.254.169.254';
const Header = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,8192}$/));
const KeysSchema = v.object({
  AccessKeyId: Header,
  SecretAccessKey: Header,
  Token: Header,
  Expiration: v.pipe(v.string(), v.isoTimestamp()),
});

/** The keys that are given, or those of the role of the container or the EC2 instance that this runs on. */
export function awsKeys(
  given: Readonly<Record<string, string>>,
  rest: Rest,
  { now }: Pick<ProviderEdges, 'now'>,
): () => Promise<AwsKeys> {
  const {
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
  } = given;
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return async () => ({ accessKeyId, secretAccessKey, sessionToken });
  if (accessKeyId !== undefined || secretAccessKey !== undefined)
    throw keysMissing('one of access_key_id and secret_access_key is missing');
  const container =
    given.container_url ?? (given.container_path && `${CONTAINER_HOST}${given.container_path}`);
  const fetch =
    container === undefined
      ? () => instanceKeys(given.metadata_url ?? METADATA_HOST, rest)
      : () => containerKeys(container, given.container_token, rest);
  return cached(() => fetch().catch(noRole), now);
}

async function containerKeys(url: string, token: string | undefined, rest: Rest): Promise<Passing<AwsKeys>> {
  const headers = token === undefined ? {} : { authorization: token };
  return keysOf(rest, rest.read(KeysSchema, await rest.ask({ method: 'GET', url, headers })));
}

/** Instance Metadata Service, version 2. */
async function instanceKeys(host: string, rest: Rest): Promise<Passing<AwsKeys>> {
  const { body: token } = await rest.ask({
    method: 'PUT',
    url: `${host}/latest/api/token`,
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' },
  });
  if (!v.is(Header, token))
    throw rest.failed(
      'the metadata service of this machine gave no token',
      'Check that it is the one of EC2.',
    );
  const get = (path: string) =>
    rest.ask({ method: 'GET', url: `${host}${path}`, headers: { 'x-aws-ec2-metadata-token': token } });
  const roles = '/latest/meta-data/iam/security-credentials/';
  const { body } = await get(roles);
  const role = encodeURIComponent(body.split('\n', 1)[0]?.trim() ?? '');
  return keysOf(rest, rest.read(KeysSchema, await get(`${roles}${role}`)));
}

function keysOf(rest: Rest, answer: v.InferOutput<typeof KeysSchema>): Passing<AwsKeys> {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = answer;
  for (const secret of [secretAccessKey, sessionToken]) rest.hide(secret);
  return { value: { accessKeyId, secretAccessKey, sessionToken }, until: Date.parse(answer.Expiration) };
}

function noRole(error: unknown): never {
  if (!(error instanceof EvercertError) || error.code !== 'dns-provider') throw error;
  throw keysMissing(`no keys are given, and this machine has no role: ${error.message}`, error);
}

function keysMissing(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'credentials-missing',
    `the DNS provider route53 needs keys: ${why}`,
    'Write "access_key_id = …" and "secret_access_key = …" into a file that only its owner can read (chmod 600), and name it by --dns-credentials FILE; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or give the machine a role (docs/dns.md).',
    cause,
  );
}
