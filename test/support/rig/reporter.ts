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
  readonly output: string[];
  readonly failures: string[];
  passed: number;
  skipped: number;
  milliseconds: number;
}

const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/**
 * A quiet reporter for node:test: one line a file, every failure in full with what its file printed, and at the end
 * the names of the failed tests and the runner's own counts.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed: string[] = [];
  const summary: string[] = [];
  let current: FileResult | undefined;
  for await (const event of events) {
    const { file, nesting, message = '' } = event.data;
    if (file !== undefined && file !== current?.file) {
      if (current) yield fileReport(current);
      current = newResult(file);
    }
    if (nesting === 0 && event.type === 'test:diagnostic' && SUMMARY.test(message))
      summary.push(`ℹ ${message}\n`);
    else if (current) add(current, event, failed);
  }
  if (current) yield fileReport(current);
  yield `\n${failed.join('')}${summary.join('')}`;
}

function newResult(file: string): FileResult {
  return { file, names: [], output: [], failures: [], passed: 0, skipped: 0, milliseconds: 0 };
}

function add(result: FileResult, { type, data }: TestEvent, failed: string[]): void {
  const { nesting = 0, name = '', message = '' } = data;
  if (type === 'test:start') result.names.splice(nesting, result.names.length, name);
  if (type === 'test:stdout' || type === 'test:stderr') result.output.push(message);
  if (type === 'test:pass' || type === 'test:fail') count(result, data);
  if (type !== 'test:fail' || data.details?.error?.failureType === 'subtestsFailed') return;
  const title = [short(result.file), ...result.names.slice(0, nesting), name].join(' > ');
  failed.push(`✖ ${title}\n`);
  result.failures.push(failure(title, data));
}

function count(result: FileResult, { nesting, details, skip }: TestEvent['data']): void {
  if (nesting === 0) result.milliseconds += details?.duration_ms ?? 0;
  if (details?.type === 'suite') return;
  if (skip !== undefined && skip !== false) result.skipped += 1;
  else if (details?.error === undefined) result.passed += 1;
}

function fileReport(result: FileResult): string {
  const counts = [
    `${result.passed} passed`,
    ...(result.failures.length > 0 ? [`${result.failures.length} failed`] : []),
    ...(result.skipped > 0 ? [`${result.skipped} skipped`] : []),
  ];
  const seconds = (result.milliseconds / 1000).toFixed(1);
  const mark = result.failures.length > 0 ? '✖' : '✔';
  const line = `${mark} ${short(result.file).padEnd(40)} ${seconds.padStart(6)} s  ${counts.join(', ')}\n`;
  return result.failures.length > 0
    ? [line, ...result.failures, indent(result.output.join(''))].join('')
    : line;
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

/** `/…/.build/test/renewal/decide.test.js` -> `renewal/decide` */
function short(file: string): string {
  return relative('.build/test', file).replace(/\.test\.js$/, '');
}
