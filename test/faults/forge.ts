import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { toPem } from '../support/acme-server/ca.ts';
import { createAuthority, type Tamper } from '../support/acme-server/index.ts';
import { defaultKnobs } from '../support/acme-server/knobs.ts';
import { issueLeaf } from '../support/acme-server/leaf.ts';
import type { Rewrite } from '../support/fault-proxy/index.ts';
import { NAME } from './site.ts';

/** Hands out a certificate of another CA for the key of the CSR that went by, spoiled. */
export async function forgeChain(tamper: Tamper): Promise<Rewrite> {
  const authority = await createAuthority('Forger');
  const knobs = { ...defaultKnobs(), tamper };
  let csr: Pkcs10CertificateRequest | undefined;
  return async (endpoint, reply, { payload }) => {
    if (endpoint === 'finalize') {
      const { csr: text } = payload as { csr: string };
      csr = new Pkcs10CertificateRequest(Buffer.from(text, 'base64url'));
    }
    if (endpoint !== 'certificate' || csr === undefined) return reply;
    const identifiers = [{ type: 'dns' as const, value: NAME }];
    const lifetimeSeconds = 90 * 86_400;
    const leaf = await issueLeaf(authority, knobs, { identifiers, csr, lifetimeSeconds, leadingZero: false });
    const issuer = tamper === 'unrelated-issuer' ? authority.unrelated : authority.intermediate;
    return { ...reply, body: toPem(leaf.certificate) + toPem(issuer.certificate) };
  };
}
