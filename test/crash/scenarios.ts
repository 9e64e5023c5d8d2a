import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, NAME, type Run } from './bench.ts';

/** A command that is interrupted, and the one that is run after it. */
export interface Scenario {
  readonly title: string;
  prepare(bench: Bench): Promise<void>;
  readonly run: Run;
  readonly again: Run;
  /** What `again` does when the first run had come to its end. */
  readonly whenDone: 'keeps' | 'renews';
  /** The version that the first run makes. */
  readonly target: string;
  /** Until its version is written all goes as in another scenario. */
  readonly beginsLikeAnother?: boolean;
  /** What the archive holds in the end. */
  readonly versions: readonly string[];
  readonly names: readonly string[];
}

const OLD_NAMES = [NAME, 'example.org'];
const NEW_NAMES = [...OLD_NAMES, 'shop.example.org'];

const first: Run = (bench, options) =>
  bench.certonly(OLD_NAMES.join(), ['--deploy-hook', bench.deployHook], options);
const expand: Run = (bench, options) => bench.certonly(NEW_NAMES.join(), ['--expand'], options);
const renew: Run = ({ site }, options) => site.renew(['--retry-now'], options);
const force: Run = ({ site }, options) => site.renew(['--force-renewal'], options);

export const scenarios: readonly Scenario[] = [
  {
    title: 'certonly on an empty directory',
    prepare: async () => undefined,
    run: first,
    again: first,
    whenDone: 'keeps',
    target: '0001',
    versions: ['0001'],
    names: OLD_NAMES,
  },
  {
    title: 'certonly --expand',
    prepare: issue,
    run: expand,
    again: expand,
    whenDone: 'keeps',
    target: '0002',
    versions: ['0001', '0002'],
    names: NEW_NAMES,
  },
  {
    title: 'renew --force-renewal, then renew',
    prepare: issue,
    run: force,
    again: renew,
    whenDone: 'keeps',
    target: '0002',
    versions: ['0001', '0002'],
    names: OLD_NAMES,
  },
  {
    title: 'renew --force-renewal that prunes, then renew',
    prepare: prepareVersions,
    run: force,
    again: renew,
    whenDone: 'keeps',
    target: '0005',
    beginsLikeAnother: true,
    versions: ['0004', '0005'],
    names: OLD_NAMES,
  },
  {
    title: 'renew --force-renewal, twice',
    prepare: issue,
    run: force,
    again: force,
    whenDone: 'renews',
    target: '0002',
    beginsLikeAnother: true,
    versions: ['0001', '0002'],
    names: OLD_NAMES,
  },
];

async function issue(bench: Bench): Promise<void> {
  await succeed(bench, first);
}

/** Four versions, of which the next renewal may keep one beside its own. */
async function prepareVersions(bench: Bench): Promise<void> {
  await succeed(bench, first);
  for (let i = 0; i < 3; i += 1) await succeed(bench, force);
  const path = join(bench.store, 'renewal', `${NAME}.json`);
  const settings = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, `${JSON.stringify({ ...settings, keepVersions: 1 }, null, 2)}\n`);
}

async function succeed(bench: Bench, run: Run): Promise<void> {
  const { status, stderr } = await run(bench);
  assert.equal(status, 0, stderr);
}
