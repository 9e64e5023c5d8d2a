import { obtainCertificate } from '../issuance/order.ts';
import type { Lineage } from '../lineage/scan.ts';
import { checkChain } from '../x509/certificate.ts';
import { createCsr } from '../x509/csr.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import { generateKey, publicKeyOfPem } from '../x509/keys.ts';
import { checkLocal } from './check-local.ts';
import { scriptsOf } from './dehydrated.ts';
import { orderNews } from './order-news.ts';
import type { Work } from './work.ts';

/** Orders, validates, downloads and checks at a CA; keeps nothing. */
export async function rehearse(work: Work, lineage: Lineage, server: string): Promise<void> {
  const { edges, hooks } = work;
  const { name, settings } = lineage;
  await checkLocal(edges, settings);
  hooks.begun(settings.hooks?.post);
  await hooks.pre(settings.hooks?.pre, scriptsOf(settings));
  const connection = await work.sessions.of(server, settings.caBundle, settings.server);
  const identifiers = settings.names.map(parseIdentifier);
  const keyPem = await generateKey(settings.key);
  const { pem } = await obtainCertificate(
    connection,
    {
      identifiers,
      preferredChain: undefined,
      earlier: undefined,
      replaces: undefined,
      profile: undefined,
      timeoutMs: work.issuanceTimeoutMs,
    },
    await work.solverFor(name, settings),
    () => createCsr(keyPem, identifiers),
    {
      ...orderNews(work, lineage, connection),
      placed: async () => undefined,
    },
  );
  checkChain(pem, publicKeyOfPem(keyPem), settings.names, edges.clock.now());
  edges.emit({ type: 'dry-run-passed', lineage: name, server });
}
