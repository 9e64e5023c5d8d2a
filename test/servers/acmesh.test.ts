import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, succeeds } from './kit.ts';

const NAME = 'w.example.test';
const RECORD = `_acme-challenge.${NAME}`;

/** In acme.sh's style, for the DNS server that Pebble asks. */
const SCRIPT = `#!/usr/bin/env sh
dns_test_add() {
  _info "adding $1"
  _test_tell set-txt "{\\"host\\":\\"$1.\\",\\"value\\":\\"$2\\"}"
}
dns_test_rm() {
  _test_tell clear-txt "{\\"host\\":\\"$1.\\"}"
}
_test_tell() {
  TEST_Api="\${TEST_Api:-$(_readaccountconf_mutable TEST_Api)}"
  if [ -z "$TEST_Api" ]; then
    _err "You didn't specify TEST_Api."
    return 1
  fi
  _saveaccountconf_mutable TEST_Api "$TEST_Api"
  response="$(_post "$2" "$TEST_Api/$1" "" POST application/json)" || return 1
  _code="$(grep '^HTTP' "$HTTP_HEADER" | _tail_n 1 | cut -d ' ' -f 2)"
  [ "$_code" = 200 ]
}
`;

describe("acme.sh's scripts at Pebble", { skip: skipWithout(['pebble', 'curl']) }, () => {
  test('a name and its wildcard, now and at the renewal; credentials by file, or by variables', async (t) => {
    const { pebble, scratch, certonly, renew, lineage, list } = await breakGround(t);
    const { dns } = pebble;
    assert.ok(dns);
    const acmeHome = join(scratch, '.acme.sh');
    mkdirSync(join(acmeHome, 'dnsapi'), { recursive: true, mode: 0o755 });
    writeFileSync(join(acmeHome, 'dnsapi', 'dns_test.sh'), SCRIPT, { mode: 0o644 });
    const credentials = join(scratch, 'dns_test.conf');
    writeFileSync(credentials, `ACMESH_HOME='${acmeHome}'\nTEST_Api='${dns.managementUrl}'\n`, {
      mode: 0o600,
    });
    // Nothing that a CA asks is a zone there: nobody could be asked whether it has the record.
    const none = ['--dns-propagation-timeout', '0'];
    const flags = ['--dns', 'acmesh:dns_test', '--dns-resolvers', dns.address, ...none];

    const missing = await certonly(NAME, flags, { env: { HOME: scratch } });
    assert.equal(missing.status, 1);
    assert.match(
      missing.stderr,
      /dns_test_add for _acme-challenge\.w\.example\.test: You didn't specify TEST_Api\./,
    );

    await succeeds(certonly(`${NAME},*.${NAME}`, [...flags, '--dns-credentials', credentials]));
    await succeeds(renew(['--force-renewal']));
    assert.equal(lineage(NAME).version, '0002');
    assert.match(lineage(NAME).certificate.subjectAltName ?? '', /DNS:\*\.w\.example\.test/);

    const env = { HOME: scratch, TEST_Api: dns.managementUrl };
    await succeeds(certonly('v.example.test', flags, { env }));
    assert.deepEqual(list('challenges'), []);
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([dns.address]);
    assert.deepEqual(await resolver.resolveTxt(RECORD).catch(() => []), []);
  });
});
