import { X509Certificate } from 'node:crypto';

/** The first certificate of a PEM text. */
export function leafDer(pem: string): Buffer {
  return new X509Certificate(pem).raw;
}
