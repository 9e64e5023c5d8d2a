import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import type { EvercertError } from '../../src/errors.ts';
import { systemDisk as disk } from '../../src/system/disk.ts';
import { createRunShell } from '../../src/system/process.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { failure, NEVER, rejection } from '../unit-kit/expect.ts';

const root = () => scratchDirectory('unit').directory;
const modeOf = (path: string) => fs.lstatSync(path).mode & 0o7777;

test('what is absent is undefined', () => {
  const path = `${root()}/x`;
  const found = [
    disk.readText(path),
    disk.readBytes(path),
    disk.list(path),
    disk.stamp(path),
    disk.linkTarget(path),
    disk.directory(path),
  ];
  assert.deepEqual(found, Array(6).fill(undefined));
  assert.deepEqual([disk.exists(path), disk.isExecutableFile(path)], [false, false]);
});

test('what is behind a file is absent too', () => {
  const path = `${root()}/file`;
  fs.writeFileSync(path, '');
  for (const read of [disk.readText, disk.list, disk.stamp, disk.linkTarget, disk.fileMode])
    assert.equal(read(`${path}/x`), undefined);
});

test('reading text, bytes, names, a stamp, a link', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/a`, 'ü');
  fs.symlinkSync('a', `${directory}/link`);
  assert.equal(disk.readText(`${directory}/link`), 'ü');
  assert.deepEqual(disk.readBytes(`${directory}/a`), Buffer.from('ü'));
  assert.deepEqual(disk.list(directory)?.sort(), ['a', 'link']);
  const { ino, ctimeMs } = fs.statSync(`${directory}/a`);
  assert.deepEqual(disk.stamp(`${directory}/link`), [ino, 2, ctimeMs]);
  assert.equal(disk.linkTarget(`${directory}/link`), 'a');
  assert.equal(disk.linkTarget(`${directory}/a`), 'not-a-link');
  assert.equal(disk.linkTarget(directory), 'not-a-link');
});

for (const size of [0, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 1 << 20]) {
  test(`a text of ${size} bytes is read`, () => {
    const path = `${root()}/f`;
    const text = 'x'.repeat(size);
    fs.writeFileSync(path, text);
    assert.equal(disk.readText(path), text);
  });
}

test('a named pipe does not hold up the run', { timeout: 5000 }, async () => {
  const path = `${root()}/pipe`;
  await createRunShell(0o022)('mkfifo "$PIPE"', { PATH: process.env.PATH ?? '', PIPE: path }, 5000, NEVER);
  failure(() => disk.readText(path), 'disk-failed');
});

test('a text that is too large, a directory read as text', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/large`, 'x'.repeat((1 << 20) + 1));
  assert.match(
    failure(() => disk.readText(`${directory}/large`), 'disk-failed').message,
    /larger than 1 MiB/,
  );
  failure(() => disk.readText(directory), 'store-access');
  failure(() => disk.list('a\0b'), 'disk-failed');
});

test('owner and mode of a directory', () => {
  const directory = root();
  fs.chmodSync(directory, 0o1750);
  assert.deepEqual(disk.directory(directory), { uid: process.geteuid?.(), mode: 0o1750 });
});

test('executable is a regular file that may be executed, perhaps behind a link', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/yes`, '', { mode: 0o755 });
  fs.writeFileSync(`${directory}/no`, '', { mode: 0o644 });
  fs.symlinkSync('yes', `${directory}/link`);
  fs.symlinkSync('gone', `${directory}/dangling`);
  const found = ['yes', 'no', 'link', 'dangling', ''].map((name) =>
    disk.isExecutableFile(`${directory}/${name}`),
  );
  assert.deepEqual(found, [true, false, true, false, false]);
});

test('permission bits of a file, through a link', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/file`, '', { mode: 0o640 });
  fs.symlinkSync('file', `${directory}/link`);
  assert.deepEqual(
    ['file', 'link', 'gone'].map((name) => disk.fileMode(`${directory}/${name}`)),
    [0o640, 0o640, undefined],
  );
});

test('make a directory: mode at creation, and no harm when it is there', () => {
  const directory = `${root()}/new`;
  disk.makeDirectory(directory, 0o700);
  disk.makeDirectory(directory, 0o755);
  assert.equal(modeOf(directory), 0o700);
});

