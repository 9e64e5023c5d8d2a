import type { Pkcs10CertificateRequest } from '@peculiar/x509';
import * as v from 'valibot';
import { toPem } from './ca.ts';
import { readCsr } from './csr.ts';
import type { SignedRequest } from './jws.ts';
import { issueLeaf } from './leaf.ts';
import { orderReply, ownOrder } from './orders.ts';
import { check } from './parse.ts';
import { AcmeProblem } from './problem.ts';
import type { Reply } from './reply.ts';
import type { IssuedCertificate, Order, ServerContext } from './state.ts';

const finalizeSchema = v.object({ csr: v.string() });
const DEFAULT_LIFETIME = 90 * 86_400;

/** finalize, RFC 8555 section 7.4: checks the CSR, answers `processing`, issues later. */
export async function finalize(context: ServerContext, request: SignedRequest, id: string): Promise<Reply> {
  const order = ownOrder(context, request, id);
  const { csr: text } = check(finalizeSchema, request.payload, 'finalize');
  assertReady(order);
  const csr = await readCsr(text, order.identifiers, order.account.key.key);
  assertReady(order);
  order.status = 'processing';
  context.timers.later(context.knobs.finalizeDelayMs, () => void issue(context, order, csr));
  return orderReply(context, order, 200);
}

function assertReady({ status }: Order): void {
  if (status === 'ready') return;
  throw new AcmeProblem('orderNotReady', 403, `The order is "${status}", not "ready"`);
}

async function issue(context: ServerContext, order: Order, csr: Pkcs10CertificateRequest): Promise<void> {
  const { issuanceProblem } = context.knobs;
  if (issuanceProblem) {
    fail(order, issuanceProblem);
    return;
  }
  try {
    order.certificate = await createCertificate(context, order, csr);
    order.status = 'valid';
  } catch (error) {
    fail(order, { type: 'urn:ietf:params:acme:error:serverInternal', detail: String(error) });
  }
}

function fail(order: Order, error: NonNullable<Order['error']>): void {
  order.status = 'invalid';
  order.error = error;
}

async function createCertificate(
  context: ServerContext,
  order: Order,
  csr: Pkcs10CertificateRequest,
): Promise<IssuedCertificate> {
  const id = context.nextId();
  const lifetimeSeconds = context.knobs.profiles[order.profile ?? ''] ?? DEFAULT_LIFETIME;
  const { identifiers, account } = order;
  const leadingZero = context.certificates.size % 2 === 0;
  const leaf = await issueLeaf(context.authority, context.knobs, {
    identifiers,
    csr,
    lifetimeSeconds,
    leadingZero,
  });
  const issued: IssuedCertificate = {
    id,
    url: `${context.baseUrl}/acme/certificate/${id}`,
    account,
    identifiers,
    ariId: leaf.ariId,
    der: leaf.der,
    pem: toPem(leaf.certificate),
    serialHex: leaf.certificate.serialNumber,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
  };
  context.certificates.set(id, issued);
  context.certificatesByAriId.set(issued.ariId, issued);
  return issued;
}
