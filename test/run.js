// What `npm test` runs: build, types, lint, dead code, then every test. `--help` tells the options.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `node test/run.js [options] [filter…]

With filters only the test files whose path contains one of them run, without the static stages.

  --built         take dist/ and .build/ as they are: no build, no static stages
  --require-all   a suite that cannot run here (for want of a server) is a failure; so it is when CI=true
  --help`;

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const TESTS = join('.build', 'test');
const RIG = join('.build', 'rig');
const FILE_TIMEOUT_MS = 15 * 60_000;

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    built: { type: 'boolean', default: false },
    'require-all': { type: 'boolean', default: process.env.CI === 'true' },
    help: { type: 'boolean', default: false },
  },
});

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of children) killGroup(child, 'SIGTERM');
    setTimeout(() => {
      for (const child of children) killGroup(child, 'SIGKILL');
      process.exit(128 + constants.signals[signal]);
    }, 500);
  });
}

process.chdir(join(import.meta.dirname, '..'));
process.exitCode = (await main()) ? 0 : 1;

async function main() {
  if (options.help) {
    console.log(HELP);
    return true;
  }
  if (!options.built && !(await stage('build', build))) return false;
  const isFull = filters.length === 0 && !options.built;
  const isClean = isFull ? await staticStages() : true;
  await stage('servers', provideServers);
  const passed = await runTests();
  return isClean && passed;
}

/** Runs one stage and prints its line; `work` returns what to print after the time, and throws to fail. */
async function stage(name, work) {
  const started = performance.now();
  const line = (text) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name.padEnd(10)} ${seconds.padStart(6)} s  ${text}`);
  };
  try {
    line((await work()) ?? 'ok');
    return true;
  } catch (error) {
    line(`FAILED\n${error.output ?? error.stack}`);
    return false;
  }
}

async function build() {
  const [{ buildAll }, esbuild] = await Promise.all([import('../esbuild.config.js'), import('esbuild')]);
  await Promise.all([
    buildAll(),
    esbuild.build({
      entryPoints: ['requirements', 'pebble-package', 'reporter'].map(
        (name) => `test/support/rig/${name}.ts`,
      ),
      outdir: RIG,
      bundle: true,
      splitting: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      logLevel: 'warning',
    }),
  ]);
}

async function staticStages() {
  const stages = { types: 'types', lint: 'lint', 'dead code': 'dead-code' };
  const results = Object.entries(stages).map(([name, script]) =>
    stage(name, async () => void (await run('npm', ['run', '--silent', script]))),
  );
  return (await Promise.all(results)).every(Boolean);
}

/** Installs the real servers that tests drive, where apt can; what stays absent makes suites skip, with a reason. */
async function provideServers() {
  const { debianPackages, missing } = await importRig('requirements');
  const absent = missing(Object.keys(debianPackages));
  const packages = [...new Set(absent.map((name) => debianPackages[name]))];
  const told = [];
  if (packages.length > 0 && canInstall()) {
    told.push(await aptInstall(packages));
  }
  const { OFFLINE_VARIABLE, providePebble } = await importRig('pebble-package');
  try {
    const { version, note } = providePebble();
    told.push(note ?? `pebble ${version}`);
  } catch (error) {
    process.env[OFFLINE_VARIABLE] = '1';
    told.push(error.message);
  }
  return told.join('; ');
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const startsNothing = !existsSync(POLICY_FILE);
  if (startsNothing) {
    removeAtExit(POLICY_FILE);
    writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  }
  try {
    await run('apt-get', ['-q', 'update'], { env });
    await run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...packages], { env });
    return `installed ${packages.join(' ')}`;
  } catch (error) {
    return `apt-get could not install ${packages.join(' ')}: ${error.output ?? error.message}`;
  }
}

async function runTests() {
  const files = testFiles();
  if (files.length === 0) {
    console.log(`no test file matches ${filters.join(' ') || TESTS}`);
    return false;
  }
  const directory = mkdtempSync(join(tmpdir(), 'evercert-run-'));
  removeAtExit(directory);
  chmodSync(directory, 0o755);
  const record = join(directory, 'skipped');
  const { SKIPPED_VARIABLE } = await importRig('requirements');
  const env = { ...process.env, TMPDIR: directory, [SKIPPED_VARIABLE]: record };
  const passed = await run(process.execPath, [...testArguments(), ...files], { stdio: 'inherit', env }).then(
    () => true,
    () => false,
  );
  const skipped = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [];
  return tellSkipped(skipped) && passed;
}

function removeAtExit(path) {
  process.once('exit', () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
}

function testFiles() {
  return readdirSync(TESTS, { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .map((path) => join(TESTS, path))
    .sort();
}

function testArguments() {
  const reporter = filters.length > 0 ? 'spec' : pathToFileURL(join(RIG, 'reporter.js')).href;
  return [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=3',
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
  ];
}

/** Returns whether suites that did not run are fine. */
function tellSkipped(skipped) {
  if (skipped.length === 0) return true;
  const remedy = canInstall() ? '' : '; on Debian, root can have them installed by this command';
  console.log(`did not run here: ${[...new Set(skipped)].sort().join('; ')}${remedy}`);
  return !options['require-all'];
}

function importRig(name) {
  return import(pathToFileURL(join(RIG, `${name}.js`)).href);
}

/** Runs a program in a process group of its own; rejects with its output when it fails. */
function run(command, args, spawnOptions = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...spawnOptions,
    });
    children.add(child);
    const output = [];
    child.stdout?.on('data', (part) => output.push(part));
    child.stderr?.on('data', (part) => output.push(part));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      children.delete(child);
      if (code === 0) resolve();
      else
        reject(
          Object.assign(new Error(`${command}: ${code ?? signal}`), {
            output: Buffer.concat(output).toString(),
          }),
        );
    });
  });
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
