import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { acmeshProvider } from '../../../src/challenges/dns/providers/acmesh.ts';
import { skipWithout } from '../../support/rig/requirements.ts';
import { issueChain, rsaKey } from '../../unit-kit/chains.ts';
import { assertPrintable, failure, rejection } from '../../unit-kit/expect.ts';
import { listenOn } from '../../unit-kit/listen.ts';
import everTest from './acmesh/dns_evertest.sh';
import everyHelper from './acmesh/dns_everyhelper.sh';
import { CHALLENGE, NAME, type Shell, type Stage, setStage } from './acmesh/stage.ts';
import { echo, startTxtApi, TOKEN, type TxtApi, USER } from './acmesh/txt-api.ts';

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

const scriptOf = (add: string, rm = ':') => `dns_t_add() {\n${add}\n}\ndns_t_rm() {\n${rm}\n}\n`;

interface Scene extends Stage {
  readonly api: TxtApi;
  readonly credentials: Readonly<Record<string, string>>;
}

async function scene(
  t: TestContext,
  shell: Shell = 'dash',
  http?: readonly string[],
  beforeAnswer?: () => Promise<void>,
): Promise<Scene> {
  const api = await startTxtApi(t, beforeAnswer);
  const stage = setStage(t, shell, { dns_evertest: everTest }, http);
  return { ...stage, api, credentials: { ET_Api: api.url, ET_Token: TOKEN } };
}

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

