import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { skipWithout } from '../../support/rig/requirements.ts';
import { assertPrintable, rejection } from '../../unit-kit/expect.ts';
import { login, scene, scriptOf } from './acmesh/scene.ts';
import { NAME, setStage } from './acmesh/stage.ts';
import { TOKEN } from './acmesh/txt-api.ts';

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

  test('wget does where there is no curl; where there is neither, that is said', {
    skip: skipWithout(['wget']),
  }, async (t) => {
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
