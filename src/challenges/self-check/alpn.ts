import { createHash } from 'node:crypto';
import type { Fault, Place } from '../../events.ts';
import type { AlpnAnswer } from '../../system/alpn-probe.ts';
import type { Unreached } from '../../system/reach.ts';
import type { Outcome } from './http.ts';

/** RFC 8737 section 6.2. */
export const ACME_TLS = 'acme-tls/1';

/** id-pe-acmeIdentifier 1.3.6.1.5.5.7.1.31, and `critical` TRUE: DER. */
const CRITICAL_IDENTIFIER = Buffer.from('06082b0601050507011f0101ff', 'hex');
/** An OCTET STRING in one, with 32 bytes. */
const DIGEST_FOLLOWS = Buffer.from('04220420', 'hex');

/** Whether the handshake shows the certificate of this challenge (RFC 8737 section 3). */
export function judgeAlpn(sighting: AlpnAnswer | Unreached, keyAuthorization: string, place: Place): Outcome {
  if (sighting.kind === 'none') return unreached(sighting, place);
  if (sighting.protocol !== ACME_TLS) return fault({ code: 'alpn-refused', ...place });
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const extension = Buffer.concat([CRITICAL_IDENTIFIER, DIGEST_FOLLOWS, digest]);
  if (sighting.leaf?.includes(extension)) return { kind: 'fine' };
  return fault({ code: 'alpn-wrong-certificate', ...place });
}

/** A server that knows no such protocol refuses the handshake. */
function unreached({ how }: Unreached, place: Place): Outcome {
  if (how === 'no-route') return { kind: 'unknown' };
  if (how === 'no-tls' || how === 'cut-off') return fault({ code: 'alpn-refused', ...place });
  return fault({ code: 'no-answer', how, ...place });
}

function fault(found: Fault): Outcome {
  return { kind: 'fault', fault: found };
}
