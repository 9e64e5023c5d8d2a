import { unreachable } from '../errors.ts';
import type { Event, Fault, Finding, NoAnswer, Place } from '../events.ts';

// What a self-check found. It looks from this machine, which a router or a DNS of one's own may show another world:
// hence "may be wrong". First what is so, then what to do about it.

const MOST_NAMES = 5;

export function selfCheckText({ finding }: Event & { type: 'self-check' }): string {
  return `may be wrong: ${findingText(finding)}`;
}

export function findingText(finding: Finding): string {
  const { names } = finding;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${shown}${more}: ${faultText(finding)}`;
}

function faultText(fault: Fault): string {
  switch (fault.code) {
    case 'no-address':
      return 'it has no address (A or AAAA record): make one that leads to this machine, or prove it by dns-01';
    case 'dns-unanswered':
      return `${fault.why}: check the name servers of its zone`;
    case 'caa-forbids':
    case 'caa-account':
    case 'caa-method':
    case 'caa-unknown':
      return caaText(fault);
    default:
      return `${elsewhere(fault)}${answerText(fault)}`;
  }
}

type AtPlace = Extract<Fault, Place>;

/** The commonest fault: an AAAA record that was forgotten. */
function elsewhere({ otherFamilyIsFine, address }: Place): string {
  if (otherFamilyIsFine !== true) return '';
  const record = address.includes(':') ? 'AAAA' : 'A';
  return `its ${record} record leads elsewhere, while the other one is fine (correct it or take it away): `;
}

function answerText(fault: AtPlace): string {
  const at = `${nameOf(fault)}${fault.redirectedTo === undefined ? '' : ` (redirected to ${fault.redirectedTo})`}`;
  switch (fault.code) {
    case 'no-answer':
      return `${at} ${NO_ANSWER[fault.how]}`;
    case 'not-found':
      return `${at} answers 404 (not found): its web server serves another directory than -w says, or it is another machine`;
    case 'wrong-answer':
      return `${at} gives another answer than ours: status ${fault.status}, ${beginning(fault.shown)}: is this the right machine and directory, and nothing in between?`;
    case 'redirect-loop':
      return `${at} redirects in a circle: except /.well-known/acme-challenge/ from it`;
    case 'too-many-redirects':
      return `${at} redirects more than ten times: except /.well-known/acme-challenge/ from it`;
    case 'bad-redirect':
      return `${at} redirects to ${fault.target}, ${BAD_REDIRECT[fault.why]}: except /.well-known/acme-challenge/ from it`;
    case 'alpn-refused':
      return `${at} does not speak acme-tls/1: another server than evercert answers there`;
    case 'alpn-wrong-certificate':
      return `${at} speaks acme-tls/1, but shows another certificate than ours: another client answers there`;
    default:
      return unreachable(fault);
  }
}

function nameOf({ address, port }: Place): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function beginning(shown: string): string {
  return shown === '' ? 'nothing in it' : `which begins with ${JSON.stringify(shown)}`;
}

const NO_ANSWER: Record<NoAnswer, string> = {
  refused: 'refuses connections: nothing listens there, or a firewall is in between',
  'timed-out':
    'does not answer: a firewall drops what comes, or the address is of another machine (or a router lets nobody in from inside)',
  silent: 'takes connections, but sends nothing within 5 s: see the log of the server there',
  'cut-off': 'takes connections and cuts them off: see the log of the server there',
  'no-http': 'answers, but not by HTTP: another service listens there',
  'no-tls': 'does not speak TLS: another service listens there',
  unreachable: 'cannot be reached from here: check the address and the routes',
};

const BAD_REDIRECT = {
  port: 'and CAs follow only to ports 80 and 443',
  scheme: 'and CAs follow only to http and https',
  'no-url': 'which is no URL',
  'no-address': 'a name without an address',
};

function caaText(fault: Extract<Fault, { owner: string }>): string {
  const records = `the CAA records of ${fault.owner} (${fault.tag})`;
  switch (fault.code) {
    case 'caa-forbids': {
      const others =
        fault.allowed.length === 0 ? 'forbid every CA' : `allow only ${fault.allowed.join(', ')}`;
      const [own] = fault.identities;
      return `${records} ${others}: ${own === undefined ? 'add one for this CA' : `add one with "${own}"`}, or use another CA`;
    }
    case 'caa-account':
      return `${records} allow only the account ${fault.accounts.join(', ')}, which is not ours (evercert show-account)`;
    case 'caa-method':
      return `${records} allow only ${fault.methods.join(', ') || 'no method'}, not ${fault.type}`;
    case 'caa-unknown':
      return `the CAA records of ${fault.owner} have a critical tag that few CAs know: ${fault.unknown}`;
    default:
      return unreachable(fault);
  }
}

export function presentedText({ lineage, shown }: Event & { type: 'presented' }): string {
  return [
    `${lineage}: presented, and the CA not told yet:`,
    ...shown.flatMap(({ name, type, where, content }) => [
      `    ${name} by ${type}`,
      `        ${where}`,
      `        ${content}`,
    ]),
  ].join('\n');
}
