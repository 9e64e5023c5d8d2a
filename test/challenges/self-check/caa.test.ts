import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CaaQuestion, climb, judgeCaa } from '../../../src/challenges/self-check/caa.ts';
import type { CaaRecord } from '../../../src/system/dns.ts';
import { assertPrintable } from '../../unit-kit/expect.ts';

const ACCOUNT = 'https://ca.example/acct/1';
const US: CaaQuestion = {
  identities: ['ca.example', 'ca.test'],
  isWildcard: false,
  type: 'http-01',
  accountUrl: ACCOUNT,
};

/** As in a zone file: 'issue ca.example', '! tag value' for a critical one. */
function records(...lines: readonly string[]): CaaRecord[] {
  return lines.map((line) => {
    const [, bang, tag = '', value = ''] = /^(! )?(\S+) ?(.*)$/.exec(line) ?? [];
    return { critical: bang !== undefined, tag, value };
  });
}

function judge(lines: readonly string[], more: Partial<CaaQuestion> = {}) {
  return judgeCaa({ owner: 'example.org', records: records(...lines) }, { ...US, ...more });
}

type Row = readonly [
  what: string,
  lines: readonly string[],
  code: string | undefined,
  more?: Partial<CaaQuestion>,
];

const WILD = { isWildcard: true };
const ROWS: readonly Row[] = [
  ['our name', ['issue ca.example'], undefined],
  ['another of our names, in capitals', ['ISSUE CA.Test'], undefined],
  ['one of several', ['issue other.example', 'issue ca.example'], undefined],
  ['another CA', ['issue other.example'], 'caa-forbids'],
  ['nobody', ['issue ;'], 'caa-forbids'],
  ['nobody, and we do not know our name', ['issue ;'], 'caa-forbids', { identities: [] }],
  ['another CA, and we do not know our name', ['issue other.example'], undefined, { identities: [] }],
  ['a value that is none', ['issue %%%%'], 'caa-forbids'],
  ['nothing of issuing', ['iodef mailto:a@example.org'], undefined],
  ['a wildcard, by issue', ['issue other.example'], 'caa-forbids', WILD],
  ['a wildcard, by issuewild', ['issue other.example', 'issuewild ca.example'], undefined, WILD],
  ['a wildcard that issuewild forbids', ['issue ca.example', 'issuewild ;'], 'caa-forbids', WILD],
  ['issuewild is not for other names', ['issuewild other.example'], undefined],
  ['our account', [`issue ca.example; accounturi=${ACCOUNT}`], undefined],
  ['another account', [`issue ca.example; accounturi=${ACCOUNT}0`], 'caa-account'],
  [
    'one account of two',
    [`issue ca.example;accounturi=x`, `issue ca.example;accounturi=${ACCOUNT}`],
    undefined,
  ],
  ['our method', ['issue ca.example; validationmethods=dns-01,http-01'], undefined],
  ['another method', ['issue ca.example; validationmethods=dns-01'], 'caa-method'],
  [
    'another method of another account',
    ['issue ca.example; accounturi=x; validationmethods=dns-01'],
    'caa-account',
  ],
  ['parameters of others', ['issue ca.example; policy=ev; x'], undefined],
  ['a critical tag that nobody knows', ['issue ca.example', '! tbs unknown'], 'caa-unknown'],
  ['a tag that nobody knows', ['issue ca.example', 'tbs unknown'], undefined],
  ['a critical one that all know', ['! issue ca.example', '! issuewild ;'], undefined],
];

for (const [what, lines, code, more] of ROWS) {
  test(`CAA: ${what}: ${code ?? 'fine'}`, () => assert.equal(judge(lines, more)?.code, code));
}

test('what is told of CAA', () => {
  assert.deepEqual(judge(['issue other.example', 'issue third.example', 'issue other.example; a=b']), {
    code: 'caa-forbids',
    owner: 'example.org',
    tag: 'issue',
    isCertain: false,
    allowed: ['other.example', 'third.example'],
    identities: US.identities,
  });
});

test('no byte of a record drives a terminal', () => {
  const bad = '\u001b[31m\u202e\n';
  for (const line of [`issue ${bad}`, `issue ca.example; accounturi=${bad}`, `! ${bad.trim()}x y`]) {
    assertPrintable(
      Object.values(judge([line]) ?? {})
        .flat()
        .join(''),
    );
  }
});

test('the closest name that has records counts, and no other is asked', async () => {
  const asked: string[] = [];
  const zone: Record<string, CaaRecord[]> = { 'example.org': records('issue a'), org: records('issue b') };
  const look = async (name: string) => {
    asked.push(name);
    return zone[name] ?? [];
  };
  assert.deepEqual(await climb('a.b.example.org', look), {
    owner: 'example.org',
    records: zone['example.org'],
  });
  assert.deepEqual(asked, ['a.b.example.org', 'b.example.org', 'example.org']);
  assert.equal(await climb('a.test', look), undefined);
});
