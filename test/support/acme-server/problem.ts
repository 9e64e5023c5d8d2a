/** A problem document of RFC 8555 section 6.7 (RFC 7807), as it goes on the wire. */
export interface ProblemDocument {
  type: string;
  detail?: string;
  status?: number;
  subproblems?: Subproblem[];
  [extension: string]: unknown;
}

/** One part of a compound problem (RFC 8555 section 6.7.1). */
export interface Subproblem {
  type: string;
  detail: string;
  identifier: { type: string; value: string };
}

const NAMESPACE = 'urn:ietf:params:acme:error:';

/** Extends a short name ('rateLimited') to the full URN; a type that is already a URI stays as it is. */
export function problemType(name: string): string {
  return name.includes(':') ? name : NAMESPACE + name;
}

/** A refusal: thrown anywhere below the router, answered as application/problem+json. */
export class AcmeProblem extends Error {
  readonly status: number;
  readonly document: ProblemDocument;
  readonly headers: Record<string, string>;

  constructor(
    type: string,
    status: number,
    detail: string,
    extra: { members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(`${type}: ${detail}`);
    this.status = status;
    this.document = { type: problemType(type), detail, status, ...extra.members };
    this.headers = extra.headers ?? {};
  }
}

/** The most usual refusal. */
export function malformed(detail: string, status = 400): AcmeProblem {
  return new AcmeProblem('malformed', status, detail);
}

/** The account or key may not do this. */
export function unauthorized(detail: string): AcmeProblem {
  return new AcmeProblem('unauthorized', 403, detail);
}
