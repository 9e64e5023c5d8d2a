import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { findPortHolder } from '../../src/system/port-holder.ts';
import { freePort, WITHOUT_IPV6 } from '../support/rig/ports.ts';

const LISTEN = `
process.title = process.argv[1];
require('node:net').createServer().listen(+process.argv[2], process.argv[3], () => console.log('ready'));`;

async function holder(t: TestContext, port: number, address: string, title = 'web server'): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTEN, title, String(port), address]);
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const skip = process.platform !== 'linux' && 'only Linux tells';

test('the program that listens, by its name and number', { skip }, async (t) => {
  const port = await freePort();
  assert.equal(findPortHolder('', port), undefined);
  const pid = await holder(t, port, '127.0.0.1');
  for (const address of ['', '127.0.0.1'])
    assert.equal(findPortHolder(address, port), `web server (pid ${pid})`, address);
});

test('of two that listen on one port, the one in our way', { skip }, async (t) => {
  const port = await freePort();
  const [one, two] = [await holder(t, port, '127.0.0.1'), await holder(t, port, '127.0.0.2')];
  assert.match(findPortHolder('127.0.0.1', port) ?? '', new RegExp(`pid ${one}`));
  assert.match(findPortHolder('127.0.0.2', port) ?? '', new RegExp(`pid ${two}`));
  assert.equal(findPortHolder('127.0.0.3', port), undefined);
});

test('one that listens on all of IPv6 is in the way of IPv4', { skip: skip || WITHOUT_IPV6 }, async (t) => {
  const port = await freePort();
  const pid = await holder(t, port, '::');
  for (const address of ['', '127.0.0.1', '::1'])
    assert.match(findPortHolder(address, port) ?? '', new RegExp(`pid ${pid}`), address);
});

test('a name that would play with the terminal is no longer one', { skip }, async (t) => {
  const port = await freePort();
  const pid = await holder(t, port, '127.0.0.1', '\x1b[2J\x07boo');
  assert.equal(findPortHolder('', port), `[2J boo (pid ${pid})`);
});

test('one that calls itself MainThread goes by its program', { skip }, async (t) => {
  const port = await freePort();
  const pid = await holder(t, port, '127.0.0.1', 'MainThread');
  assert.equal(findPortHolder('', port), `node (pid ${pid})`);
});