describe('acmesh', { concurrency: 3, skip: skipWithout(['dash', 'curl', 'openssl']) }, () => {
  test('what the script says is why; no secret is told, though the provider sends it back', async (t) => {
    const { call, credentials } = await scene(t);
    const wrong = { ...credentials, ET_Token: 'no-"such"\\token', DEBUG: '3' };
    const error = await rejection(call('dns_evertest', 'add', {}, wrong), 'dns-provider');
    assert.match(
      error.message,
      /^dns_evertest_add for _acme-challenge\.www\.example\.test: the API says 401: /,
    );
    assert.match(error.details.join('\n'), /Bearer \*\*\*[\s\S]*no zone for/);
    assert.doesNotMatch(JSON.stringify(error), /such.*token/);
    for (const line of [error.message, ...error.details]) assertPrintable(line);
  });

  test('an API that cannot be reached, or a zone that is not there, is an error of the provider', async (t) => {
    const { api, call, credentials } = await scene(t);
    const nowhere = { ...credentials, ET_Api: 'http://127.0.0.1:1' };
    const error = await rejection(call('dns_evertest', 'remove', {}, nowhere), 'dns-provider');
    assert.match(error.message, /dns_evertest_rm for .*HTTP request failed: .*127\.0\.0\.1/);
    await rejection(
      call('dns_evertest', 'add', { name: '_acme-challenge.other.test' }, credentials),
      'dns-provider',
    );
    const missing = await rejection(call('dns_evertest', 'add', {}, { ET_Api: api.url }), 'dns-provider');
    assert.match(missing.message, /You didn't specify ET_Token/);
  });

  test('while it runs, no argument list has a secret or our script', async (t) => {
    const seen: string[] = [];
    const { call, credentials, api } = await scene(t, 'dash', ['curl'], async () => {
      seen.push(...argumentLists());
    });
    await call('dns_evertest', 'add', {}, credentials);
    const { ET_Api } = credentials;
    await call('dns_evertest', 'add', {}, { ET_Api: ET_Api ?? '', ...login() });
    assert.equal(api.logins(), 1);
    assert.ok(seen.some((list) => list.includes('curl\0--config\0-')));
    assert.deepEqual(
      seen.filter((list) => [TOKEN, USER.password, '__ec_'].some((secret) => list.includes(secret))),
      [],
    );
  });

  test('no program that a helper runs has a secret among its arguments', async (t) => {
    const script = scriptOf(`
      hex=$(printf %s "$T_Secret" | _hex_dump | tr -d ' ')
      { printf x | _hmac sha256 "$hex" hex && printf %s "$T_Secret" | _digest sha1 && _getfield "$T_Secret" 1 -; } >/dev/null
      _contains "$T_Secret" "$T_Secret" && _startswith "$T_Secret" "$T_Secret" && _endswith "$T_Secret" "$T_Secret" || return 1
      printf '%s' "{\\"a\\": \\"$T_Secret\\"}" | _normalizeJson | _json_decode | _url_encode | _base64 | _dbase64 >/dev/null
      _saveaccountconf_mutable T_Obtained "$T_Secret"
      _savedomainconf T_Obtained "$(printf '%s\\n%s' "$T_Secret" "$T_Secret")"
      [ "$(_readaccountconf_mutable T_Obtained)" = "$T_Secret" ] && _readdomainconf T_Obtained >/dev/null
      _H1="Authorization: $T_Secret"
      _get "$T_Api/?$T_Secret" >/dev/null && _post "$T_Secret" "$T_Api/" >/dev/null`);
    for (const http of ['curl', 'wget']) {
      const stage = setStage(t, 'dash', { dns_t: script }, [http]);
      const api = await listenOn(t, createServer(echo));
      const argumentsOf = stage.spied();
      await stage.call('dns_t', 'add', {}, { T_Secret: 'sesame-4711', T_Api: `http://127.0.0.1:${api}` });
      const seen = argumentsOf();
      assert.match(seen, new RegExp(`^${http} --config`, 'm'));
      assert.doesNotMatch(seen, /sesame|736573616d65/);
    }
  });

  test('wget does where there is no curl; where there is neither, that is said', async (t) => {
    if (skipWithout(['wget'])) return;
    const { api, call, credentials } = await scene(t, 'dash', ['wget']);
    await call('dns_evertest', 'add', {}, credentials);
    assert.deepEqual(api.values(NAME), ['value']);
    await call('dns_evertest', 'remove', {}, credentials);
    assert.deepEqual(api.values(NAME), []);
    const error = await rejection(
      call('dns_evertest', 'add', {}, { ...credentials, ET_Token: 'x' }),
      'dns-provider',
    );
    assert.match(error.message, /the API says 401/);
    const bare = await scene(t, 'dash', []);
    const none = await rejection(bare.call('dns_evertest', 'add', {}, bare.credentials), 'dns-provider');
    assert.match(none.message, /neither curl nor GNU wget is installed/);
  });

  test('wget does all that curl does', { skip: skipWithout(['wget']) }, async (t) => {
    const stage = setStage(t, 'dash', { dns_everyhelper: everyHelper }, ['wget']);
    await stage.call('dns_everyhelper', 'add', {}, await everyHelperVariables(t));
  });

  test('what a script obtains is kept for its next run, and what it was given is not', async (t) => {
    const { api, call, stateDir } = await scene(t);
    const credentials = { ET_Api: api.url, ...login() };
    await call('dns_evertest', 'add', { value: 'one' }, credentials);
    await call('dns_evertest', 'add', { value: 'two' }, credentials);
    assert.equal(api.logins(), 1);
    const file = join(stateDir, 'dns_evertest.conf');
    assert.equal(readFileSync(file, 'utf8'), `SAVED_ET_Token='${TOKEN}'\n`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(stateDir).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(stateDir), ['dns_evertest.conf']);
  });

  test('where nothing can be kept, the record is made all the same', async (t) => {
    const { api, call, stateDir, last } = await scene(t);
    writeFileSync(stateDir, 'no directory');
    await call('dns_evertest', 'add', {}, { ET_Api: api.url, ...login() });
    assert.match(last().output, /ET_Token cannot be kept in/);
    assert.deepEqual(api.values(NAME), ['value']);
  });

  test('what acme.sh has saved is read, not written, unless others may write it', async (t) => {
    const { acmeHome, api, call } = await scene(t);
    const conf = join(acmeHome, 'account.conf');
    const encoded = `__ACME_BASE64__START_${Buffer.from(TOKEN).toString('base64')}__ACME_BASE64__END_`;
    const text = `#a comment\nSAVED_ET_Api="${api.url}"\nSAVED_ET_Token='old'\nSAVED_ET_Token='${encoded}'\n`;
    writeFileSync(conf, text);
    await call('dns_evertest', 'add', {});
    assert.deepEqual(api.values(NAME), ['value']);
    await call('dns_evertest', 'remove', {}, { ET_Token: encoded });
    assert.equal(readFileSync(conf, 'utf8'), text);
    chmodSync(conf, 0o666);
    const error = await rejection(call('dns_evertest', 'add', {}), 'dns-provider');
    assert.match(error.details.join('\n'), /account\.conf is not read: others may write to it/);
  });

  test('settings of a certificate are those of its name or of one above it', async (t) => {
    const stage = setStage(t, 'dash', { dns_t: scriptOf('_err "<$(_readdomainconf T_Id)>"') });
    mkdirSync(join(stage.acmeHome, 'example.test_ecc'));
    writeFileSync(join(stage.acmeHome, 'example.test_ecc/example.test.conf'), "T_Id='17'\n");
    assert.match((await rejection(stage.call('dns_t', 'add', {}), 'dns-provider')).message, /<17>/);
  });

  test('a call that takes too long is ended, and tidied up after', async (t) => {
    const { call, credentials, leftovers } = await scene(
      t,
      'dash',
      ['curl'],
      () => new Promise(() => undefined),
    );
    const error = await rejection(call('dns_evertest', 'add', {}, credentials, 400), 'dns-provider');
    assert.match(error.message, /timed out after 0\.4 s/);
    assert.deepEqual(leftovers(), []);
  });

  test('calls of one script come one after the other', async (t) => {
    const busy = '[ ! -e "$HOME/busy" ] || return 1; : >"$HOME/busy"; sleep 0.05; rm "$HOME/busy"';
    const stage = setStage(t, 'dash', { dns_t: scriptOf(busy) });
    await Promise.all(['a', 'b', 'c'].map((value) => stage.call('dns_t', 'add', { value })));
  });
});

describe('acmesh: scripts that are not run', { concurrency: 3, skip: skipWithout(['dash']) }, () => {
  const refusal = async (stage: Stage, script: string, credentials = {}) => {
    const error = await rejection(stage.call(script, 'add', {}, credentials), 'dns-provider');
    assert.match(error.hint, /^Install the dnsapi scripts/);
    return error.message;
  };
  const noisy = scriptOf('_err "it ran"');

  test('no such script: where it was looked for', async (t) => {
    const stage = setStage(t, 'dash', {});
    assert.match(await refusal(stage, 'dns_none'), /no dns_none\.sh in .*\/\.acme\.sh, \/root\/\.acme\.sh, /);
    assert.match(
      await refusal(stage, 'dns_none', { ACMESH_HOME: '/nowhere' }),
      /no dns_none\.sh in \/nowhere$/,
    );
  });

  test('a file or a directory that others may write to', async (t) => {
    const stage = setStage(t, 'dash', { dns_t: noisy });
    const [directory, file] = [join(stage.acmeHome, 'dnsapi'), join(stage.acmeHome, 'dnsapi/dns_t.sh')];
    for (const [path, mode, good] of [
      [file, 0o664, 0o644],
      [file, 0o646, 0o644],
      [directory, 0o777, 0o755],
    ] as const) {
      chmodSync(path, mode);
      assert.match(
        await refusal(stage, 'dns_t'),
        /is not run: it and its directory must belong to root or our user/,
      );
      chmodSync(path, good);
    }
    assert.match((await rejection(stage.call('dns_t', 'add', {}), 'dns-provider')).message, /it ran/);
  });

  test('a file beside dnsapi, as acme.sh has it too', async (t) => {
    const stage = setStage(t, 'dash', {});
    rmSync(join(stage.acmeHome, 'dnsapi'), { recursive: true });
    writeFileSync(join(stage.acmeHome, 'dns_t.sh'), noisy);
    assert.match((await rejection(stage.call('dns_t', 'add', {}), 'dns-provider')).message, /it ran/);
  });

  test('one that could not take away what it puts there, or is no shell script', async (t) => {
    const stage = setStage(t, 'dash', { dns_t: 'dns_t_add() { _err "it ran"; }\n', dns_bad: 'if then\n' });
    assert.match(await refusal(stage, 'dns_t'), /has no function dns_t_rm/);
    const error = await rejection(stage.call('dns_bad', 'add', {}), 'dns-provider');
    assert.match(error.details.join('\n'), /dns_bad\.sh: .*[Ss]yntax error/);
  });

  test('what is no name', () => {
    for (const name of ['', 'cf', 'dns_', 'dns_../x', 'dns_a b', 'dns_$(id)', `dns_${'a'.repeat(61)}`])
      failure(() => acmeshProvider(name), 'bad-settings');
    const { create } = acmeshProvider('dns_cf');
    failure(() => create({ 'CF Token': 'x' }, undefined as never), 'bad-settings');
  });
});

function login(): Record<string, string> {
  return { ET_User: USER.user, ET_Password: USER.password };
}

function argumentLists(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
      } catch {
        return '';
      }
    });
}
