import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSite } from '../support/evercert.ts';

test('certonly obtains, renew keeps, renew --force-renewal makes the next version', async () => {
  const site = await createSite();
  try {
    const first = await site.certonly('www.example.org,example.org');
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /version 0001 is live/);
    const second = await site.renew();
    assert.equal(second.status, 0, second.stderr);
    assert.match(second.stdout, /not due/);
    const third = await site.renew(['--force-renewal']);
    assert.equal(third.status, 0, third.stderr);
    assert.match(third.stdout, /version 0002 is live/);
    assert.equal(site.ca.orders.length, 2);
  } finally {
    await site.close();
  }
});
