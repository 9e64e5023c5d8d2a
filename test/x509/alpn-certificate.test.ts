import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { createAlpnCertificate } from '../../src/x509/alpn-certificate.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const NAMES = {
  'www.example.com': 'DNS:www.example.com',
  '192.0.2.1': 'IP Address:192.0.2.1',
  '2001:db8::1': 'IP Address:2001:DB8:0:0:0:0:0:1',
};

for (const [name, expected] of Object.entries(NAMES)) {
  test(`the certificate is for ${name} alone, and for its key authorization`, async () => {
    const { key, certificate } = await createAlpnCertificate(parseIdentifier(name), 'token.thumb', NOW);
    const leaf = new X509Certificate(certificate);
    assert.equal(leaf.subjectAltName, expected);
    assert.ok(leaf.checkPrivateKey(createPrivateKey(key)));
    assert.ok(leaf.verify(leaf.publicKey));
    assert.deepEqual([leaf.ca, leaf.publicKey.asymmetricKeyDetails?.namedCurve], [false, 'prime256v1']);
    assert.ok(Date.parse(leaf.validFrom) < NOW - HOUR_MS && Date.parse(leaf.validTo) > NOW + HOUR_MS);
    const extension = new x509.X509Certificate(certificate).getExtension('1.3.6.1.5.5.7.1.31');
    assert.equal(extension?.critical, true);
    const digest = createHash('sha256').update('token.thumb').digest('hex');
    assert.equal(Buffer.from(extension.value).toString('hex'), `0420${digest}`);
  });
}
