import type { Endpoint, Fault } from './faults.ts';

/** One request as the server saw it. */
export interface LoggedRequest {
  method: string;
  path: string;
  endpoint: Endpoint;
  /** The status that was (or, with a fault, would have been) answered; 0 while or when there is none. */
  status: number;
  /** Short problem type of a refusal ('badNonce'). */
  problem?: string;
  kid?: string;
  /** Decoded payload of a POST; undefined for POST-as-GET. */
  payload?: unknown;
  fault?: Fault['kind'];
  userAgent?: string;
}

/** Decodes kid and payload for the log, without any verification. */
export function peek(body: string): Pick<LoggedRequest, 'kid' | 'payload'> {
  try {
    const jws = JSON.parse(body);
    const { kid } = JSON.parse(decode(jws.protected));
    const payload = decode(jws.payload);
    return {
      ...(typeof kid === 'string' && { kid }),
      ...(payload !== '' && { payload: JSON.parse(payload) }),
    };
  } catch {
    return {};
  }
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}
