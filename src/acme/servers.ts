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
  if (/^https?:\/\//.test(server) && URL.canParse(server)) return new URL(server).href;
  throw new EvercertError(
    'usage',
    `--server ${JSON.stringify(server)} is neither a URL nor the name of a CA`,
    `Give the URL of an ACME directory, or one of: ${[...SERVERS.keys()].join(', ')}.`,
  );
}

/** Where a dry run orders: the CA's staging service if it is known, else the CA itself. */
export function stagingUrl(directoryUrl: string): string {
  const name = [...SERVERS].find(([, url]) => url === directoryUrl)?.[0];
  return SERVERS.get(`${name}-staging`) ?? directoryUrl;
}
