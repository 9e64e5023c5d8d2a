import { malformed } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import { type IssuedCertificate, type RenewalWindow, type ServerContext, timestamp } from './state.ts';

/** renewalInfo, RFC 9773 section 4: the window that a test set, else around two thirds of the life. */
export function renewalInfo(context: ServerContext, ariId: string): Reply {
  if (!context.knobs.renewalInfo) throw malformed('Not found', 404);
  if (!/^[\w-]+\.[\w-]+$/.test(ariId)) throw malformed('The path is not a certificate identifier');
  const issued = context.certificatesByAriId.get(ariId);
  if (!issued) throw malformed('The certificate was not issued here', 404);
  const { start, end, explanationURL } = context.windows.get(ariId) ?? usualWindow(issued);
  const { renewalInfo: retryAfter } = context.knobs.retryAfter;
  return jsonReply(
    200,
    {
      suggestedWindow: { start: timestamp(start.getTime()), end: timestamp(end.getTime()) },
      explanationURL,
    },
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  );
}

/** Two thirds of the life, one percent to both sides; a revoked certificate is due at once. */
function usualWindow({ notBefore, notAfter, revoked }: IssuedCertificate): RenewalWindow {
  if (revoked) return { start: new Date(revoked.at - 3_600_000), end: new Date(revoked.at - 1_800_000) };
  const life = notAfter - notBefore;
  const middle = notBefore + (life * 2) / 3;
  return { start: new Date(middle - life / 100), end: new Date(middle + life / 100) };
}
