import * as v from 'valibot';
import { EvercertError } from '../errors.ts';

/**
 * Reads one of our JSON files strictly: unknown fields, wrong types and torn text are errors.
 *
 * @throws EvercertError bad-settings
 */
export function decodeJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
  path: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, parse(text, path), { abortEarly: true });
  if (result.success) return result.output;
  throw badFile(path, describeIssue(result.issues[0]));
}

/** One thing that is wrong, as an operator would say it. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'the file';
  if (issue.expected === 'never') return `there is no setting ${JSON.stringify(where)}`;
  return issue.received === 'undefined' ? `${where} is missing` : `${where}: ${issue.message}`;
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badFile(path, (cause as Error).message, cause);
  }
}

function badFile(path: string, why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'bad-settings',
    `${path} is not usable: ${why.slice(0, 200).replace(/[^\P{Cc}]/gu, ' ')}`,
    'Correct the file (docs/store.md and docs/settings.schema.json say what it may hold), restore it, or move it away and run certonly again.',
    cause,
  );
}

/** JSON as we write it: two spaces, a final line feed. */
export function encodeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
