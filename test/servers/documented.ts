import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UNCHECKED } from '../support/evercert.ts';
import { hasIpv6 } from '../support/rig/ports.ts';
import { type Ground, shellCommand } from './kit.ts';

/** What a page shows to be copied: its indented paragraphs, without the indentation. */
export function paragraphs(page: string): string[] {
  const lines = readFileSync(join('docs', page), 'utf8').split('\n');
  const indented = lines.map((line) => (line.startsWith('    ') ? line.slice(4) : ''));
  return indented
    .join('\n')
    .split(/\n{2,}/)
    .map((text) => text.trim())
    .filter(Boolean);
}

/** The one paragraph of the page in which `mark` occurs. */
export function paragraph(page: string, mark: RegExp): string {
  const found = paragraphs(page).filter((text) => mark.test(text));
  assert.equal(found.length, 1, `docs/${page} has ${found.length} paragraphs with ${mark}`);
  return found[0] ?? '';
}

/** Puts a test's own values in the place of those of a page, each of which must be there. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [from, to] of Object.entries(values)) {
    assert.ok(result.includes(from), `"${from}" is not in:\n${text}`);
    result = result.replaceAll(from, to);
  }
  return result;
}

/** Where the kernel has no IPv6, a page's lines about it are left out. */
export function withoutIpv6(text: string): string {
  if (hasIpv6()) return text;
  return text.replace(/^.*\[::1?\].*\n/gm, '');
}

/** Commands of a page's reader, each a shell script that leads to what the test has started. */
export interface Shell {
  readonly define: (command: string, script: string) => void;
  /** Runs a command line as it stands on the page; fails unless it ends with status 0. */
  readonly run: (commandLine: string) => Promise<string>;
  readonly env: Readonly<Record<string, string>>;
}

export function createShell(directory: string): Shell {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const env = { PATH: `${bin}:${process.env.PATH}`, ...UNCHECKED };
  const run = async (commandLine: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('sh', ['-ec', commandLine], { env });
    return stdout;
  };
  const define = (command: string, script: string): void => {
    const path = join(bin, command);
    writeFileSync(path, `#!/bin/sh -e\n${script}\n`);
    chmodSync(path, 0o755);
  };
  return { define, run, env };
}

/** `evercert` of the page, with further flags. */
export function evercertScript(flags: readonly string[]): string {
  return `exec ${shellCommand([process.execPath, resolve('bin/evercert.js')])} "$@" ${shellCommand(flags)}`;
}

/** The same for `evercert account` too, which takes no flags but of the store. */
export function evercertWithAccount({ flags, configDir }: Ground): string {
  const account = evercertScript(['--config-dir', configDir]);
  return `case $1 in account) ${account} ;; *) ${evercertScript(flags)} ;; esac`;
}

/** `systemctl reload SERVICE`, which is all that pages ask of systemd. */
export function systemctlScript(service: string, reload: string): string {
  return `test "$*" = 'reload ${service}' && exec ${reload}`;
}
