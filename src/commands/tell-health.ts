import { baseEnvironment } from '../deploy/hook-plan.ts';
import { asEvercertError } from '../errors.ts';
import type { LineageHealth } from '../health/health.ts';
import { writeMetrics } from '../health/metrics.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { type NotifyEdges, notify, sendTest } from '../notify/notify.ts';
import { parseTargets } from '../notify/target.ts';
import type { Edges } from './edges.ts';
import { healthOfAll, type Verdict } from './health-of.ts';

/** Whom to tell how the lineages are doing. */
export interface TellOptions {
  /** As given; notify/target.ts reads them. */
  readonly notify: readonly string[];
  readonly notifyExpiryDays: number;
  readonly metricsFile: string | undefined;
}

/**
 * After a run: metrics for Prometheus, notices for people. That they could not be told is a warning.
 *
 * @param certName the only lineage that the run looked at; of the others nobody knows whether they are well again
 */
export async function tellHealth(
  edges: Edges,
  paths: StorePaths,
  options: TellOptions,
  verdicts: ReadonlyMap<string, Verdict>,
  certName: string | undefined,
): Promise<void> {
  const health = healthOfAll(edges, paths, verdicts);
  keepMetrics(edges, options.metricsFile, health);
  const targets = targetsOf(edges, options);
  if (targets.length === 0) return;
  const memoryPath = `${paths.state}/.notices.json`;
  const { notifyExpiryDays: expiryDays } = options;
  const { host, clock } = edges;
  const lookedAt = health.filter(({ lineage }) => certName === undefined || lineage === certName);
  await notify(lookedAt, { targets, expiryDays, memoryPath, host }, notifyEdges(edges), clock.now());
}

/** Sends a test to all targets. @returns the exit status */
export async function testNotify(edges: Edges, options: TellOptions): Promise<number> {
  const targets = targetsOf(edges, options);
  const arrived = await sendTest({ targets, host: edges.host }, notifyEdges(edges), edges.clock.now());
  return arrived ? 0 : 1;
}

function targetsOf({ environment }: Edges, options: TellOptions) {
  return parseTargets(options.notify, environment.EVERCERT_NOTIFY);
}

function keepMetrics(
  { disk, emit, clock }: Edges,
  path: string | undefined,
  health: readonly LineageHealth[],
): void {
  if (path === undefined) return;
  try {
    writeMetrics(disk, path, health, clock.now());
  } catch (error) {
    emit({ type: 'warning', code: 'metrics-not-written', detail: asEvercertError(error).message });
  }
}

function notifyEdges(edges: Edges): NotifyEdges {
  const { environment } = edges;
  return {
    disk: edges.disk,
    emit: edges.emit,
    http: () => edges.http('look-up', undefined),
    smtp: edges.smtp,
    shellWith: edges.shellWith,
    commandEnvironment: baseEnvironment(environment),
    token: environment.EVERCERT_NOTIFY_TOKEN,
    smtpPassword: environment.EVERCERT_SMTP_PASSWORD,
    userAgent: edges.userAgent,
    signal: edges.signal,
  };
}
