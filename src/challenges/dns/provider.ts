import type { DnsClient, ExchangeDns } from '../../system/dns.ts';
import type { HttpResponse } from '../../system/http.ts';
import type { ShellResult } from '../../system/process.ts';
import type { Challenge } from '../solver.ts';

/** One TXT value that proves a name. */
export interface TxtRecord {
  /** Fully qualified, lower case, without a final dot; delegation by CNAME is followed already. */
  readonly name: string;
  /** At most 255 characters of printable ASCII, as they are: quoting is the provider's business. */
  readonly value: string;
  /** What it is for: for programs of others, which make the record themselves. */
  readonly challenge: Challenge;
}

/** Writes TXT records. All that it throws is an EvercertError; records of one name come one after the other. */
export interface DnsProvider {
  /**
   * Adds one value beside all that is there (base name and wildcard share a name). One that is there already is no error.
   *
   * @returns what `remove` needs to know, if anything
   */
  add(record: TxtRecord): Promise<string | undefined>;
  /** Removes that one value and nothing else; one that is not there is no error. @param trace what `add` returned, if that is still known */
  remove(record: TxtRecord, trace: string | undefined): Promise<void>;
}

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The outside world of a provider. Each call is bounded in time, and ends when the run is interrupted, clean-up excepted. */
export interface ProviderEdges {
  /** @throws EvercertError connection-failed, tls-failed, bad-answer (too large) */
  readonly request: (request: ProviderRequest) => Promise<HttpResponse>;
  /** The zone that a name is in: the closest name above that has a SOA record. @throws EvercertError dns-failed */
  readonly zoneOf: (name: string) => Promise<string>;
  /** Asks the resolvers of this machine, or those named. */
  readonly dns: (servers?: readonly string[]) => Promise<DnsClient>;
  /** Sends one DNS message of our own making. */
  readonly exchange: ExchangeDns;
  /** Runs a shell command. @param env beside the environment of this process */
  readonly run: (
    command: string,
    env: Readonly<Record<string, string>>,
    input?: string,
  ) => Promise<ShellResult>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** One thing that a provider must be told: a token, a user, the URL of an API. */
export interface Credential {
  /** As in a credentials file, and an argument of `create`: lower case with underscores. */
  readonly name: string;
  /** Environment variables that also hold it: those of lego and acme.sh. */
  readonly variables: readonly string[];
  readonly optional?: boolean;
  /** A file that is JSON is this one, as a whole; a variable may hold its path instead of its text. */
  readonly wholeFile?: boolean;
  /** What it is, for the table in docs/dns.md. */
  readonly help: string;
}

/** What a module of `dns/providers/` exports as `provider`, and a package evercert-dns-NAME as well. */
export interface ProviderDefinition {
  readonly name: string;
  /** 'any': all that its file holds, under the names there (less acme.sh's SAVED_), for programs that know themselves what they need. */
  readonly credentials: readonly Credential[] | 'any';
  /** Without talking to anybody. @param credentials by name, those that are given */
  create(credentials: Readonly<Record<string, string>>, edges: ProviderEdges): DnsProvider;
}
