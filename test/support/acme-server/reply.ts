import type { AcmeProblem } from './problem.ts';

/** An answer before faults and common headers are applied. */
export interface Reply {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

/** Answers with a JSON object. */
export function jsonReply(status: number, value: unknown, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value, null, 2),
  };
}

/** Answers without a body. */
export function emptyReply(status: number, headers: Reply['headers'] = {}): Reply {
  return { status, headers, body: '' };
}

/** Answers with the problem document of a refusal. */
export function problemReply(problem: AcmeProblem): Reply {
  const reply = jsonReply(problem.status, problem.document, problem.headers);
  reply.headers['content-type'] = 'application/problem+json';
  return reply;
}
