import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type Jwk, readJwk, thumbprint } from './keys.ts';

/** What came back, with the body both ways. */
export interface RawReply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed body, {} when it is not a JSON object. */
  json: Record<string, unknown>;
}

/** Departures from a proper request, for negative tests. */
export interface PostOptions {
  /** Merged over the protected header; undefined removes a member. */
  header?: Record<string, unknown>;
  /** Members merged over the JWS object. */
  envelope?: Record<string, unknown>;
  /** Names the key by jwk instead of kid. */
  useJwk?: boolean;
  contentType?: string;
  /** Signs with another key. */
  signingKey?: KeyObject;
}

/** The smallest ACME client: signs what it is told to, right or wrong, and keeps no state but the kid. */
export class RawClient {
  kid: string | undefined;
  readonly jwk: Jwk;
  readonly thumbprint: string;
  readonly #privateKey: KeyObject;
  readonly #url: string;

  constructor(serverUrl: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#url = serverUrl;
    this.#privateKey = privateKey;
    this.jwk = readJwk(publicKey.export({ format: 'jwk' })).jwk;
    this.thumbprint = thumbprint(this.jwk);
  }

  /** Registers the key; the kid is kept for later posts. */
  async register(payload: Record<string, unknown> = { termsOfServiceAgreed: true }): Promise<RawReply> {
    const reply = await this.post('/acme/new-account', payload, { useJwk: true });
    if (reply.headers.location !== undefined) this.kid = reply.headers.location;
    return reply;
  }

  async nonce(): Promise<string> {
    const { headers } = await send(`${this.#url}/acme/new-nonce`, { method: 'HEAD' });
    return String(headers['replay-nonce']);
  }

  get(path: string, method = 'GET'): Promise<RawReply> {
    return send(new URL(path, this.#url).href, { method });
  }

  /** Posts a payload (undefined: POST-as-GET) to a path or URL. */
  async post(path: string, payload?: unknown, options: PostOptions = {}): Promise<RawReply> {
    const url = new URL(path, this.#url).href;
    const signer = options.useJwk ? { jwk: this.jwk } : { kid: this.kid };
    const header = { alg: 'ES256', nonce: await this.nonce(), url, ...signer, ...options.header };
    const jws = { ...this.sign(header, payload, options.signingKey), ...options.envelope };
    return send(url, {
      method: 'POST',
      body: JSON.stringify(jws),
      contentType: options.contentType ?? 'application/jose+json',
    });
  }

  /** The account key in PKCS#8 PEM. */
  privateKeyPem(): string {
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** Signs a flattened JWS. */
  sign(header: Record<string, unknown>, payload: unknown, key = this.#privateKey): Record<string, string> {
    const protectedText = encode(JSON.stringify(header));
    const payloadText = payload === undefined ? '' : encode(JSON.stringify(payload));
    const input = Buffer.from(`${protectedText}.${payloadText}`);
    const signature = sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });
    return { protected: protectedText, payload: payloadText, signature: signature.toString('base64url') };
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

interface Send {
  method: string;
  body?: string;
  contentType?: string;
}

/** One request on a connection of its own. */
function send(url: string, { method, body, contentType }: Send): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const headers = {
      'user-agent': 'raw-client',
      ...(contentType !== undefined && { 'content-type': contentType }),
    };
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
