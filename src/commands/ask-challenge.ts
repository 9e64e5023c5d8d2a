import { resolve } from 'node:path';
import type { Settings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';
import type { LineageOptions } from './wanted-settings.ts';

type Ask = NonNullable<Edges['ask']>;

const WAY = /^(?:standalone|tls-alpn|static|dns-persist|dns(?:-account)?:.+)$/;

/** On a terminal, asks how the names are to be proven if no flag and no earlier certificate says it. */
export async function withChallenge(
  names: readonly string[],
  old: Settings | undefined,
  lineage: LineageOptions,
  { ask }: Pick<Edges, 'ask'>,
): Promise<LineageOptions> {
  if (old !== undefined || lineage.ways.length > 0 || lineage.webroots.length > 0 || ask === undefined)
    return lineage;
  const way = names.some((name) => name.startsWith('*.')) ? await askProvider(ask) : await askWay(ask);
  if (!WAY.test(way)) return { ...lineage, webroots: [{ root: resolve(way), names }] };
  const asksFile = /^dns.*:/.test(way) && lineage.dnsCredentials === undefined;
  const file = asksFile ? await askCredentials(ask) : '';
  return { ...lineage, ways: [way], ...(file === '' ? {} : { dnsCredentials: resolve(file) }) };
}

function askWay(ask: Ask): Promise<string> {
  return answerOf(
    ask,
    'Directory that your web server serves for these names, or "standalone" if port 80 is free, or "dns:PROVIDER": ',
  );
}

async function askProvider(ask: Ask): Promise<string> {
  const answer = await answerOf(
    ask,
    'DNS provider of the wildcard, since only DNS can prove it (cloudflare, rfc2136, acmesh:dns_xx …): ',
  );
  return WAY.test(answer) ? answer : `dns:${answer}`;
}

async function askCredentials(ask: Ask): Promise<string> {
  return (await ask('File with its credentials (empty if there is none): ')).trim();
}

/** Asks until there is an answer. */
async function answerOf(ask: Ask, question: string): Promise<string> {
  for (;;) {
    const answer = (await ask(question)).trim();
    if (answer !== '') return answer;
  }
}
