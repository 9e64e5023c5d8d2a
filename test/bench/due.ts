import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createArena } from './arena.ts';
import { type Client, readyClients } from './clients.ts';
import {
  interleave,
  median,
  medianCpu,
  medianMib,
  medianMs,
  run,
  type Sample,
  type Subject,
} from './measure.ts';
import { copyCertbotLineage, copyLineage, manyNames, removeLineages } from './stores.ts';
import { aimAtLeast, number, table } from './tables.ts';

const TEMPLATE = 'template.example.org';

/** How many each of the slow ones renews; they go one after the other, so that the time of one is the whole over these. */
const PEER_COUNTS: Readonly<Record<string, number>> = {
  'certbot webroot': 3,
  uacme: 10,
  lego: 2,
  dehydrated: 2,
};

/** A renewal of so many by one client. */
interface Entry {
  readonly client: Client;
  readonly count: number;
  readonly subject: Subject;
}

/** Many lineages due in one `renew`. */
export async function dueTable(quick: boolean): Promise<string> {
  const arena = await createArena();
  try {
    const { clients, absent } = await readyClients(arena);
    const ours = clients.find(({ name }) => name === 'evercert standalone');
    const peers = clients.filter(({ name }) => name in PEER_COUNTS);
    for (const client of clients.filter((each) => each === ours || peers.includes(each))) {
      await run(client.issue(TEMPLATE));
    }
    if (ours === undefined) throw new Error('unreachable');
    const entries = [
      evercertEntry(ours, 200),
      evercertEntry(ours, 20),
      ...(await Promise.all(peers.map(peerEntry))),
    ];
    const subjects = entries.map(({ subject }) => subject);
    const samples = await interleave(subjects, quick ? 1 : 3, 0);
    return report(entries, samples, absent);
  } finally {
    await arena.close();
  }
}

/** The store is made anew for each round: all of it due, each lineage with a certificate that evercert made. */
function evercertEntry(client: Client, count: number): Entry {
  const names = manyNames(count);
  return {
    client,
    count,
    subject: {
      command: () => client.renew(names),
      before: () => copyLineage(client.home, TEMPLATE, names, true),
      after: () => {
        for (const name of names) {
          const target = readlinkSync(join(client.home, 'live', name));
          if (!target.endsWith('/0002')) throw new Error(`${name} was not renewed`);
        }
        removeLineages(client.home, names);
      },
    },
  };
}

async function peerEntry(client: Client): Promise<Entry> {
  const count = PEER_COUNTS[client.name] ?? 1;
  const others = manyNames(count - 1);
  if (client.name.startsWith('certbot')) copyCertbotLineage(client.home, TEMPLATE, others);
  // Names its files by the second: a lineage cannot be renewed twice in one. The other two may repeat themselves.
  if (client.name === 'uacme') for (const name of others) await run(client.issue(name));
  const names =
    client.name === 'uacme' ? [TEMPLATE, ...others] : Array.from({ length: count }, () => TEMPLATE);
  return { client, count, subject: { command: () => client.renew(names) } };
}

function report(
  entries: readonly Entry[],
  samples: readonly (readonly Sample[])[],
  absent: readonly string[],
): string {
  const [ours = []] = samples;
  const oursCount = entries[0]?.count ?? 1;
  const gains = entries.map(({ count }, index) =>
    median(
      (samples[index] ?? []).map(
        ({ ms }, round) => ms / count / ((ours[round]?.ms ?? Number.NaN) / oursCount),
      ),
    ),
  );
  const rows = entries.map(({ client, count }, index) => [
    client.name,
    number(count),
    number(medianMs(samples[index]) / 1000, 2),
    number(medianMs(samples[index]) / count),
    number(medianCpu(samples[index]) / count),
    number(medianMib(samples[index])),
    number(gains[index], 1),
  ]);
  const gainOver = (name: string) => entries.findIndex(({ client }) => client.name === name);
  const aims = [
    ['certbot webroot', 50],
    ['uacme', 5],
  ] as const;
  return [
    table(
      'renew, all due, http-01 against Pebble',
      ['', 'due', 's', 'ms each', 'CPU ms each', 'MiB', 'x evercert, 200'],
      rows,
    ),
    '  the others renew one after the other; they get fewer, and "each" is what compares',
    ...absent,
    ...aims.flatMap(([name, bound]) =>
      gainOver(name) < 0
        ? []
        : [aimAtLeast(`${name} / evercert, a renewal`, gains[gainOver(name)] ?? 0, bound)],
    ),
  ].join('\n');
}
