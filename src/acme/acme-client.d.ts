/** The parts of acme-client's inside that its own types leave out (its package has no "exports"). */
declare module 'acme-client/src/client.js' {
  import type { KeyObject } from 'node:crypto';

  export interface RawReply {
    status: number;
    headers: Record<string, string | undefined>;
    data: unknown;
  }

  interface HttpClient {
    maxBadNonceRetries: number;
    accountKey: KeyObject;
    request(url: string, method: string, options?: { data?: unknown }): Promise<RawReply>;
    getNonce(): Promise<string>;
    getDirectory(): Promise<unknown>;
    getJwk(): Record<string, string>;
  }

  interface Api {
    accountUrl: string | null;
    apiRequest(
      url: string,
      payload: object | null,
      validStatusCodes: number[],
      options?: { includeJwsKid?: boolean; includeExternalAccountBinding?: boolean },
    ): Promise<RawReply>;
  }

  export default class Client {
    constructor(options: {
      directoryUrl: string;
      accountKey: string;
      accountUrl?: string;
      externalAccountBinding?: { kid: string; hmacKey: string };
    });
    readonly http: HttpClient;
    readonly api: Api;
    getChallengeKeyAuthorization(challenge: { type: string; token: string }): Promise<string>;
  }
}
