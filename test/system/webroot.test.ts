import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { createWebroot } from '../../src/system/webroot.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { failure } from '../unit-kit/expect.ts';

const root = () => scratchDirectory('unit').directory;
const FOLDER = '.well-known/acme-challenge';

test('a challenge is there, readable by all, and gone with its directories', () => {
  const directory = root();
  const webroot = createWebroot();
  webroot.place(directory, 'token', 'answer');
  const file = `${directory}/${FOLDER}/token`;
  assert.equal(fs.readFileSync(file, 'utf8'), 'answer');
  const modes = [file, `${directory}/${FOLDER}`, `${directory}/.well-known`].map(
    (path) => fs.statSync(path).mode & 0o777,
  );
  assert.deepEqual(modes, [0o644, 0o755, 0o755]);
  webroot.remove(directory, 'token');
  assert.deepEqual(fs.readdirSync(directory), []);
});

test('directories go with the last of several challenges', () => {
  const directory = root();
  const webroot = createWebroot();
  for (const token of ['one', 'two']) webroot.place(directory, token, '');
  webroot.remove(directory, 'one');
  assert.deepEqual(fs.readdirSync(`${directory}/${FOLDER}`), ['two']);
  webroot.remove(directory, 'two');
  assert.deepEqual(fs.readdirSync(directory), []);
});

test('another client that makes and removes the same directories all the time is no trouble', async () => {
  const directory = root();
  const rival = `const fs = require('fs'), d = process.argv[1] + '/.well-known', a = d + '/acme-challenge';
    const quietly = (work) => { try { work(); } catch {} };
    for (;;) { quietly(() => fs.mkdirSync(d)); quietly(() => fs.mkdirSync(a)); quietly(() => fs.rmdirSync(a)); quietly(() => fs.rmdirSync(d)); }`;
  const other = spawn(process.execPath, ['-e', rival, directory]);
  try {
    while (!fs.existsSync(`${directory}/.well-known`)) await new Promise((done) => setTimeout(done, 1));
    const webroot = createWebroot();
    for (let round = 0; round < 100; round += 1) {
      webroot.place(directory, 'token', 'answer');
      assert.equal(fs.readFileSync(`${directory}/${FOLDER}/token`, 'utf8'), 'answer');
      webroot.remove(directory, 'token');
    }
  } finally {
    other.kill('SIGKILL');
  }
});

test('what somebody else made stays', () => {
  const directory = root();
  fs.mkdirSync(`${directory}/.well-known`);
  const webroot = createWebroot();
  webroot.place(directory, 'token', '');
  webroot.remove(directory, 'token');
  assert.deepEqual(fs.readdirSync(directory), ['.well-known']);
  assert.deepEqual(fs.readdirSync(`${directory}/.well-known`), []);
});

test('a file of somebody else keeps the directories', () => {
  const directory = root();
  const webroot = createWebroot();
  webroot.place(directory, 'token', '');
  fs.writeFileSync(`${directory}/${FOLDER}/other`, '');
  webroot.remove(directory, 'token');
  assert.deepEqual(fs.readdirSync(`${directory}/${FOLDER}`), ['other']);
});

test('a link or a file of the name of the token is replaced, not followed', () => {
  const directory = root();
  fs.mkdirSync(`${directory}/${FOLDER}`, { recursive: true });
  fs.writeFileSync(`${directory}/precious`, 'precious');
  fs.symlinkSync(`${directory}/precious`, `${directory}/${FOLDER}/token`);
  const webroot = createWebroot();
  webroot.place(directory, 'token', 'answer');
  assert.equal(fs.readFileSync(`${directory}/precious`, 'utf8'), 'precious');
  assert.ok(fs.lstatSync(`${directory}/${FOLDER}/token`).isFile());
  webroot.place(directory, 'token', 'again');
  assert.equal(fs.readFileSync(`${directory}/${FOLDER}/token`, 'utf8'), 'again');
});

test('removing is safe without place, and twice', () => {
  const webroot = createWebroot();
  const directory = root();
  webroot.remove(directory, 'token');
  webroot.place(directory, 'token', '');
  webroot.remove(directory, 'token');
  webroot.remove(directory, 'token');
  webroot.remove(`${directory}/gone`, 'token');
});

