import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import { hintFor } from './hints.ts';

const PREFIX = 'urn:ietf:params:acme:error:';
const Text = v.pipe(v.string(), v.transform(printable));

/** A page for the operator to visit. */
const Page = v.pipe(v.string(), v.maxLength(2048), v.regex(/^https?:\/\/[\x21-\x7e]+$/));

const IdentifierSchema = v.object({ type: v.string(), value: Text });

const ProblemSchema = v.object({
  type: v.fallback(v.pipe(v.string(), v.maxLength(200), v.transform(printable)), 'about:blank'),
  detail: v.fallback(Text, ''),
  instance: v.fallback(v.optional(Page), undefined),
  subproblems: v.fallback(
    v.pipe(
      v.array(
        v.object({
          type: v.fallback(Text, ''),
          detail: v.fallback(Text, ''),
          identifier: v.optional(IdentifierSchema),
        }),
      ),
      v.maxLength(200),
    ),
    [],
  ),
});

/** What a CA says is wrong (RFC 8555 section 6.7, RFC 7807). */
export interface Problem {
  /** Without the ACME prefix: 'rateLimited', 'caa' … */
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  /** A page that tells more: for userActionRequired, where to act. */
  readonly instance: string | undefined;
  readonly subproblems: readonly {
    readonly type: string;
    readonly detail: string;
    readonly identifier: string | undefined;
  }[];
  /** Milliseconds that the CA asks us to wait. */
  readonly retryAfterMs: number | undefined;
}

/** Foreign text: bounded, and without what could drive a terminal. */
export function printable(text: string): string {
  return text.slice(0, 2000).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}

/** Reads a problem document; anything else becomes one without type. */
export function readProblem(status: number, body: unknown, retryAfterMs?: number): Problem {
  const result = v.safeParse(ProblemSchema, body);
  const { type, detail, instance, subproblems } = result.success
    ? result.output
    : { type: 'about:blank', detail: '', instance: undefined, subproblems: [] };
  return {
    type: withoutPrefix(type),
    detail,
    status,
    instance,
    subproblems: subproblems.map((sub) => ({
      type: withoutPrefix(sub.type),
      detail: sub.detail,
      identifier: sub.identifier?.value,
    })),
    retryAfterMs,
  };
}

function withoutPrefix(type: string): string {
  return type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;
}

/** @param doing what we were about, as in 'newOrder' */
export function problemError(problem: Problem, host: string, doing: string): EvercertError {
  const what = problem.type === 'about:blank' ? `status ${problem.status}` : problem.type;
  const details = problem.subproblems.map(
    (sub) => `${sub.identifier === undefined ? '' : `${sub.identifier}: `}${sub.type}: ${sub.detail}`,
  );
  return new EvercertError(
    'acme-problem',
    `${host} refused ${doing}: ${what}${problem.detail === '' ? '' : `: ${problem.detail}`}`,
    hintFor(problem),
    problem,
    details,
  );
}

/** The problem that an error was made of. */
export function problemOf(error: unknown): Problem | undefined {
  return error instanceof EvercertError && error.code === 'acme-problem'
    ? (error.cause as Problem)
    : undefined;
}
