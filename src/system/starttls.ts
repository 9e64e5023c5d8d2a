import { notServed, quoted, type Wire } from './wire.ts';

/** Protocols in which TLS begins after a few words in the clear. */
export type StartTls = 'smtp' | 'imap' | 'pop3' | 'ldap' | 'postgres' | 'mysql';

/**
 * Has the server begin TLS: when it returns, the next bytes on the wire are a handshake.
 *
 * @throws EvercertError not-served
 */
export async function startTls(protocol: StartTls, wire: Wire): Promise<void> {
  await DIALOGUES[protocol](wire);
  wire.expectQuiet();
}

const DIALOGUES: Record<StartTls, (wire: Wire) => Promise<void>> = {
  smtp,
  imap,
  pop3,
  ldap,
  postgres,
  mysql,
};

/** RFC 3207. */
async function smtp(wire: Wire): Promise<void> {
  await smtpReply(wire, '220', 'its greeting');
  wire.expectQuiet();
  wire.write('EHLO evercert-check.invalid\r\n');
  const offers = await smtpReply(wire, '250', 'EHLO');
  if (!offers.some((offer) => /^STARTTLS$/i.test(offer.trim()))) throw notServed('it offers no STARTTLS');
  wire.expectQuiet();
  wire.write('STARTTLS\r\n');
  await smtpReply(wire, '220', 'STARTTLS');
}

/** RFC 5321 section 4.2.1. @returns the lines, without their code */
async function smtpReply(wire: Wire, wanted: string, what: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await wire.line();
    const [, code, goesOn, text = ''] = /^(\d{3})(?:([ -])(.*))?$/.exec(line) ?? [];
    if (code !== wanted) throw refused(what, line);
    lines.push(text);
    if (goesOn !== '-') return lines;
  }
}

/** RFC 9051 section 6.2.1. */
async function imap(wire: Wire): Promise<void> {
  const greeting = await wire.line();
  if (!/^\* OK\b/i.test(greeting)) throw refused('its greeting', greeting);
  wire.expectQuiet();
  wire.write('a1 STARTTLS\r\n');
  for (;;) {
    const line = await wire.line();
    if (/^a1 OK\b/i.test(line)) return;
    if (!line.startsWith('* ') || /^\* BYE\b/i.test(line)) throw refused('STARTTLS', line);
  }
}

/** RFC 2595 section 4. */
async function pop3(wire: Wire): Promise<void> {
  const greeting = await wire.line();
  if (!/^\+OK\b/.test(greeting)) throw refused('its greeting', greeting);
  wire.expectQuiet();
  wire.write('STLS\r\n');
  const reply = await wire.line();
  if (!/^\+OK\b/.test(reply)) throw refused('STLS', reply);
}

const LDAP_STARTTLS = '1.3.6.1.4.1.1466.20037';

/** RFC 4511 section 4.14: an ExtendedRequest, and its ExtendedResponse with resultCode success. */
async function ldap(wire: Wire): Promise<void> {
  const head = [0x30, 9 + LDAP_STARTTLS.length - 2, 0x02, 0x01, 0x01, 0x77, LDAP_STARTTLS.length + 2];
  wire.write(Buffer.from([...head, 0x80, LDAP_STARTTLS.length, ...Buffer.from(LDAP_STARTTLS)]));
  const [tag] = await wire.bytes(1);
  if (tag !== 0x30) throw notServed('it does not speak LDAP');
  const message = await wire.bytes(await berLength(wire));
  // messageID 1, [APPLICATION 24], its length, resultCode
  const isResponse = message.subarray(0, 4).equals(Buffer.from([0x02, 0x01, 0x01, 0x78]));
  const response = isResponse ? message.subarray(4) : Buffer.alloc(0);
  const first = response[0] ?? 0;
  const content = response.subarray(first < 0x80 ? 1 : 1 + (first & 0x7f));
  if (content[0] !== 0x0a || content[1] !== 1) throw notServed('it does not answer STARTTLS as LDAP does');
  if (content[2] !== 0) throw notServed(`it refuses STARTTLS: LDAP result code ${content[2]}`);
}

/** Definite form, in two bytes at most what RFC 4511 needs here; Active Directory writes four. */
async function berLength(wire: Wire): Promise<number> {
  const [first = 0] = await wire.bytes(1);
  if (first < 0x80) return first;
  const size = first & 0x7f;
  if (size < 1 || size > 4) throw notServed('it does not speak LDAP');
  const length = (await wire.bytes(size)).readUIntBE(0, size);
  if (length > 4096) throw notServed('its LDAP answer is too long');
  return length;
}

/** SSLRequest of the frontend/backend protocol: length 8, code 1234 5679; the answer is one byte. */
async function postgres(wire: Wire): Promise<void> {
  wire.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  const answer = (await wire.bytes(1)).toString('latin1');
  if (answer === 'N') throw notServed('it refuses TLS: it is switched off in this PostgreSQL');
  if (answer !== 'S') throw notServed('it does not speak the protocol of PostgreSQL');
}

const MYSQL_TLS = 0x0800;
/** CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH. */
const MYSQL_CAPABILITIES = 0x0200 | MYSQL_TLS | 0x8000 | 0x80000;

/** Protocol::HandshakeV10, answered by Protocol::SSLRequest; the server says nothing to that. */
async function mysql(wire: Wire): Promise<void> {
  const [low = 0, middle = 0, high = 0, sequence] = await wire.bytes(4);
  const length = low | (middle << 8) | (high << 16);
  if (sequence !== 0 || length < 5 || length > 1024)
    throw notServed('it does not speak the protocol of MySQL');
  const greeting = await wire.bytes(length);
  if (greeting[0] === 0xff) throw notServed(`it refuses: ${quoted(greeting.toString('latin1', 3))}`);
  const versionEnd = greeting.indexOf(0, 1);
  // version, thread id (4), data (8), filler (1), capabilities
  const capabilitiesAt = versionEnd + 1 + 4 + 8 + 1;
  if (greeting[0] !== 10 || versionEnd < 0 || capabilitiesAt + 2 > length)
    throw notServed('it does not speak the protocol of MySQL');
  if ((greeting.readUInt16LE(capabilitiesAt) & MYSQL_TLS) === 0)
    throw notServed('it offers no TLS: it is switched off in this MySQL');
  wire.expectQuiet();
  wire.write(mysqlRequest());
}

function mysqlRequest(): Buffer {
  const packet = Buffer.alloc(4 + 32);
  packet.writeUIntLE(32, 0, 3);
  packet.writeUInt8(1, 3);
  packet.writeUInt32LE(MYSQL_CAPABILITIES, 4);
  packet.writeUInt32LE(1 << 24, 8);
  packet.writeUInt8(33, 12);
  return packet;
}

function refused(what: string, line: string): Error {
  return notServed(`it answered ${what} with ${quoted(line)}`);
}
