import { Resolver } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startHeldWebroot } from './held-webroot.ts';
import { breakGround, type Ground } from './kit.ts';

/** A CA, its DNS, a web server, and scripts of operators who write to both of them. */
export interface HookGround extends Ground {
  /** certbot's flags, for scripts that keep a log of what they are told. `auth` is run at the end of the auth hook. */
  readonly manual: (proof: 'dns' | 'http', auth?: string) => readonly string[];
  /** A hook script of dehydrated's. */
  readonly dehydrated: (proof: 'dns' | 'http') => readonly string[];
  /** What the scripts noted since the last look. */
  readonly noted: () => string[];
  /** TXT values that stand now. */
  readonly txt: (name: string) => Promise<string[]>;
  /** Answers to http-01 that stand now. */
  readonly answers: () => string[];
}

const CHALLENGES = '.well-known/acme-challenge';

export async function breakHookGround(t: TestContext): Promise<HookGround> {
  const ground = await breakGround(t);
  const { dns, httpPort } = ground.pebble;
  if (dns === undefined) throw new Error('Pebble without its DNS server');
  const web = await startHeldWebroot(ground.scratch, httpPort);
  web.release();
  t.after(web.close);
  const directory = join(web.webroot, CHALLENGES);
  mkdirSync(directory, { recursive: true });
  const log = join(ground.scratch, 'noted');
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([dns.address]);
  const write = (name: string, script: string): string => {
    const path = join(ground.scratch, name);
    writeFileSync(path, script, { mode: 0o755 });
    return path;
  };
  const world = { log, directory, url: dns.managementUrl };
  return {
    ...ground,
    manual: (proof, auth = '') => [
      ...['--manual', '--preferred-challenges', proof],
      ...['--manual-auth-hook', write(`auth-${proof}.sh`, `${certbotAuth(proof, world)}${auth}\n`)],
      ...['--manual-cleanup-hook', write(`cleanup-${proof}.sh`, certbotCleanup(proof, world))],
    ],
    dehydrated: (proof) => [
      ...['--preferred-challenges', proof],
      ...['--dehydrated-hook', write(`dehydrated-${proof}.sh`, dehydratedScript(proof, world))],
    ],
    noted: () => {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
      writeFileSync(log, '');
      return lines;
    },
    txt: async (name) => (await resolver.resolveTxt(name).catch(() => [])).flat().sort(),
    answers: () => ground.list('..', 'webroot', CHALLENGES),
  };
}

interface World {
  readonly log: string;
  /** That the web server serves answers from. */
  readonly directory: string;
  /** Of the DNS server's management. */
  readonly url: string;
}

const setTxt = (url: string, name: string, value: string) =>
  `curl -sSf -d "{\\"host\\":\\"_acme-challenge.${name}.\\",\\"value\\":\\"${value}\\"}" ${url}/set-txt`;
const clearTxt = (url: string, name: string) =>
  `curl -sSf -d "{\\"host\\":\\"_acme-challenge.${name}.\\"}" ${url}/clear-txt`;

/** As certbot's documentation has it: all comes by the environment, and stdout goes on to the clean-up. */
function certbotAuth(proof: 'dns' | 'http', { log, directory, url }: World): string {
  const present =
    proof === 'dns'
      ? setTxt(url, '$CERTBOT_DOMAIN', '$CERTBOT_VALIDATION')
      : `printf %s "$CERTBOT_VALIDATION" > ${directory}/$CERTBOT_TOKEN`;
  return `#!/bin/sh
set -e
echo "auth $CERTBOT_DOMAIN $CERTBOT_ALL_DOMAINS $CERTBOT_REMAINING_CHALLENGES" >> ${log}
${present}
echo "an error message" >&2
echo "record of $CERTBOT_DOMAIN, $CERTBOT_REMAINING_CHALLENGES to go"
`;
}

function certbotCleanup(proof: 'dns' | 'http', { log, directory, url }: World): string {
  const remove = proof === 'dns' ? clearTxt(url, '$CERTBOT_DOMAIN') : `rm -f ${directory}/$CERTBOT_TOKEN`;
  return `#!/bin/sh
set -e
echo "cleanup $CERTBOT_DOMAIN [$CERTBOT_AUTH_OUTPUT]" >> ${log}
${remove}
`;
}

/** As dehydrated's example: a function for each verb, and nothing for those that it does not know. */
function dehydratedScript(proof: 'dns' | 'http', { log, directory, url }: World): string {
  const [deploy, clean] =
    proof === 'dns'
      ? [setTxt(url, '$1', '$3'), clearTxt(url, '$1')]
      : [`printf %s "$3" > ${directory}/$2`, `rm -f ${directory}/$2`];
  return `#!/bin/sh
set -e
deploy_challenge() { while [ $# -gt 0 ]; do ${deploy}; shift 3; done; }
clean_challenge() { while [ $# -gt 0 ]; do ${clean}; shift 3; done; }
deploy_cert() { echo "  $1 $6" >> ${log}; test -s "$2" && test -s "$3" && test -s "$4" && test -s "$5"; }
sync_cert() { sync "$@"; }
HANDLER=$1; shift
echo "$HANDLER $#" >> ${log}
case $HANDLER in deploy_challenge|clean_challenge|deploy_cert|sync_cert) $HANDLER "$@";; esac
`;
}