test('make a directory: with those above it, never through a file', () => {
  const directory = root();
  disk.makeDirectory(`${directory}/a/b/c`, 0o700);
  assert.deepEqual(
    ['a', 'a/b', 'a/b/c'].map((name) => modeOf(`${directory}/${name}`)),
    [0o755, 0o755, 0o700],
  );
  fs.writeFileSync(`${directory}/file`, '');
  failure(() => disk.makeDirectory(`${directory}/file/x`, 0o700), 'store-access');
  failure(() => disk.makeDirectory(`${directory}/file/x/y`, 0o700), 'store-access');
});

for (const mode of [0o600, 0o640, 0o644]) {
  test(`create a file of mode ${mode.toString(8)}, once`, () => {
    const directory = root();
    const gid = process.getgid?.();
    disk.createFile(directory, { name: 'f', data: 'data', mode, gid });
    assert.equal(modeOf(`${directory}/f`), mode);
    assert.equal(fs.readFileSync(`${directory}/f`, 'utf8'), 'data');
    failure(() => disk.createFile(directory, { name: 'f', data: 'other', mode }), 'disk-failed');
    assert.equal(fs.readFileSync(`${directory}/f`, 'utf8'), 'data');
  });
}

test('create a file: never through a link', () => {
  const directory = root();
  fs.symlinkSync('elsewhere', `${directory}/f`);
  failure(() => disk.createFile(directory, { name: 'f', data: 'secret', mode: 0o600 }), 'disk-failed');
  assert.deepEqual(fs.readdirSync(directory), ['f']);
});

test('create a file: what fails leaves no file of that name', () => {
  const directory = root();
  failure(
    () => disk.createFile(directory, { name: 'f', data: '', mode: 0o600, gid: 2 ** 33 }),
    'disk-failed',
  );
  assert.deepEqual(fs.readdirSync(directory), []);
});

test('replace a file: new with its mode, else with the mode that it has', async () => {
  const path = `${root()}/f`;
  await disk.replaceFile(path, 'one', 0o600);
  assert.deepEqual([fs.readFileSync(path, 'utf8'), modeOf(path)], ['one', 0o600]);
  fs.chmodSync(path, 0o640);
  const before = fs.statSync(path).ino;
  await disk.replaceFile(path, 'two', 0o600);
  assert.deepEqual([fs.readFileSync(path, 'utf8'), modeOf(path)], ['two', 0o640]);
  assert.notEqual(fs.statSync(path).ino, before);
});

test('replace a file: what fails leaves it as it was, and nothing beside it', async () => {
  const directory = root();
  await rejection(disk.replaceFile(`${directory}/no/f`, '', 0o600), 'disk-failed');
  fs.mkdirSync(`${directory}/d`);
  await rejection(disk.replaceFile(`${directory}/d`, '', 0o600), 'store-access');
  assert.deepEqual(fs.readdirSync(directory), ['d']);
});

