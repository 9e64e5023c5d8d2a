import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { certificatePem, splitCertificates } from '../../src/x509/pem.ts';
import { attempt, failure } from '../unit-kit/expect.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const one = certificatePem(
  Buffer.from('a certificate of no meaning, longer than one line of base64 would be'),
);
const two = certificatePem(Buffer.from('another'));

test('PEM has lines of 64, line feeds and one at the end', () => {
  const lines = certificatePem(new Uint8Array(100)).split('\n');
  assert.deepEqual(
    lines.map((line) => line.length),
    [27, 64, 64, 8, 25, 0],
  );
});

const TAKEN: Record<string, string> = {
  'as we write it': one + two,
  'line feeds before, between and after': `\n\n${one}\n\n${two}\n`,
  'carriage returns': (one + two).replaceAll('\n', '\r\n'),
  'no final line feed': (one + two).trimEnd(),
  'lines of another length': one.replace(/(?<![-])\n/g, '') + two,
};

for (const [name, text] of Object.entries(TAKEN)) {
  test(`taken, and given back in one form: ${name}`, () => {
    assert.deepEqual(splitCertificates(text), [one, two]);
  });
}

const REFUSED: Record<string, string> = {
  nothing: '',
  'line feeds alone': '\n\n',
  text: '<html></html>',
  'text before': `x${one}`,
  'text between': `${one}x\n${two}`,
  'text after': `${one}x`,
  'a space after': `${one} `,
  'text on the line of the end': one.replace('END CERTIFICATE-----', 'END CERTIFICATE----- x'),
  'no base64': one.replace(/\n.{10}/, '\nnot base64'),
  'no end': one.replace('-----END', ''),
  'a torn end': one.slice(0, -3),
  'an empty block': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  'another kind of block': one.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
  'a private key after it': `${one}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
  'too many': one.repeat(13),
  'too large': `${one}${'\n'.repeat(256 * 1024)}`,
};

for (const [name, text] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, () => {
    failure(() => splitCertificates(text), 'chain-bad');
  });
}

test('twelve certificates are not too many', () => {
  assert.equal(splitCertificates(one.repeat(12)).length, 12);
});

test('property: round trip', () => {
  const der = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(fc.array(der, { minLength: 1, maxLength: 12 }), (ders) => {
      const blocks = ders.map(certificatePem);
      assert.deepEqual(splitCertificates(blocks.join('')), blocks);
      assert.deepEqual(splitCertificates(blocks.join('\r\n').trim()), blocks);
    }),
  );
});

test('property: any text is refused, or certificates in one form', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      one,
      two,
      '-----BEGIN CERTIFICATE-----\n',
      '-----END CERTIFICATE-----',
      '\n',
      '\r\n',
      'AAAA',
      '=',
    ),
    hostileText(5),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
      const found = attempt(() => splitCertificates(pieces.join('')), 'chain-bad');
      if (found !== undefined) assert.deepEqual(splitCertificates(found.join('')), found);
    }),
    { numRuns: 500 },
  );
});

test('hostile texts of full size take no longer than reading them', { timeout: 2000 }, () => {
  const begin = '-----BEGIN CERTIFICATE-----\n';
  for (const text of ['A', '\n', 'A\n', '-', begin].map(
    (part) => begin + part.repeat(250_000 / part.length),
  )) {
    failure(() => splitCertificates(text), 'chain-bad');
  }
});
