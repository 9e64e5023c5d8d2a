import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evercert } from '../support/evercert.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, succeeds } from './kit.ts';
import { countOrders } from './pebble-log.ts';

const NAMES = 'persist.test,*.persist.test';
const OWNER = '_validation-persist.persist.test';

describe('dns-persist-01 at Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('one record, made once, is good for certificate after certificate', async (t) => {
    const { pebble, configDir, flags, certonly, renew, lineage } = await breakGround(t, {
      caaIdentities: ['pebble.test'],
    });
    const [, , ...account] = flags;
    await succeeds(evercert(['register', '--config-dir', configDir, ...account]));
    const early = await certonly(NAMES, ['--challenge', 'dns-persist']);
    assert.equal(early.status, 1);
    assert.match(early.stderr, /_validation-persist|unauthorized|dns/);

    const [, , server, url, bundle, path] = flags;
    const where = ['--config-dir', configDir, `${server}`, `${url}`, `${bundle}`, `${path}`];
    const { stdout } = await succeeds(evercert(['dns', 'persist-value', ...where, '-d', NAMES]));
    const [, owner, value = ''] = /^(\S+)\. IN TXT "([^"]+)"\n$/.exec(stdout) ?? [];
    assert.equal(owner, OWNER);
    assert.match(value, /^pebble\.test; accounturi=https:\/\/\S+; policy=wildcard$/);
    await pebble.dns?.setTxt(OWNER, value);

    await succeeds(certonly(NAMES, ['--challenge', 'dns-persist']));
    await succeeds(renew(['--force-renewal']));
    assert.equal(lineage('persist.test').version, '0002');
    assert.equal(countOrders(pebble), 3);
    const kept = await succeeds(
      evercert([
        'dns',
        'persist-value',
        '--config-dir',
        configDir,
        '--cert-name',
        'persist.test',
        `${bundle}`,
        `${path}`,
      ]),
    );
    assert.equal(kept.stdout, stdout);
  });
});