test('a webroot that is none is told', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/file`, '');
  for (const name of ['gone', 'file']) {
    assert.match(
      failure(() => createWebroot().place(`${directory}/${name}`, 't', ''), 'webroot-failed').message,
      /is no directory/,
    );
  }
});

const SPOILED: Record<string, (directory: string) => void> = {
  'the webroot is a file': (directory) => {
    fs.rmdirSync(directory);
    fs.writeFileSync(directory, '');
  },
  'a directory has the name of the token': (directory) =>
    fs.mkdirSync(`${directory}/${FOLDER}/token`, { recursive: true }),
  'a file has the name of the folder': (directory) => fs.writeFileSync(`${directory}/.well-known`, ''),
};

for (const [name, spoil] of Object.entries(SPOILED)) {
  test(`placing is refused and removing says nothing when ${name}`, () => {
    const directory = `${root()}/www`;
    fs.mkdirSync(directory);
    spoil(directory);
    const webroot = createWebroot();
    failure(() => webroot.place(directory, 'token', ''), 'webroot-failed');
    webroot.remove(directory, 'token');
  });
}

test('what will be made is claimed; and what this run has made', () => {
  const directory = root();
  const webroot = createWebroot();
  assert.equal(webroot.claim(directory), '.well-known');
  webroot.place(directory, 'token', '');
  assert.equal(webroot.claim(directory), '.well-known');
  assert.equal(createWebroot().claim(directory), undefined);
  webroot.remove(directory, 'token');
  fs.mkdirSync(`${directory}/.well-known`);
  assert.equal(createWebroot().claim(directory), '.well-known/acme-challenge');
});

test('another run removes what was claimed, and nothing else', () => {
  const directory = root();
  fs.mkdirSync(`${directory}/.well-known`);
  createWebroot().place(directory, 'token', '');
  createWebroot().remove(directory, 'token');
  assert.deepEqual(fs.readdirSync(`${directory}/.well-known`), ['acme-challenge']);
  createWebroot().remove(directory, 'token', '../..');
  createWebroot().remove(directory, 'token', '.well-known/acme-challenge');
  assert.deepEqual(fs.readdirSync(`${directory}/.well-known`), []);
  createWebroot().remove(directory, 'token', '.well-known');
  assert.deepEqual(fs.readdirSync(directory), []);
});

test('of two challenges that another run left, the last one takes the directories', () => {
  const directory = root();
  const [killed, next] = [createWebroot(), createWebroot()];
  for (const token of ['one', 'two']) killed.place(directory, token, '');
  next.remove(directory, 'one', '.well-known');
  next.remove(directory, 'two');
  assert.deepEqual(fs.readdirSync(directory), []);
});

const LINKED: Record<string, (directory: string, link: (to: string, from: string) => void) => void> = {
  '.well-known': (directory, link) => link(`${directory}/elsewhere`, `${directory}/www/.well-known`),
  'acme-challenge': (directory, link) => {
    fs.mkdirSync(`${directory}/www/.well-known`);
    link(`${directory}/elsewhere/acme-challenge`, `${directory}/www/${FOLDER}`);
  },
};

for (const [name, spoil] of Object.entries(LINKED)) {
  const begin = (uid: number) => {
    const directory = root();
    for (const path of ['www', 'elsewhere/acme-challenge'])
      fs.mkdirSync(`${directory}/${path}`, { recursive: true });
    spoil(directory, (to, from) => {
      fs.symlinkSync(to, from);
      fs.lchownSync(from, uid, 0);
    });
    return { www: `${directory}/www`, elsewhere: `${directory}/elsewhere/acme-challenge` };
  };

  test(`${name}: a link of root's or ours is followed`, () => {
    const { www, elsewhere } = begin(process.getuid?.() ?? 0);
    const webroot = createWebroot();
    webroot.place(www, 'token', 'answer');
    assert.equal(fs.readFileSync(`${elsewhere}/token`, 'utf8'), 'answer');
    webroot.remove(www, 'token');
    assert.deepEqual(fs.readdirSync(elsewhere), []);
  });

  test(`${name}: a link of somebody else's is not`, { skip: skipWithout(['root']) }, () => {
    const { www, elsewhere } = begin(65534);
    const webroot = createWebroot();
    const { message, hint } = failure(() => webroot.place(www, 'token', ''), 'webroot-failed');
    assert.match(message, new RegExp(`/${name} is a link that belongs to user 65534`));
    assert.match(hint, /chown -h 0 /);
    fs.writeFileSync(`${elsewhere}/token`, 'precious');
    webroot.remove(www, 'token', '.well-known');
    assert.equal(fs.readFileSync(`${elsewhere}/token`, 'utf8'), 'precious');
  });
}

test('a link that leads nowhere, or in a circle, is told', () => {
  for (const target of ['gone', '.well-known']) {
    const directory = root();
    fs.symlinkSync(target, `${directory}/.well-known`);
    failure(() => createWebroot().place(directory, 'token', ''), 'webroot-failed');
    createWebroot().remove(directory, 'token', '.well-known');
    assert.ok(fs.lstatSync(`${directory}/.well-known`).isSymbolicLink());
  }
});
