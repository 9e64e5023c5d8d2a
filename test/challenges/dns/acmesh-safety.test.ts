import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { acmeshProvider } from '../../../src/challenges/dns/providers/acmesh.ts';
import { skipWithout } from '../../support/rig/requirements.ts';
import { failure, rejection } from '../../unit-kit/expect.ts';
import { listenOn } from '../../unit-kit/listen.ts';
import { login, scene, scriptOf } from './acmesh/scene.ts';
import { type Stage, setStage } from './acmesh/stage.ts';
import { echo, TOKEN, USER } from './acmesh/txt-api.ts';

describe('acmesh: secrets', {
  concurrency: 3,
  skip: skipWithout(['dash', 'curl', 'wget', 'openssl']),
}, () => {
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
      seen.filter((list) => [TOKEN, USER.password, '_secure_debug'].some((secret) => list.includes(secret))),
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
