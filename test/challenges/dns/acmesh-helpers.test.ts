import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { describe, type TestContext, test } from 'node:test';
import { skipWithout } from '../../support/rig/requirements.ts';
import { issueChain, rsaKey } from '../../unit-kit/chains.ts';
import { rejection } from '../../unit-kit/expect.ts';
import { listenOn } from '../../unit-kit/listen.ts';
import everyHelper from './acmesh/dns_everyhelper.sh';
import { scene, scriptOf } from './acmesh/scene.ts';
import { CHALLENGE, type Shell, setStage } from './acmesh/stage.ts';
import { echo } from './acmesh/txt-api.ts';

/** What the scripts of acme.sh call and read. */
const HELPERS =
  `_err _debug _debug2 _debug3 _secure_debug _secure_debug2 _secure_debug3 _info _readaccountconf_mutable
  _saveaccountconf_mutable _post _get _contains _math _egrep_o _head_n _base64 _normalizeJson _tail_n _lower_case
  _url_encode _sleep _saveaccountconf _savedomainconf _hmac _hex_dump _digest _readdomainconf _clearaccountconf_mutable
  _time _endswith _startswith __green _exists _dbase64 _clearaccountconf _idn _cleardomainconf _sign _mktemp _log
  _getfield _utc_date _upper_case _sed_i _readaccountconf _usage _url_replace _resethttp _ns_lookup _json_decode _isRSA
  _h2b _fingerprint __red HTTP_HEADER HTTPS_INSECURE ACME_OPENSSL_BIN LE_CONFIG_HOME`
    .split(/\s+/)
    .sort();

const SHELLS: readonly Shell[] = ['dash', 'bash', 'busybox'];
const OTHER = '_acme-challenge.example.test';

function checked(output: string): string[] {
  return [...new Set([...output.matchAll(/^checked: (\w+)$/gm)].map(([, name]) => name ?? ''))].sort();
}

async function everyHelperVariables(t: TestContext): Promise<Record<string, string>> {
  const { keyPem: key, chain: cert } = await issueChain(['api.example.test']);
  const gone = createServer();
  const url = async (server: ReturnType<typeof createServer>) => `127.0.0.1:${await listenOn(t, server)}`;
  const api = `http://${await url(createServer(echo))}`;
  const closed = await url(gone);
  await new Promise((resolve) => gone.close(resolve));
  const der = createPublicKey(rsaKey).export({ type: 'spki', format: 'der' });
  return {
    EH_API: api,
    EH_API_GONE: `http://${closed}`,
    EH_API_TLS: `https://${await url(createSecureServer({ key, cert }, echo))}`,
    ACMESH_DOH_URL: `${api}/dns-query`,
    EH_RSA: rsaKey,
    EH_SIGNATURE: sign('sha256', Buffer.from('abc'), createPrivateKey(rsaKey)).toString('base64'),
    EH_FINGERPRINT: createHash('md5')
      .update(der)
      .digest('hex')
      .replace(/..(?!$)/g, '$&:'),
  };
}

for (const shell of SHELLS) {
  describe(shell, { concurrency: 3, skip: skipWithout([shell, 'curl', 'openssl']) }, () => {
    test('every helper does what scripts expect of it', async (t) => {
      const stage = setStage(t, shell, { dns_everyhelper: everyHelper });
      await stage.call('dns_everyhelper', 'add', {}, await everyHelperVariables(t));
      assert.deepEqual(
        HELPERS.filter((name) => !checked(stage.last().output).includes(name)),
        [],
      );
      assert.deepEqual(stage.leftovers(), []);
    });

    test('base name and wildcard stand together; what is removed is that one value', async (t) => {
      const { api, call, credentials } = await scene(t, shell);
      api.put(OTHER, 'of somebody else');
      await call('dns_evertest', 'add', { name: OTHER, value: 'one' }, credentials);
      await call('dns_evertest', 'add', { name: OTHER, value: 'two' }, credentials);
      assert.deepEqual(api.values(OTHER), ['of somebody else', 'one', 'two']);
      await call('dns_evertest', 'remove', { name: OTHER, value: 'one' }, credentials);
      await call('dns_evertest', 'remove', { name: OTHER, value: 'one' }, credentials);
      assert.deepEqual(api.values(OTHER), ['of somebody else', 'two']);
    });

    test('nothing in a name or a value is code', async (t) => {
      const stage = setStage(t, shell, { dns_t: scriptOf('_err "got <$1> <$2>"') });
      const hostile = '\'"; touch tmp/x; $(touch tmp/x) `touch tmp/x` \\ * -n %s $HOME';
      const record = {
        name: `a.${hostile}`,
        value: `-${hostile}`,
        challenge: { ...CHALLENGE, name: hostile },
      };
      const error = await rejection(stage.call('dns_t', 'add', record, { T_Text: hostile }), 'dns-provider');
      assert.match(error.message, /got <a\.\*\*\*> <-\*\*\*>/, 'a value of the credentials is not shown');
      await rejection(stage.call('dns_t', 'add', record), 'dns-provider');
      assert.ok(stage.last().output.includes(`got <a.${hostile}> <-${hostile}>`));
      assert.deepEqual(stage.leftovers(), []);
    });
  });
}

describe('wget', { skip: skipWithout(['dash', 'wget', 'openssl']) }, () => {
  test('wget does all that curl does', async (t) => {
    const stage = setStage(t, 'dash', { dns_everyhelper: everyHelper }, ['wget']);
    await stage.call('dns_everyhelper', 'add', {}, await everyHelperVariables(t));
  });
});
