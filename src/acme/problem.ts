import * as v from 'valibot';
import { EvercertError } from '../errors.ts';

const PREFIX = 'urn:ietf:params:acme:error:';
const Text = v.pipe(v.string(), v.transform(printable));

const IdentifierSchema = v.object({ type: v.string(), value: Text });

const ProblemSchema = v.object({
  type: v.fallback(v.pipe(v.string(), v.maxLength(200), v.transform(printable)), 'about:blank'),
  detail: v.fallback(Text, ''),
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
  const { type, detail, subproblems } = result.success
    ? result.output
    : { type: 'about:blank', detail: '', subproblems: [] };
  return {
    type: withoutPrefix(type),
    detail,
    status,
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

const HINTS = new Map(
  Object.entries({
    accountDoesNotExist:
      'The CA has lost or closed this account: remove its folder in accounts/ and run certonly again.',
    alreadyReplaced: 'The certificate was replaced already.',
    badCSR: 'The CA refuses this key or these names in a request: try another --key-type, or ask the CA.',
    badNonce: 'A proxy or a busy CA keeps refusing nonces; the next run tries again.',
    badPublicKey: 'The CA refuses this kind of key: try another --key-type or --rsa-key-size.',
    caa: 'A CAA record of the name forbids this CA: add one for it, or use another CA.',
    connection:
      'The CA could not connect to the name: check that its A and AAAA records lead here and that port 80 is open from the Internet.',
    dns: 'The CA could not resolve the name: check its A, AAAA and CNAME records, and DNSSEC.',
    externalAccountRequired: 'This CA wants an account of its own first: give --eab-kid and --eab-hmac-key.',
    incorrectResponse:
      'The CA found another content than ours: check that the name leads to this web server and to this webroot.',
    invalidContact: 'The CA refuses the e-mail address: give another with --email.',
    malformed: 'The CA did not understand the request; if this repeats, please report it.',
    orderNotReady: 'The CA was not ready yet; the next run goes on.',
    rateLimited: 'Wait as long as the CA says; --dry-run tests against a staging CA without using up limits.',
    rejectedIdentifier: 'The CA does not issue for this name: remove it with certonly, or use another CA.',
    serverInternal: 'An error at the CA; the next run tries again.',
    tls: 'The CA met a TLS error at the name: check what answers there.',
    unauthorized:
      'The CA found another answer at the name than ours: check that it leads to this web server and to this webroot.',
    unsupportedIdentifier: 'The CA does not issue for this kind of name: use another CA.',
    userActionRequired: 'The CA wants you to visit the page that it names, mostly to agree to new terms.',
  }),
);

function hintFor(problem: Problem): string {
  const known = HINTS.get(problem.type);
  if (known !== undefined) return known;
  return problem.status >= 500
    ? 'An error at the CA; the next run tries again.'
    : 'Check that --server is the directory of an ACME CA; if it is, see what it says above.';
}
