import { SERVICE, TIMER } from './units.ts';

/** What systemd tells of our two units. Times are milliseconds since 1970. */
export interface SystemdState {
  /** The timer waits for its next hour (or its service runs). */
  readonly active: boolean;
  readonly lastRunAt: number | undefined;
  readonly nextRunAt: number | undefined;
  /** systemd's word: success, exit-code, timeout …; undefined before the first run. */
  readonly result: string | undefined;
  readonly exitStatus: number | undefined;
}

const PROPERTIES = [
  'Id',
  'ActiveState',
  'LastTriggerUSec',
  'NextElapseUSecRealtime',
  'ExecMainStartTimestamp',
  'ExecMainStatus',
  'Result',
];

/** To be run with TZ=UTC, so that its times can be read. */
export const SHOW_COMMAND = `systemctl show ${TIMER} ${SERVICE} --property=${PROPERTIES.join()}`;

/** Reads the output of SHOW_COMMAND; what is missing or not understood is undefined. */
export function parseSystemdState(output: string): SystemdState {
  const units = new Map(
    output.split(/\n\s*\n/).map((block) => [propertiesOf(block).get('Id'), propertiesOf(block)]),
  );
  const timer = units.get(TIMER) ?? new Map<string, string>();
  const service = units.get(SERVICE) ?? new Map<string, string>();
  const starts = [timer.get('LastTriggerUSec'), service.get('ExecMainStartTimestamp')].flatMap(
    (text) => timeOf(text) ?? [],
  );
  const hasRun = timeOf(service.get('ExecMainStartTimestamp')) !== undefined;
  const exitStatus = service.get('ExecMainStatus') ?? '';
  return {
    active: timer.get('ActiveState') === 'active',
    lastRunAt: starts.length === 0 ? undefined : Math.max(...starts),
    nextRunAt: timeOf(timer.get('NextElapseUSecRealtime')),
    result: hasRun ? wordOf(service.get('Result')) : undefined,
    exitStatus: hasRun && /^\d{1,3}$/.test(exitStatus) ? Number(exitStatus) : undefined,
  };
}

function propertiesOf(block: string): Map<string, string> {
  const lines = block.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line.trim()));
  return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])));
}

/** 'Sun 2026-11-22 19:17:03 UTC'; anything else ('n/a', another zone) is no time. */
function timeOf(text = ''): number | undefined {
  const [, date, time] = /^(?:\w+ )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(text) ?? [];
  const ms = Date.parse(`${date}T${time}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function wordOf(text = ''): string | undefined {
  return /^[a-z-]{1,40}$/.test(text) ? text : undefined;
}