test('put a file: over a link, not through it, whatever the owner of the directory laid out', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/victim`, 'old', { mode: 0o600 });
  for (const name of ['f', '.f.tmp']) fs.symlinkSync('victim', `${directory}/${name}`);
  disk.putFile(`${directory}/f`, 'new', 0o644);
  assert.equal(fs.readFileSync(`${directory}/victim`, 'utf8'), 'old');
  assert.equal(fs.lstatSync(`${directory}/f`).isFile(), true);
  assert.deepEqual([fs.readFileSync(`${directory}/f`, 'utf8'), modeOf(`${directory}/f`)], ['new', 0o644]);
  assert.deepEqual(fs.readdirSync(directory).sort(), ['f', 'victim']);
});

const FILES = [
  { name: 'key', data: 'k', mode: 0o600 },
  { name: 'cert', data: 'c'.repeat(100_000), mode: 0o644 },
];

test('publish a directory: all files, their modes, no leftover', async () => {
  const directory = root();
  fs.mkdirSync(`${directory}/.0001.tmp`);
  fs.writeFileSync(`${directory}/.0001.tmp/torn`, '');
  await disk.publishDirectory(directory, '0001', FILES);
  assert.deepEqual(fs.readdirSync(directory), ['0001']);
  assert.equal(modeOf(`${directory}/0001`), 0o755);
  assert.deepEqual(
    FILES.map(({ name }) => [
      fs.readFileSync(`${directory}/0001/${name}`, 'utf8'),
      modeOf(`${directory}/0001/${name}`),
    ]),
    FILES.map(({ data, mode }) => [data, mode]),
  );
});

test('publish a directory: what fails has no final name', async () => {
  const directory = root();
  const twice = [...FILES, ...FILES];
  await rejection(disk.publishDirectory(directory, '0001', twice), 'disk-failed');
  assert.deepEqual(fs.readdirSync(directory), ['.0001.tmp']);
  await disk.publishDirectory(directory, '0001', FILES);
  await rejection(disk.publishDirectory(directory, '0001', FILES), 'disk-failed');
  assert.equal(fs.readFileSync(`${directory}/0001/key`, 'utf8'), 'k');
});

test('swap a link: born, replaced, over a leftover of a dead run', () => {
  const directory = root();
  disk.swapLink(`${directory}/live`, 'one');
  fs.symlinkSync('torn', `${directory}/.live.tmp`);
  disk.swapLink(`${directory}/live`, 'two');
  assert.equal(fs.readlinkSync(`${directory}/live`), 'two');
  assert.deepEqual(fs.readdirSync(directory), ['live']);
});

test('swap a link: a real directory is refused and kept', () => {
  const directory = root();
  fs.mkdirSync(`${directory}/live`);
  failure(() => disk.swapLink(`${directory}/live`, 'one'), 'store-access');
  assert.equal(disk.linkTarget(`${directory}/live`), 'not-a-link');
});

test('swap a link: readers find the old or the new target, never none', async () => {
  const directory = root();
  disk.swapLink(`${directory}/live`, '0');
  for (let round = 1; round < 50; round += 1) {
    disk.swapLink(`${directory}/live`, String(round));
    assert.equal(await fs.promises.readlink(`${directory}/live`), String(round));
  }
});

test('remove a file, also when it is gone; not a directory', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/f`, '');
  disk.removeFile(`${directory}/f`);
  disk.removeFile(`${directory}/f`);
  assert.deepEqual(fs.readdirSync(directory), []);
  failure(() => disk.removeFile(directory), 'disk-failed');
});

test('a file is no directory, a link in a circle leads nowhere', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/f`, '');
  fs.symlinkSync('loop', `${directory}/loop`);
  failure(() => disk.directory(`${directory}/f`), 'store-access');
  failure(() => disk.readText(`${directory}/loop`), 'store-access');
});

test('remove a directory of files: a version by way of a name with a dot', () => {
  const directory = root();
  for (const name of ['0001', '.0002.tmp', '.pending']) {
    fs.mkdirSync(`${directory}/${name}`);
    fs.writeFileSync(`${directory}/${name}/a`, '');
    fs.symlinkSync('/etc', `${directory}/${name}/link`);
    disk.removeDirectory(`${directory}/${name}`, 'not-there');
  }
  assert.deepEqual(fs.readdirSync(directory), []);
  assert.ok(fs.existsSync('/etc'));
});

test('remove a directory: what it holds besides files is told, and the name is given up', () => {
  const directory = root();
  fs.mkdirSync(`${directory}/0001/deep`, { recursive: true });
  const error = failureOf(() => disk.removeDirectory(`${directory}/0001`));
  assert.match(error.code, /disk-failed|store-access/);
  assert.deepEqual(fs.readdirSync(directory), ['.0001.tmp']);
  failure(() => disk.removeDirectory(`${directory}/gone`), 'disk-failed');
});

function failureOf(run: () => void): EvercertError {
  try {
    run();
  } catch (error) {
    return error as EvercertError;
  }
  return assert.fail('it worked');
}

/** Runs as a user who may do nothing here. */
function asNobody(run: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    run();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('no access is told, and that it is a matter of the user', () => {
  const directory = root();
  fs.writeFileSync(`${directory}/f`, '', { mode: 0 });
  fs.chmodSync(directory, 0o500);
  asNobody(() => {
    for (const act of [
      () => disk.readText(`${directory}/f`),
      () => disk.createFile(directory, { name: 'new', data: '', mode: 0o600 }),
      () => disk.makeDirectory(`${directory}/d`, 0o700),
      () => disk.swapLink(`${directory}/l`, 'x'),
    ]) {
      const { message, hint } = failure(act, 'store-access');
      assert.match(message, /^no access to .*: EACCES$/);
      assert.match(hint, /Run as the user/);
    }
  });
  fs.chmodSync(directory, 0o700);
  assert.deepEqual(fs.readdirSync(directory), ['f']);
});
