import { relative } from 'node:path';
import { inspect } from 'node:util';

/** The part of node:test's events that this reporter reads; Node's own types differ between its releases. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string | undefined;
    readonly line?: number;
    readonly message?: string;
    readonly skip?: string | boolean;
    readonly details?: {
      readonly duration_ms?: number;
      readonly type?: string;
      readonly error?: Error & { readonly failureType?: string };
    };
  };
}

interface FileResult {
  readonly file: string;
  /** The names of the suites and the test under way, outermost first. */
  readonly names: string[];
  readonly failures: string[];
  passed: number;
  skipped: number;
  milliseconds: number;
}

/** Node reports these in the order of the files; all others come as they happen. */
const IN_ORDER = new Set(['test:start', 'test:pass', 'test:fail']);
const OUTPUT = new Set(['test:stdout', 'test:stderr']);
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/**
 * A quiet reporter for node:test: one line a file, every failure in full with what its file printed, and at the end
 * the names of the failed tests and the runner's own counts.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed: string[] = [];
  const summary: string[] = [];
  const output = new Map<string, string>();
  let current: FileResult | undefined;
  for await (const { type, data } of events) {
    const { file, message = '' } = data;
    if (OUTPUT.has(type)) output.set(suiteName(file), `${output.get(suiteName(file)) ?? ''}${message}`);
    if (type === 'test:diagnostic' && SUMMARY.test(message)) summary.push(`ℹ ${message}\n`);
    if (!IN_ORDER.has(type)) continue;
    if (current && current.file !== suiteName(file)) yield fileReport(current, output.get(current.file));
    if (current?.file !== suiteName(file)) current = newResult(suiteName(file));
    add(current, type, data, failed);
  }
  if (current) yield fileReport(current, output.get(current.file));
  yield `\n${failed.join('')}${summary.join('')}`;
}

function newResult(file: string): FileResult {
  return { file, names: [], failures: [], passed: 0, skipped: 0, milliseconds: 0 };
}

function add(result: FileResult, type: string, data: TestEvent['data'], failed: string[]): void {
  const { nesting = 0, name = '' } = data;
  if (type === 'test:start') result.names.splice(nesting, result.names.length, name);
  else count(result, data);
  if (type !== 'test:fail' || data.details?.error?.failureType === 'subtestsFailed') return;
  const title = [result.file, ...result.names.slice(0, nesting), name].join(' > ');
  failed.push(`✖ ${title}\n`);
  result.failures.push(failure(title, data));
}

function count(result: FileResult, { nesting, details, skip }: TestEvent['data']): void {
  if (nesting === 0) result.milliseconds += details?.duration_ms ?? 0;
  if (details?.type === 'suite') return;
  if (skip !== undefined && skip !== false) result.skipped += 1;
  else if (details?.error === undefined) result.passed += 1;
}

function fileReport(result: FileResult, output = ''): string {
  const failures = result.failures.length;
  const counts = [
    `${result.passed} passed`,
    ...(failures > 0 ? [`${failures} failed`] : []),
    ...(result.skipped > 0 ? [`${result.skipped} skipped`] : []),
  ];
  const seconds = (result.milliseconds / 1000).toFixed(1);
  const line = `${failures > 0 ? '✖' : '✔'} ${result.file.padEnd(36)} ${seconds.padStart(6)} s  ${counts.join(', ')}\n`;
  return failures > 0 ? [line, ...result.failures, indent(output)].join('') : line;
}

function failure(title: string, { line, details }: TestEvent['data']): string {
  const error = details?.error;
  const cause = error?.cause ?? error;
  const text = cause instanceof Error ? inspect(cause) : String(cause);
  return `\n  ✖ ${title}${line === undefined ? '' : ` (line ${line})`}\n${indent(text)}\n`;
}

function indent(text: string): string {
  return text === '' ? '' : `${text.trimEnd().replace(/^(?=.)/gm, '    ')}\n`;
}

/** `/…/.build/test/renewal/decide.test.js` and `/…/test/renewal/decide.test.ts` -> `renewal/decide` */
export function suiteName(file = ''): string {
  return relative('.', file)
    .replace(/^(\.build\/)?test\//, '')
    .replace(/\.test\.[jt]s$/, '');
}
