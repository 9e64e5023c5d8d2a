import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAws } from '../../../src/challenges/dns/aws-sigv4.ts';
import type { ProviderRequest } from '../../../src/challenges/dns/provider.ts';

const KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
};
const SCOPE = { region: 'us-east-1', service: 'service' };
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0);
const GET = { method: 'GET', url: 'https://example.amazonaws.com/' } as const;
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';

const signatureOf = ({ headers }: ProviderRequest) =>
  /Signature=([0-9a-f]{64})$/.exec(headers?.authorization ?? '')?.[1];

/** The published test suite of AWS (aws-sig-v4-test-suite). */
const VECTORS: readonly [name: string, request: ProviderRequest, signature: string][] = [
  ['get-vanilla', GET, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-vanilla-query-order-key-case',
    { ...GET, url: `${GET.url}?Param2=value2&Param1=value1` },
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-utf8-query',
    { ...GET, url: `${GET.url}?ሴ=bar` },
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'get-vanilla-query-order-value',
    { ...GET, url: `${GET.url}?Param1=value2&Param1=value1` },
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ],
  [
    'get-header-value-trim',
    { ...GET, headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' } },
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-vanilla',
    { ...GET, method: 'POST' },
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'post-x-www-form-urlencoded',
    {
      ...GET,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
    },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

for (const [name, request, signature] of VECTORS)
  test(`signature of ${name}`, () =>
    assert.equal(signatureOf(signAws(request, KEYS, SCOPE, NOW)), signature));

test('the whole header, and a session token, which is signed too', () => {
  const plain = signAws(GET, KEYS, SCOPE, NOW);
  assert.equal(
    plain.headers?.authorization,
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  );
  const { headers } = signAws({ ...GET, method: 'POST' }, { ...KEYS, sessionToken: TOKEN }, SCOPE, NOW);
  assert.equal(headers?.['x-amz-security-token'], TOKEN);
  assert.match(headers?.authorization ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token, /);
  assert.match(
    headers?.authorization ?? '',
    /=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead$/,
  );
});
