import type { KeyAndCertificate, ListenTls } from '../system/tls-alpn-server.ts';
import { createAlpnCertificate } from '../x509/alpn-certificate.ts';
import { parseIdentifier, serverNameOf } from '../x509/identifier.ts';
import { onDemand } from './on-demand.ts';
import type { Challenge, Solver } from './solver.ts';

interface Answer {
  readonly token: string;
  /** Undefined while it is being made. */
  readonly files?: KeyAndCertificate;
}

/** Of no challenge: where TLS 1.2 wants a certificate before we know what the client is here for. */
const PLACEHOLDER = { type: 'dns', value: 'acme.invalid' } as const;

/**
 * Answers by a TLS server of our own (RFC 8737), which listens while there is a challenge to answer. A name has one
 * certificate at a time: an order waits for another one that proves a name of its own. An empty address means all.
 *
 * @param now milliseconds since 1970
 */
export function tlsAlpnSolver(listen: ListenTls, address: string, port: number, now: () => number): Solver {
  const answers = new Map<string, Answer>();
  const waiting: (() => void)[] = [];
  const server = onDemand(async () =>
    listen(address, port, {
      of: (serverName) => answers.get(serverName)?.files,
      placeholder: await createAlpnCertificate(PLACEHOLDER, '', now()),
    }),
  );
  const answer = async (challenge: Challenge) => {
    const { name, token, keyAuthorization } = challenge;
    answers.set(keyOf(challenge), { token });
    const files = await createAlpnCertificate(parseIdentifier(name), keyAuthorization, now());
    answers.set(keyOf(challenge), { token, files });
  };
  return {
    type: 'tls-alpn-01',
    leavesTraces: false,
    present: async (challenges) => {
      while (challenges.some((challenge) => answers.has(keyOf(challenge))))
        await new Promise<void>((resolve) => waiting.push(resolve));
      await Promise.all([...challenges.map(answer), server.start()]);
    },
    cleanUp: async (challenges) => {
      for (const challenge of challenges) {
        if (answers.get(keyOf(challenge))?.token === challenge.token) answers.delete(keyOf(challenge));
      }
      if (answers.size === 0) await server.end();
      for (const resume of waiting.splice(0)) resume();
    },
  };
}

function keyOf({ name }: Challenge): string {
  return serverNameOf(parseIdentifier(name));
}
