import { EvercertError } from '../errors.ts';

const MAX_CHAIN_BYTES = 256 * 1024;
const MAX_CERTIFICATES = 12;
const BLOCK = /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+?)-----END CERTIFICATE-----(?:\r?\n|$)/y;

/**
 * Splits a chain as a CA sends it (RFC 8555 section 9.1): certificates and nothing else, the leaf first. Each is
 * returned in one canonical form: lines of 64 characters, line feeds, one at the end.
 *
 * @throws EvercertError chain-bad: size, garbage, no certificate
 */
export function splitCertificates(text: string): string[] {
  if (text.length > MAX_CHAIN_BYTES) throw badChain(`it is larger than ${MAX_CHAIN_BYTES} bytes`);
  const found: string[] = [];
  BLOCK.lastIndex = skipLineFeeds(text, 0);
  for (let match = BLOCK.exec(text); match !== null; match = BLOCK.exec(text)) {
    found.push(certificatePem(Buffer.from(match[1] ?? '', 'base64')));
    if (found.length > MAX_CERTIFICATES)
      throw badChain(`it holds more than ${MAX_CERTIFICATES} certificates`);
    const next = skipLineFeeds(text, BLOCK.lastIndex);
    if (next === text.length) return found;
    BLOCK.lastIndex = next;
  }
  throw badChain(
    found.length === 0
      ? 'it holds no certificate'
      : `something else stands after certificate ${found.length}`,
  );
}

/** RFC 8555's own example has empty lines between the certificates. */
function skipLineFeeds(text: string, from: number): number {
  let at = from;
  while (text[at] === '\n' || text[at] === '\r') at += 1;
  return at;
}

/** PEM with a final line feed, so that blocks can be joined. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The DER of a single block, as certificatePem writes it. */
export function certificateDer(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
}

function badChain(why: string): EvercertError {
  return new EvercertError(
    'chain-bad',
    `the certificate chain cannot be used: ${why}`,
    'Nothing was deployed. If the CA sent it, try again later or use another one.',
  );
}
