import { basename } from 'node:path';
import { EvercertError } from '../errors.ts';
import type { DiskWriter } from '../system/disk.ts';
import type { LineageHealth } from './health.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Undefined leaves the lineage out. */
  readonly of: (health: LineageHealth) => number | undefined;
}

const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);

const METRICS: readonly Metric[] = [
  {
    name: 'evercert_certificate_not_after_timestamp_seconds',
    help: 'End of the live certificate.',
    of: ({ notAfter }) => seconds(notAfter),
  },
  {
    name: 'evercert_renewal_due_timestamp_seconds',
    help: 'When the renewal is due.',
    of: ({ dueAt }) => seconds(dueAt),
  },
  {
    name: 'evercert_last_success_timestamp_seconds',
    help: 'When the last renewal succeeded.',
    of: ({ lastSuccessAt }) => seconds(lastSuccessAt),
  },
  {
    name: 'evercert_renewal_failures',
    help: 'Attempts that failed since the last success.',
    of: ({ failures }) => failures,
  },
  {
    name: 'evercert_deploy_pending',
    help: 'Hooks and checks of the live certificate that have not succeeded yet.',
    of: ({ deployPending }) => deployPending.length,
  },
  {
    name: 'evercert_served_mismatch',
    help: '1 when the server was seen to serve another certificate than the live one.',
    of: ({ served }) => (served === undefined ? undefined : Number(!served)),
  },
];

/**
 * All metrics of a store in the text format of Prometheus.
 *
 * @param now the end of the run, milliseconds since 1970
 */
export function metricsText(health: readonly LineageHealth[], now: number): string {
  const labels = health.map(({ lineage }) => `{lineage="${escapeLabel(lineage)}"}`);
  const lines = [
    ...single('evercert_run_timestamp_seconds', 'When evercert renew ran last.', now / 1000),
    ...single('evercert_lineages', 'Certificates that evercert keeps.', health.length),
  ].concat(METRICS.flatMap((metric) => family(metric, health, labels)));
  return `${lines.join('\n')}\n`;
}

function family(
  { name, help, of }: Metric,
  health: readonly LineageHealth[],
  labels: readonly string[],
): string[] {
  const samples = health.flatMap((each, index) => {
    const value = of(each);
    return value === undefined ? [] : `${name}${labels[index]} ${value}`;
  });
  return samples.length === 0 ? [] : headingOf(name, help).concat(samples);
}

function single(name: string, help: string, value: number): string[] {
  return [...headingOf(name, help), `${name} ${value}`];
}

function headingOf(name: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`];
}

function escapeLabel(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/**
 * Checks the path of `--metrics-file`: node_exporter reads no other names than `*.prom`.
 *
 * @throws EvercertError usage
 */
export function checkMetricsFile(path: string): string {
  if (/^[^.].*\.prom$/.test(basename(path)) && /^[^\0]*\.prom$/.test(path)) return path;
  throw new EvercertError(
    'usage',
    `--metrics-file ${JSON.stringify(path)} does not end in .prom`,
    'node_exporter reads only such names, e.g. /var/lib/prometheus/node-exporter/evercert.prom.',
  );
}

/**
 * Replaces the file as a whole, readable for all. Its directory mostly belongs to another user, who must not be able to
 * lead us anywhere else.
 *
 * @throws EvercertError store-access, disk-full, disk-failed
 */
export function writeMetrics(
  disk: Pick<DiskWriter, 'putFile'>,
  path: string,
  health: readonly LineageHealth[],
  now: number,
): void {
  disk.putFile(path, metricsText(health, now), 0o644);
}
