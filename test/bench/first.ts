import { createArena, requestCount } from './arena.ts';
import { type Client, readyClients } from './clients.ts';
import { interleave, median, medianCpu, medianMib, medianMs, ratio, type Subject } from './measure.ts';
import { aim, number, table } from './tables.ts';

/** One certificate for one name, the whole process, the account made before. */
export async function firstTable(quick: boolean): Promise<string> {
  const arena = await createArena();
  try {
    const { clients, absent } = await readyClients(arena);
    const counts = clients.map((): number[] => []);
    const subjects = clients.map((client, index) => subjectOf(client, counts[index] ?? []));
    const samples = await interleave(subjects, quick ? 1 : 5, 0);
    const requests = counts.map(median);
    const rows = clients.map(({ name }, index) => [
      name,
      number(medianMs(samples[index])),
      number(medianCpu(samples[index])),
      number(medianMib(samples[index])),
      number(requests[index]),
      number(ratio(samples[index], samples[0]), 1),
    ]);
    const head = ['', 'ms', 'CPU ms', 'MiB', 'requests', 'x evercert webroot'];
    return [
      table('First certificate, one name, http-01, P-256, against Pebble, account ready', head, rows),
      ...absent,
      aim('evercert webroot: ms', medianMs(samples[0]), 500, 0),
      aim('evercert standalone: ms', medianMs(samples[1]), 500, 0),
      aim('evercert: requests for one order', Math.max(...requests.slice(0, 2)), 9, 0),
    ].join('\n');
  } finally {
    await arena.close();
  }
}

/** Counts the requests of each run. */
function subjectOf(client: Client, counts: number[]): Subject {
  let before = 0;
  return {
    command: (round) => client.issue(`first-${round}.example.org`),
    before: () => {
      before = requestCount(client.ca);
    },
    after: () => {
      counts.push(requestCount(client.ca) - before);
    },
  };
}
