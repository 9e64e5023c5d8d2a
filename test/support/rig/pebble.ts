import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { createAuthority } from './authority.ts';
import { startValidationDns, type ValidationDns } from './challtestsrv.ts';
import { providePebble } from './pebble-package.ts';
import { freePort } from './ports.ts';
import { startServer } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

export interface PebbleOptions {
  /** The port Pebble sends http-01 requests to. Default: a free one, see `Pebble.httpPort`. */
  readonly httpPort?: number;
  /** The same for tls-alpn-01. */
  readonly tlsPort?: number;
  /** Every challenge succeeds unlooked. Default: false. */
  readonly alwaysValid?: boolean;
  /** No random sleep before a validation. Default: true. */
  readonly noSleep?: boolean;
  /** Percentage of good nonces refused. Default: 0. */
  readonly nonceReject?: number;
  /** Percentage of valid authorizations used again in new orders. Default: 0. */
  readonly authzReuse?: number;
  readonly strict?: boolean;
  /** Key id -> base64url MAC key; when given, accounts must be bound to one of them. */
  readonly eab?: Readonly<Record<string, string>>;
  readonly profiles?: Readonly<Record<string, PebbleProfile>>;
  /** Seconds, sent with authorizations and orders that are still processing. Default: 1 each. */
  readonly retryAfter?: { readonly authz: number; readonly order: number };
  /** Number of further roots, each with a chain of its own offered as alternate. Default: 0. */
  readonly alternateRoots?: number;
  /** Intermediates between leaf and root. Default: 1. */
  readonly chainLength?: number;
  readonly ordersPerPage?: number;
  /** Of Pebble's own keys. Default: ecdsa. */
  readonly keyAlgorithm?: 'ecdsa' | 'rsa';
  readonly domainBlocklist?: readonly string[];
  /** What CAA records and records of dns-persist-01 call this CA. */
  readonly caaIdentities?: readonly string[];
  readonly ocspResponderUrl?: string;
  /** ADDRESS:PORT of the resolver that Pebble validates with, instead of a DNS server of its own. */
  readonly dnsServer?: string;
}

export interface PebbleProfile {
  readonly description: string;
  /** Seconds. */
  readonly validityPeriod: number;
}

export interface Pebble {
  readonly directoryUrl: string;
  readonly managementUrl: string;
  /** Path of the PEM root of Pebble's own TLS certificate (not of the certificates that it issues). */
  readonly caBundle: string;
  /** The root of what it issues; a higher index asks for the alternate roots. */
  readonly rootPem: (index?: number) => Promise<string>;
  readonly intermediatePem: (index?: number) => Promise<string>;
  /** What Pebble is to say from now on, when it is asked when to renew this certificate (PEM). */
  readonly setRenewalInfo: (certificate: string, answer: object) => Promise<void>;
  /** What Pebble knows of a certificate by its hexadecimal serial number, e.g. `{ Status: 'Revoked', Reason: 4 }`. */
  readonly certificateStatus: (serial: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Absent with `dnsServer`, and with a Pebble of the system that ships without its DNS server. */
  readonly dns: ValidationDns | undefined;
  readonly version: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts Let's Encrypt's test CA on free loopback ports, with a DNS server of its own. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const { pebble, challtestsrv, version } = providePebble();
  const scratch = scratchDirectory('pebble');
  const [port, managementPort] = [await freePort(), await freePort()];
  const { httpPort = await freePort(), tlsPort = await freePort() } = options;
  const caBundle = join(scratch.directory, 'ca.pem');
  const root = await writeCertificates(scratch.directory, caBundle);
  const config = pebbleConfig({ ...options, httpPort, tlsPort }, scratch.directory, port, managementPort);
  writeFileSync(join(scratch.directory, 'config.json'), JSON.stringify({ pebble: config }));
  const { dnsServer } = options;
  const dns =
    challtestsrv === undefined || dnsServer !== undefined
      ? undefined
      : await startValidationDns(challtestsrv);
  const resolver = dnsServer ?? dns?.address;
  const server = await startServer({
    command: pebble,
    args: [
      ...['-config', join(scratch.directory, 'config.json')],
      ...(resolver ? ['-dnsserver', resolver] : []),
      ...(options.strict ? ['-strict'] : []),
    ],
    env: pebbleEnvironment(options),
    ports: [port, managementPort],
  });
  const managementUrl = `https://127.0.0.1:${managementPort}`;
  const ask = (path: string, body?: object): Promise<string> =>
    exchange(`${managementUrl}/${path}`, root, body);
  const stop = async (): Promise<void> => {
    await Promise.all([server.stop(), dns?.stop()]);
    scratch.remove();
  };
  return {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    managementUrl,
    caBundle,
    rootPem: (index = 0) => ask(`roots/${index}`),
    intermediatePem: (index = 0) => ask(`intermediates/${index}`),
    setRenewalInfo: async (certificate, answer) => {
      const ARIResponse = JSON.stringify(answer);
      await ask('set-renewal-info/', { Certificate: certificate, ARIResponse });
    },
    certificateStatus: async (serial) => JSON.parse(await ask(`cert-status-by-serial/${serial}`)),
    httpPort,
    tlsPort,
    dns,
    version,
    log: server.log,
    stop,
  };
}

async function writeCertificates(directory: string, caBundle: string): Promise<string> {
  const authority = await createAuthority('Pebble TLS');
  const { key, certificate } = await authority.issue(['localhost', '127.0.0.1']);
  writeFileSync(caBundle, authority.root);
  writeFileSync(join(directory, 'cert.pem'), certificate);
  writeFileSync(join(directory, 'key.pem'), key);
  return authority.root;
}

function pebbleConfig(
  options: PebbleOptions,
  directory: string,
  port: number,
  managementPort: number,
): Record<string, unknown> {
  return {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: join(directory, 'cert.pem'),
    privateKey: join(directory, 'key.pem'),
    httpPort: options.httpPort,
    tlsPort: options.tlsPort,
    ocspResponderURL: options.ocspResponderUrl ?? '',
    externalAccountBindingRequired: options.eab !== undefined,
    externalAccountMACKeys: options.eab,
    domainBlocklist: options.domainBlocklist,
    caaIdentities: options.caaIdentities,
    retryAfter: options.retryAfter ?? { authz: 1, order: 1 },
    keyAlgorithm: options.keyAlgorithm ?? 'ecdsa',
    profiles: options.profiles,
  };
}

function pebbleEnvironment(options: PebbleOptions): Record<string, string> {
  return {
    PEBBLE_VA_NOSLEEP: options.noSleep === false ? '' : '1',
    PEBBLE_VA_ALWAYS_VALID: options.alwaysValid ? '1' : '',
    PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
    PEBBLE_AUTHZREUSE: String(options.authzReuse ?? 0),
    PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots ?? 0),
    PEBBLE_CHAIN_LENGTH: String(options.chainLength ?? 1),
    PEBBLE_WFE_ORDERS_PER_PAGE: String(options.ordersPerPage ?? 3),
  };
}

/** GET; POST of JSON when there is a body. */
function exchange(url: string, ca: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'user-agent': 'evercert rig' };
    const outgoing = request(url, { ca, agent: false, method, headers }, async (response) => {
      let answer = '';
      for await (const part of response.setEncoding('utf8')) answer += part;
      if (response.statusCode === 200) resolve(answer);
      else reject(new Error(`${url}: ${response.statusCode} ${answer}`));
    });
    outgoing.once('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}
