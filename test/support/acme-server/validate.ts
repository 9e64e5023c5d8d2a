import type { Identifier } from './identifiers.ts';
import type { Knobs } from './knobs.ts';
import { AcmeProblem, type ProblemDocument } from './problem.ts';
import { validateDns01 } from './validate-dns-01.ts';
import { validateHttp01 } from './validate-http-01.ts';
import { validateTlsAlpn01 } from './validate-tls-alpn-01.ts';

export type ChallengeType = 'http-01' | 'dns-01' | 'tls-alpn-01';

/** What one validation has to prove. */
export interface ValidationTarget {
  type: ChallengeType;
  /** Without the `*.` of a wildcard. */
  identifier: Identifier;
  token: string;
  keyAuthorization: string;
}

/** Proves control over the target, or throws an AcmeProblem (any other error becomes `connection`). */
export type Validator = (target: ValidationTarget, knobs: Knobs) => Promise<void>;

const builtIn: Record<ChallengeType, Validator> = {
  'http-01': validateHttp01,
  'dns-01': validateDns01,
  'tls-alpn-01': validateTlsAlpn01,
};

/** Validates one challenge; the problem, or undefined when it is proven. */
export async function validateChallenge(
  knobs: Knobs,
  target: ValidationTarget,
): Promise<ProblemDocument | undefined> {
  const forced = knobs.validationProblems[target.identifier.value];
  if (forced) return forced;
  if (knobs.alwaysValid) return undefined;
  const validator = knobs.validators[target.type] ?? builtIn[target.type];
  try {
    await validator(target, knobs);
    return undefined;
  } catch (error) {
    return asDocument(error, target);
  }
}

function asDocument(error: unknown, { identifier }: ValidationTarget): ProblemDocument {
  if (error instanceof AcmeProblem) return error.document;
  const detail = error instanceof Error ? error.message : String(error);
  return new AcmeProblem('connection', 400, `${identifier.value}: ${detail}`).document;
}
