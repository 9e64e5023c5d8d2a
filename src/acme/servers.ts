import { EvercertError } from '../errors.ts';

const SERVERS = new Map(
  Object.entries({
    letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
    'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
    zerossl: 'https://acme.zerossl.com/v2/DV90',
    google: 'https://dv.acme-v02.api.pki.goog/directory',
    'google-staging': 'https://dv.acme-v02.test-api.pki.goog/directory',
    buypass: 'https://api.buypass.com/acme/directory',
    'buypass-staging': 'https://api.test4.buypass.no/acme/directory',
    sslcom: 'https://acme.ssl.com/sslcom-dv-rsa',
    'sslcom-ecc': 'https://acme.ssl.com/sslcom-dv-ecc',
  }),
);

export const DEFAULT_SERVER = 'letsencrypt';

/**
 * A directory URL, of a URL or of a CA's short name.
 *
 * @throws EvercertError usage
 */
export function serverUrl(server: string): string {
  const known = SERVERS.get(server.toLowerCase());
  if (known !== undefined) return known;
  if (isAcmeUrl(server)) return new URL(server).href;
  throw new EvercertError(
    'usage',
    `--server ${JSON.stringify(server)} is neither an https URL nor the name of a CA`,
    `Give the URL of an ACME directory, or one of: ${[...SERVERS.keys()].join(', ')}.`,
  );
}

/** HTTPS (RFC 8555 section 6.1), except to this machine. */
function isAcmeUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}

/** Where a dry run orders: the CA's staging service if it is known, else the CA itself. */
export function stagingUrl(directoryUrl: string): string {
  const name = [...SERVERS].find(([, url]) => url === directoryUrl)?.[0];
  return SERVERS.get(`${name}-staging`) ?? directoryUrl;
}
