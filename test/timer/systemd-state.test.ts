import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSystemdState } from '../../src/timer/systemd-state.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const OUTPUT = `Result=success
Id=evercert.timer
ActiveState=active
LastTriggerUSec=Sun 2026-11-22 18:17:03 UTC
NextElapseUSecRealtime=Sun 2026-11-22 19:17:00 UTC

Result=exit-code
ExecMainStartTimestamp=Sun 2026-11-22 18:17:03 UTC
ExecMainStatus=1
Id=evercert.service
ActiveState=failed
`;

const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);

test('a timer that waits, a service that failed', () => {
  assert.deepEqual(parseSystemdState(OUTPUT), {
    active: true,
    lastRunAt: at('18:17:03'),
    nextRunAt: at('19:17:00'),
    result: 'exit-code',
    exitStatus: 1,
  });
});

test('a run that was started by hand is the last one', () => {
  const output = OUTPUT.replace(
    'StartTimestamp=Sun 2026-11-22 18:17:03',
    'StartTimestamp=Sun 2026-11-22 18:40:00',
  );
  assert.equal(parseSystemdState(output).lastRunAt, at('18:40:00'));
});

const NOTHING = {
  active: false,
  lastRunAt: undefined,
  nextRunAt: undefined,
  result: undefined,
  exitStatus: undefined,
};

const UNKNOWN: Record<string, string> = {
  nothing: '',
  'units that are not there': `Id=evercert.timer
ActiveState=inactive
LastTriggerUSec=
NextElapseUSecRealtime=n/a

Result=success
ExecMainStartTimestamp=
ExecMainStatus=0
Id=evercert.service
`,
  'other units': OUTPUT.replaceAll('evercert', 'other'),
  'another zone': OUTPUT.replaceAll('UTC', 'CET').replace('State=active', 'State=x'),
  'no times': OUTPUT.replaceAll('2026-11-22', '2026-13-99').replace('State=active', 'State=x'),
};

for (const [name, output] of Object.entries(UNKNOWN)) {
  test(`${name}: nothing is known`, () => assert.deepEqual(parseSystemdState(output), NOTHING));
}

test('property: any text is read, and nothing of it goes on', () => {
  fc.assert(
    fc.property(hostileText(60), (text) => {
      const { result } = parseSystemdState(`${OUTPUT.replace('exit-code', text)}`);
      assert.match(result ?? 'x', /^[a-z-]+$/);
    }),
  );
});
