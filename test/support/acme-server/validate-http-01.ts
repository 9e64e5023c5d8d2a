import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import type { Knobs } from './knobs.ts';
import { AcmeProblem, unauthorized } from './problem.ts';
import type { ValidationTarget } from './validate.ts';

const MAX_REDIRECTS = 10;
const MAX_BODY = 4096;

/** http-01, RFC 8555 section 8.3: every name is taken to resolve to 127.0.0.1. */
export async function validateHttp01(target: ValidationTarget, knobs: Knobs): Promise<void> {
  const { value } = target.identifier;
  const host = isIPv6(value) ? `[${value}]` : value;
  const start = new URL(`http://${host}/.well-known/acme-challenge/${target.token}`);
  const { url, response } = await follow(start, knobs);
  if (response.statusCode !== 200) throw refused(url, `Invalid response: ${response.statusCode}`);
  const body = await readText(response);
  // RFC 8555 section 8.3: whitespace at the end of the body is ignored.
  if (body.trimEnd() !== target.keyAuthorization) {
    throw refused(
      url,
      `The key authorization is not correct: expected "${target.keyAuthorization}", got "${body}"`,
    );
  }
}

async function follow(start: URL, knobs: Knobs): Promise<{ url: URL; response: IncomingMessage }> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await get(url, knobs);
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return { url, response };
    response.resume();
    url = redirectTarget(headers.location, url);
  }
  throw new AcmeProblem('connection', 400, `Fetching ${start.href}: Too many redirects`);
}

function redirectTarget(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href))
    throw new AcmeProblem('connection', 400, `Invalid redirect to "${location}"`);
  return new URL(location, base);
}

function get(url: URL, knobs: Knobs): Promise<IncomingMessage> {
  const port = localPort(url, knobs);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      {
        host: '127.0.0.1',
        port,
        path: url.pathname + url.search,
        headers: { host: url.hostname, 'user-agent': 'acme-test-server' },
        agent: false,
        timeout: knobs.validationTimeoutMs,
        // RFC 8555 section 8.3 does not ask for a certificate: there may be none yet.
        rejectUnauthorized: false,
      },
      resolve,
    );
    request.on('timeout', () => request.destroy(new Error('Timeout during connect')));
    request.on('error', (error) => reject(connectionProblem(url, error)));
    request.end();
  });
}

/** Ports 80 and 443 are the knobs'; a redirect may name those local ports themselves, and no other. */
function localPort(url: URL, { httpPort, httpsPort }: Knobs): number {
  const secure = url.protocol === 'https:';
  const local = secure ? httpsPort : httpPort;
  const allowed = url.port === '' || Number(url.port) === local;
  if (!allowed || local === 0 || (!secure && url.protocol !== 'http:')) {
    throw new AcmeProblem(
      'connection',
      400,
      `Fetching ${url.href}: Invalid port or scheme in redirect target`,
    );
  }
  return local;
}

function connectionProblem(url: URL, error: Error): AcmeProblem {
  return new AcmeProblem('connection', 400, `127.0.0.1: Fetching ${url.href}: ${error.message}`);
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY) break;
  }
  return text;
}

function refused(url: URL, detail: string): AcmeProblem {
  return unauthorized(`127.0.0.1: ${detail} from ${url.href}`);
}
