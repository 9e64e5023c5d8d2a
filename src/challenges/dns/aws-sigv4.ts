import { createHash, createHmac } from 'node:crypto';
import type { ProviderRequest } from './provider.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that are valid for a time only. */
  readonly sessionToken: string | undefined;
}

export interface AwsScope {
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Signs a request (AWS Signature Version 4): the same request with the headers that prove who asks.
 *
 * @param request its path holds unreserved characters only: what they are to be escaped to differs between services
 * @param now milliseconds since 1970; AWS takes no more than five minutes of difference
 */
export function signAws(
  request: ProviderRequest,
  keys: AwsKeys,
  scope: AwsScope,
  now: number,
): ProviderRequest {
  const time = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const url = new URL(request.url);
  const token = keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken };
  const headers = { ...request.headers, 'x-amz-date': time, ...token };
  const canonical = canonicalRequest(request, url, headers);
  const day = time.slice(0, 8);
  const path = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = [ALGORITHM, time, path, sha256(canonical.text)].join('\n');
  const signature = hmac(signingKey(keys.secretAccessKey, day, scope), toSign).toString('hex');
  const authorization = `${ALGORITHM} Credential=${keys.accessKeyId}/${path}, SignedHeaders=${canonical.signed}, Signature=${signature}`;
  return { ...request, headers: { ...headers, authorization } };
}

function canonicalRequest(
  { method, body = '' }: ProviderRequest,
  url: URL,
  headers: Readonly<Record<string, string>>,
): { text: string; signed: string } {
  const sorted = Object.entries({ ...headers, host: url.host })
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')])
    .sort(byName);
  const query = [...url.searchParams]
    .map(([name, value]): [string, string] => [escaped(name), escaped(value)])
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`);
  const signed = sorted.map(([name]) => name).join(';');
  const lines = sorted.map(([name, value]) => `${name}:${value}\n`).join('');
  return { text: [method, url.pathname, query.join('&'), lines, signed, sha256(body)].join('\n'), signed };
}

function byName([name, value]: [string, string], [otherName, otherValue]: [string, string]): number {
  const [one, other] = name === otherName ? [value, otherValue] : [name, otherName];
  return one < other ? -1 : Number(one > other);
}

/** RFC 3986: encodeURIComponent leaves these as they are. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(secret: string, day: string, { region, service }: AwsScope): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
