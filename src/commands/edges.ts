import type { Emit } from '../events.ts';
import type { ProbeAlpn } from '../system/alpn-probe.ts';
import type { Clock } from '../system/clock.ts';
import type { Disk } from '../system/disk.ts';
import type { DnsClient } from '../system/dns.ts';
import type { SendDns } from '../system/dns-exchange.ts';
import type { SendHttp } from '../system/http.ts';
import type { ProbeHttp } from '../system/http-probe.ts';
import type { ListenHttp } from '../system/http-server.ts';
import type { TakeLock } from '../system/lock.ts';
import type { ReadOwned } from '../system/owned-file.ts';
import type { LoadPackage } from '../system/packages.ts';
import type { LookUpGroup, RunShell } from '../system/process.ts';
import type { SendSmtp } from '../system/smtp.ts';
import type { ListenTls } from '../system/tls-alpn-server.ts';
import type { ProbeTls } from '../system/tls-probe.ts';
import type { Webroot } from '../system/webroot.ts';

/** Talking to a CA or a DNS provider; or fetching what a CA publishes (OCSP, CRLs): larger, and not worth so long a wait. */
export type HttpPurpose = 'acme' | 'dns-provider' | 'look-up';

/** The outside world, as main builds it. Commands hand each stage the one edge that it uses. */
export interface Edges {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly runShell: RunShell;
  /** The same for a command that reads `input`. */
  readonly shellWith: (input: string) => RunShell;
  readonly lookUpGroup: LookUpGroup;
  readonly takeLock: TakeLock;
  /** Loaded when first used: a run with nothing due needs none of them. */
  readonly http: (
    purpose: HttpPurpose,
    ca: string | undefined,
  ) => Promise<{ send: SendHttp; close: () => void }>;
  readonly probeTls: () => Promise<ProbeTls>;
  readonly probeHttp: () => Promise<ProbeHttp>;
  readonly probeAlpn: () => Promise<ProbeAlpn>;
  /** As createDns. */
  readonly dns: (servers?: readonly string[], signal?: AbortSignal, timeoutMs?: number) => Promise<DnsClient>;
  readonly sendDns: () => Promise<SendDns>;
  readonly readOwned: ReadOwned;
  /** Packages of others, which are looked for in that store too. */
  readonly packages: (configDir: string) => Promise<LoadPackage>;
  readonly smtp: () => Promise<SendSmtp>;
  readonly listenHttp: () => Promise<ListenHttp>;
  readonly listenTls: () => Promise<ListenTls>;
  readonly webroot: () => Promise<Webroot>;
  /** Asks the person at the terminal; undefined where there is none, or `--non-interactive`. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** This machine's name. */
  readonly host: string;
  /** Absolute paths that start this program again: Node and the script. */
  readonly program: readonly string[];
  /** Who holds the lock, for whoever finds it taken. */
  readonly holder: string;
  readonly userAgent: string;
}

/** Where the store is, and whether the operator named it (or it is the default). */
export interface StoreOptions {
  readonly configDir: string;
  readonly configDirGiven: boolean;
  readonly lockWaitMs: number;
}
