import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeLock } from '../../src/system/lock.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';

const lockFile = () => `${scratchDirectory('unit').directory}/.lock`;
const ignore = () => undefined;

/** Another process that holds the lock until it is told to end. */
async function holdElsewhere(t: TestContext, path: string): Promise<() => Promise<unknown>> {
  const child = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; read x'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return () => {
    const ended = once(child, 'exit');
    child.stdin.end('\n');
    return ended;
  };
}

test('a free lock is taken, mode 0600, and tells its holder', async () => {
  const path = lockFile();
  await takeLock(path, 0, 'process 7', ignore, NEVER);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'process 7\n');
});

test('the text of an earlier holder is no lock, and is replaced', async () => {
  const path = lockFile();
  writeFileSync(path, 'x'.repeat(500));
  await takeLock(path, 0, 'process 8', ignore, NEVER);
  assert.equal(readFileSync(path, 'utf8'), 'process 8\n');
});

test('a lock that is held: told at once, with its holder made printable', async (t) => {
  const path = lockFile();
  writeFileSync(path, 'process 9\u001b[31m\n');
  await holdElsewhere(t, path);
  const { message } = await rejection(takeLock(path, 0, 'me', ignore, NEVER), 'lock-held');
  assert.equal(message, 'another run holds the lock: process 9[31m');
  assert.match(readFileSync(path, 'utf8'), /^process 9/);
});

test('a lock that is held too long: told once before, then given up', async (t) => {
  const path = lockFile();
  await holdElsewhere(t, path);
  const waited: string[] = [];
  await rejection(
    takeLock(path, 60, 'me', (holder) => waited.push(holder), NEVER),
    'lock-held',
  );
  assert.deepEqual(waited, ['']);
});

test('a lock that becomes free while we wait is ours', async (t) => {
  const path = lockFile();
  const release = await holdElsewhere(t, path);
  await takeLock(path, 30_000, 'me', release, NEVER);
  assert.equal(readFileSync(path, 'utf8'), 'me\n');
});

test('it is held until this process ends', async () => {
  const path = lockFile();
  await takeLock(path, 0, 'me', ignore, NEVER);
  await rejection(takeLock(path, 0, 'other', ignore, NEVER), 'lock-held');
});

test('an interruption ends the waiting with its reason', async (t) => {
  const path = lockFile();
  await holdElsewhere(t, path);
  const reason = new TypeError('stop');
  const controller = new AbortController();
  await assert.rejects(
    takeLock(path, 30_000, 'me', () => controller.abort(reason), controller.signal),
    reason,
  );
  await assert.rejects(takeLock(path, 0, 'me', ignore, AbortSignal.abort(reason)), reason);
});

test('a lock file that cannot be opened', async () => {
  const path = lockFile();
  mkdirSync(path);
  await rejection(takeLock(path, 0, 'me', ignore, NEVER), 'store-access');
  await rejection(takeLock(`${path}/no/.lock`, 0, 'me', ignore, NEVER), 'store-access');
});

/** Runs with only this directory on the PATH. */
async function withPath(directory: string, run: () => Promise<void>): Promise<void> {
  const path = process.env.PATH;
  process.env.PATH = directory;
  try {
    await run();
  } finally {
    process.env.PATH = path;
  }
}

test('without flock(1) it is told what to install', async () => {
  const path = lockFile();
  await withPath('/nonexistent', async () => {
    const { hint } = await rejection(takeLock(path, 0, 'me', ignore, NEVER), 'lock-failed');
    assert.match(hint, /util-linux/);
  });
});

test('a file system without flock(2) is told', async () => {
  const path = lockFile();
  writeFileSync(`${dirname(path)}/flock`, '#!/bin/sh\nexit 66\n', { mode: 0o755 });
  await withPath(dirname(path), async () => {
    const { message } = await rejection(takeLock(path, 0, 'me', ignore, NEVER), 'lock-failed');
    assert.match(message, /status 66/);
  });
});
