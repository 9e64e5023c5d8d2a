import type { KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import { rsaKeyOf, signJwt } from './jwt.ts';
import { cached, type Passing } from './once.ts';
import { jsonOf, type Rest } from './rest.ts';

const SCOPE = 'https://www.googleapis.com/auth/ndev.clouddns.readwrite';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const METADATA = 'http://metadata.google.internal';
const VALID_S = 3600;

const AccountSchema = v.object({
  type: v.literal('service_account'),
  project_id: v.pipe(v.string(), v.minLength(1)),
  private_key_id: v.optional(v.string()),
  private_key: v.string(),
  client_email: v.pipe(v.string(), v.minLength(1)),
  token_uri: v.optional(v.pipe(v.string(), v.url()), 'https://oauth2.googleapis.com/token'),
});
const TokenSchema = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,8192}$/)),
  expires_in: v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)),
});

type Account = v.InferOutput<typeof AccountSchema> & { readonly key: KeyObject };

/** Who asks Google's APIs: a service account by its key (RFC 7523), or the account of the machine by its metadata server. */
export interface GoogleAccess {
  readonly secrets: readonly string[];
  /** Where the zone is. */
  readonly project: (rest: Rest) => Promise<string>;
  readonly token: (rest: Rest, now: () => number) => () => Promise<string>;
}

/** @throws EvercertError credentials-missing: what is given is no key file */
export function googleAccess(given: Readonly<Record<string, string>>): GoogleAccess {
  const { service_account: text, project, metadata_url: metadata = METADATA } = given;
  if (text === undefined)
    return {
      secrets: [],
      project: async (rest) =>
        project ?? (await ask(rest, metadata, 'project/project-id')).body.slice(0, 64).trim(),
      token: (rest, now) => cached(() => tokenOfMachine(rest, metadata, now), now),
    };
  const account = accountOf(text);
  return {
    secrets: account.private_key.split(/\s*\n\s*/),
    project: async () => project ?? account.project_id,
    token: (rest, now) => cached(() => tokenOfAccount(rest, account, now), now),
  };
}

function accountOf(text: string): Account {
  const result = v.safeParse(AccountSchema, jsonOf(text), { abortEarly: true });
  if (!result.success)
    throw notUsable(`${v.getDotPath(result.issues[0]) ?? 'what is given'} is not what it is in such a file`);
  const key = rsaKeyOf(result.output.private_key);
  if (key === undefined) throw notUsable('private_key is no RSA key in PEM');
  return { ...result.output, key };
}

async function tokenOfAccount(rest: Rest, account: Account, now: () => number): Promise<Passing<string>> {
  const iat = Math.floor(now() / 1000);
  const { client_email: iss, token_uri: aud } = account;
  const claims = { iss, scope: SCOPE, aud, iat, exp: iat + VALID_S };
  const assertion = signJwt(claims, account.key, account.private_key_id);
  const response = await rest.ask({
    method: 'POST',
    url: aud,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
  });
  return passing(rest, response, now);
}

async function tokenOfMachine(rest: Rest, metadata: string, now: () => number): Promise<Passing<string>> {
  return passing(rest, await ask(rest, metadata, 'instance/service-accounts/default/token'), now);
}

async function ask(rest: Rest, metadata: string, path: string) {
  const url = `${metadata}/computeMetadata/v1/${path}`;
  try {
    return await rest.ask({ method: 'GET', url, headers: { 'metadata-flavor': 'Google' } });
  } catch (error) {
    if (!(error instanceof EvercertError) || error.code !== 'dns-provider') throw error;
    throw notUsable(`none is given, and this machine has no account: ${error.message}`, error);
  }
}

function passing(rest: Rest, response: HttpResponse, now: () => number): Passing<string> {
  const { access_token: value, expires_in: seconds } = rest.read(TokenSchema, response);
  rest.hide(value);
  return { value, until: now() + seconds * 1000 };
}

function notUsable(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'credentials-missing',
    `the DNS provider google needs the key file of a service account: ${why}`,
    'Name the file (JSON, chmod 600) by --dns-credentials FILE, or by GCE_SERVICE_ACCOUNT_FILE or GOOGLE_APPLICATION_CREDENTIALS.',
    cause,
  );
}
