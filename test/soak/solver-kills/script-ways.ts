import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jsonOf, serveApi } from '../../support/dns-apis/server.ts';
import { HOSTS, serveWeb } from './http-ways.ts';
import { MOMENTS } from './trap.ts';
import type { Stage, Way } from './way.ts';
import type { World } from './world.ts';
import { FOREIGN, mirror, watchZone, type Zone } from './zones.ts';

const NAME = 's.example.test';
const RECORD = `_acme-challenge.${NAME}`;
const BOTH = [NAME, `*.${NAME}`];

interface Recorder extends Zone {
  readonly url: string;
  readonly values: (key: string) => readonly string[];
  readonly put: (key: string, value: string) => void;
}

/** What scripts and servers of operators change: POST /add/KEY and /rm/KEY, the value is the body; and httpreq's. */
async function startRecorder({ lifetime }: World): Promise<Recorder> {
  const entries = new Map<string, { readonly key: string; readonly value: string }>();
  const put = (key: string, value: string) => void entries.set(`${key} ${value}`, { key, value });
  const take = (key: string, value: string) => void entries.delete(`${key} ${value}`);
  const api = await serveApi(lifetime, (request) => {
    const [, verb = '', key = ''] = request.path.split('/');
    const { fqdn = '', value = '' } = (jsonOf(request) ?? {}) as Record<string, string>;
    const change = { add: put, rm: take, present: put, cleanup: take }[verb];
    if (change === undefined) return { status: 404 };
    if (fqdn !== '') change(fqdn.slice(0, -1), value);
    else change(key, request.text);
    return { status: 200, json: {} };
  });
  const all = () => [...entries.values()];
  return {
    ...api,
    put,
    all: () =>
      all()
        .map(({ value }) => value)
        .filter((value) => value !== FOREIGN),
    values: (key) => all().flatMap((entry) => (entry.key === key ? [entry.value] : [])),
  };
}

/** @param flags which run scripts; `write` makes one, `url` is what they are to tell */
function scripted(title: string, proof: 'dns' | 'http', flags: (tools: Tools) => readonly string[]): Way {
  return {
    title,
    names: proof === 'dns' ? BOTH : HOSTS,
    set: async (world) => {
      const recorder = await startRecorder(world);
      if (proof === 'dns') recorder.put(RECORD, FOREIGN);
      const told = mirror(world, RECORD, () => recorder.values(RECORD));
      if (proof === 'http') await serveWeb(world, (path) => recorder.values(path.split('/').at(-1) ?? '')[0]);
      const dns = ['--dns-resolvers', world.pebble.dns?.address ?? '', '--dns-propagation-timeout', '0'];
      watchZone(world, recorder, proof === 'dns' ? told : async () => undefined);
      return {
        flags: flags({ url: recorder.url, dns, write: writerIn(world.directory) }),
        moments: MOMENTS,
        seesQuestion: proof === 'http',
        standing: async () => withoutForeign(recorder, proof),
        requests: () => recorder.requests.length,
      } satisfies Stage;
    },
  };
}

/** That of somebody else must stay. */
function withoutForeign(recorder: Recorder, proof: 'dns' | 'http'): readonly string[] {
  const isThere = proof === 'http' || recorder.values(RECORD).includes(FOREIGN);
  return isThere ? recorder.all() : [...recorder.all(), 'nothing of the record of somebody else'];
}

interface Tools {
  readonly url: string;
  /** Flags of dns-01: nothing that the CA asks is a zone there, so that nobody could be asked for the record. */
  readonly dns: readonly string[];
  /** @returns the path */
  readonly write: (name: string, text: string, mode?: number) => string;
}

const writerIn =
  (directory: string): Tools['write'] =>
  (name, text, mode = 0o755) => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  };

const tell = (url: string, verb: string, key: string, value: string) =>
  `curl -sSf -o /dev/null -d "${value}" "${url}/${verb}/${key}"`;

const certbot = (proof: 'dns' | 'http') =>
  scripted(`certbot's hooks, ${proof}-01`, proof, ({ url, write }) => {
    const key = proof === 'dns' ? '_acme-challenge.$CERTBOT_DOMAIN' : '$CERTBOT_TOKEN';
    const hook = (verb: string) =>
      `#!/bin/sh\nset -e\n${tell(url, verb, key, '$CERTBOT_VALIDATION')}\necho said\n`;
    return [
      ...['--manual', '--preferred-challenges', proof],
      ...['--manual-auth-hook', write('auth.sh', hook('add'))],
      ...['--manual-cleanup-hook', write('cleanup.sh', hook('rm'))],
    ];
  });

const dehydrated = (proof: 'dns' | 'http', chain: readonly string[] = []) =>
  scripted(
    `dehydrated's hook, ${proof}-01${chain.length > 0 ? ', HOOK_CHAIN' : ''}`,
    proof,
    ({ url, write }) => {
      const key = proof === 'dns' ? '_acme-challenge.$1' : '$2';
      const each = (name: string, verb: string) =>
        `${name}() { while [ $# -gt 0 ]; do ${tell(url, verb, key, '$3')}; shift 3; done; }`;
      const script = `#!/bin/sh
set -e
${each('deploy_challenge', 'add')}
${each('clean_challenge', 'rm')}
verb=$1; shift
case $verb in deploy_challenge|clean_challenge) $verb "$@";; esac
`;
      return ['--preferred-challenges', proof, '--dehydrated-hook', write('hook.sh', script), ...chain];
    },
  );

const acmesh = scripted('dns acmesh:dns_soak', 'dns', ({ url, dns, write }) => {
  const call = (name: string, verb: string) =>
    `dns_soak_${name}() {\n  response="$(_post "$2" "${url}/${verb}/$1" "" POST text/plain)" || return 1\n}\n`;
  const script = write('acme.sh/dnsapi/dns_soak.sh', `${call('add', 'add')}${call('rm', 'rm')}`, 0o644);
  const home = dirname(dirname(script));
  const file = write('acmesh.conf', `ACMESH_HOME='${home}'\n`, 0o600);
  return ['--dns', 'acmesh:dns_soak', '--dns-credentials', file, ...dns];
});

export const exec = scripted('dns exec', 'dns', ({ url, dns, write }) => {
  const script = `#!/bin/sh\nset -e\n[ $1 = present ] && verb=add || verb=rm\nname=\${2%.}\n${tell(url, '$verb', '$name', '$3')}\n`;
  const file = write('exec.ini', `path = ${write('exec.sh', script)}\n`, 0o600);
  return ['--dns', 'exec', '--dns-credentials', file, ...dns];
});

export const httpreq = scripted('dns httpreq', 'dns', ({ url, dns, write }) => {
  const file = write('httpreq.ini', `endpoint = ${url}\n`, 0o600);
  return ['--dns', 'httpreq', '--dns-credentials', file, ...dns];
});

export const SCRIPT_WAYS: readonly Way[] = [
  acmesh,
  exec,
  httpreq,
  certbot('dns'),
  certbot('http'),
  dehydrated('dns'),
  dehydrated('http'),
  dehydrated('dns', ['--dehydrated-hook-chain']),
];
