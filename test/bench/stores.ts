import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeJson } from '../../src/lineage/decode.ts';
import {
  livePath,
  liveTarget,
  PEM_FILES,
  type StorePaths,
  settingsPath,
  statePath,
  storePaths,
  versionPath,
} from '../../src/lineage/paths.ts';
import type { Settings } from '../../src/lineage/settings.ts';
import type { State } from '../../src/lineage/state.ts';

const VERSION = '0001';
const DAY_MS = 86_400_000;

/** Names of `count` lineages. */
export function manyNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${String(index + 1).padStart(5, '0')}.example.org`);
}

/**
 * Copies version 0001 of a lineage that evercert made, so that the store is what evercert would have written for each
 * of the names: settings and state name it, and the state has the stamps of its own files.
 *
 * @param due the state says that less than a third of the life is left
 */
export function copyLineage(
  configDir: string,
  template: string,
  names: readonly string[],
  due = false,
): void {
  const paths = storePaths(configDir);
  const settings = readJson<Settings>(settingsPath(paths, template));
  const state = readJson<State>(statePath(paths, template));
  for (const name of names) {
    mkdirSync(join(paths.archive, name));
    cpSync(versionPath(paths, template, VERSION), versionPath(paths, name, VERSION), { recursive: true });
    symlinkSync(liveTarget(name, VERSION), livePath(paths, name));
    write(settingsPath(paths, name), encodeJson(settingsOf(name, settings)));
    write(statePath(paths, name), `${JSON.stringify(stateOf(paths, name, state, due))}\n`);
  }
}

/** Removes what a round has renewed. */
export function removeLineages(configDir: string, names: readonly string[]): void {
  const paths = storePaths(configDir);
  for (const name of names) {
    rmSync(settingsPath(paths, name));
    rmSync(statePath(paths, name));
    rmSync(livePath(paths, name));
    rmSync(join(paths.archive, name), { recursive: true });
  }
}

function settingsOf(name: string, template: Settings): Settings {
  const { challenge } = template;
  if (challenge.type !== 'webroot') return { ...template, names: [name] };
  const [root = ''] = Object.values(challenge.roots);
  return { ...template, names: [name], challenge: { ...challenge, roots: { [name]: root } } };
}

/** What state remembers when all was checked, deployed and nothing has changed since (src/lineage/glance.ts). */
function stateOf(paths: StorePaths, name: string, { live }: State, due: boolean): State {
  if (live === undefined) throw new Error('the template has no live version');
  const now = Date.now();
  const dates = due ? { notBefore: now - 80 * DAY_MS, notAfter: now + 10 * DAY_MS } : {};
  const stamps = PEM_FILES.map((file) => stamp(join(versionPath(paths, name, VERSION), file)));
  return {
    version: 1,
    live: { ...live, ...dates, names: [name], stamps },
    deployed: VERSION,
    settings: stamp(settingsPath(paths, name)),
    renewalInfo: { version: VERSION, nextPollAt: now + DAY_MS / 4 },
  };
}

function stamp(path: string): [number, number, number] {
  const { ino, size, ctimeMs } = statSync(path);
  return [ino, size, ctimeMs];
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

const CERTBOT_FILES = ['cert', 'chain', 'fullchain', 'privkey'];

/** The same for a store of certbot's: archive, links, and the settings with its paths changed. */
export function copyCertbotLineage(configDir: string, template: string, names: readonly string[]): void {
  const inside = (...parts: string[]) => join(configDir, ...parts);
  const settings = readFileSync(inside('renewal', `${template}.conf`), 'utf8');
  for (const name of names) {
    cpSync(inside('archive', template), inside('archive', name), { recursive: true });
    mkdirSync(inside('live', name));
    for (const file of CERTBOT_FILES)
      symlinkSync(`../../archive/${name}/${file}1.pem`, inside('live', name, `${file}.pem`));
    const own = settings
      .replaceAll(`/archive/${template}`, `/archive/${name}`)
      .replaceAll(`/live/${template}`, `/live/${name}`);
    writeFileSync(inside('renewal', `${name}.conf`), own);
  }
}
