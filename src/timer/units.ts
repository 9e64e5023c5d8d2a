import { FIRST_LINE } from './command-line.ts';

export const SERVICE = 'evercert.service';
export const TIMER = 'evercert.timer';

/** Words that systemd takes as they are. */
const PLAIN = /^[\w@+=:,./-]+$/;

/**
 * The unit that runs once. docs/running.md says why each line is there, and why others are not.
 *
 * @param program absolute path of what is started, and its first words
 * @param words after them
 */
export function serviceUnit(
  [executable = '', ...first]: readonly string[],
  words: readonly string[],
): string {
  const command = [executableWord(executable), ...[...first, ...words].map(argumentWord)].join(' ');
  return `${FIRST_LINE}
[Unit]
Description=Renew TLS certificates that are due
Wants=network-online.target
After=network-online.target nss-lookup.target time-sync.target

[Service]
Type=oneshot
ExecStart=${command}
SuccessExitStatus=3
EnvironmentFile=-/etc/default/evercert
Environment=HOME=/root
SyslogIdentifier=evercert
KillMode=mixed
TimeoutStartSec=1d
OOMPolicy=continue
LimitCORE=0
RestrictRealtime=yes
LockPersonality=yes
`;
}

/** The unit that starts it every hour, at a minute of this machine's own (at any, before systemd 247). */
export function timerUnit(): string {
  return `${FIRST_LINE}
[Unit]
Description=Renew TLS certificates every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=55min
FixedRandomDelay=yes
AccuracySec=1min
Persistent=yes

[Install]
WantedBy=timers.target
`;
}

/** A word of ExecStart= (systemd.service, "Command lines"): specifiers, variables and quotes lose their meaning. */
export function argumentWord(word: string): string {
  return executableWord(word).replaceAll('$', '$$$$');
}

/** The path of the executable: as a word, but systemd looks for no variables in it. */
export function executableWord(word: string): string {
  if (PLAIN.test(word)) return word;
  const escaped = word
    .replaceAll('%', '%%')
    .replace(/["\\]/g, '\\$&')
    .replace(/\p{Cc}/gu, controlCharacter);
  return `"${escaped}"`;
}

function controlCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
