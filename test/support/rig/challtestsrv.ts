import { freePort } from './ports.ts';
import { startServer } from './processes.ts';

/** The DNS server that Pebble validates with: every name has the address 127.0.0.1 until told otherwise. */
export interface ValidationDns {
  /** host:port, UDP and TCP. */
  readonly address: string;
  readonly port: number;
  /** Where programs of others may do the same as the functions below. */
  readonly managementUrl: string;
  readonly setTxt: (name: string, value: string) => Promise<void>;
  readonly clearTxt: (name: string) => Promise<void>;
  readonly setAddresses: (name: string, addresses: readonly string[]) => Promise<void>;
  readonly setIpv6Addresses: (name: string, addresses: readonly string[]) => Promise<void>;
  /** Makes each query for this name fail with SERVFAIL. */
  readonly breakName: (name: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startValidationDns(challtestsrv: string): Promise<ValidationDns> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''];
  const server = await startServer({
    command: challtestsrv,
    args: [
      ...['-dnsserver', address, '-management', `127.0.0.1:${managementPort}`],
      ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
      ...off,
    ],
    ports: [port, managementPort],
  });
  const managementUrl = `http://127.0.0.1:${managementPort}`;
  const tell = async (path: string, body: unknown): Promise<void> => {
    const url = `${managementUrl}/${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  };
  return {
    address,
    port,
    managementUrl,
    setTxt: (name, value) => tell('set-txt', { host: absolute(name), value }),
    clearTxt: (name) => tell('clear-txt', { host: absolute(name) }),
    setAddresses: (name, addresses) => tell('add-a', { host: absolute(name), addresses }),
    setIpv6Addresses: (name, addresses) => tell('add-aaaa', { host: absolute(name), addresses }),
    breakName: (name) => tell('set-servfail', { host: absolute(name) }),
    stop: server.stop,
  };
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}
