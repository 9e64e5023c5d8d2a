import * as v from 'valibot';
import { AcmeProblem, malformed } from './problem.ts';

/** Checks a decoded value against a schema; a mismatch is a problem of the given type. */
export function check<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
  type = 'malformed',
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new AcmeProblem(type, 400, `${what}: ${v.getDotPath(issue) ?? '(itself)'}: ${issue.message}`);
}

/** Decodes unpadded base64url strictly (RFC 8555 section 6.1: trailing '=' MUST be stripped). */
export function decodeBase64url(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (!/^[\w-]*$/.test(text) || bytes.toString('base64url') !== text)
    throw malformed(`${what} is not base64url`);
  return bytes;
}

/** Parses JSON text or refuses it. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON`);
  }
}
