/** One DER element: its tag, its contents and where it ends. */
export interface DerElement {
  tag: number;
  contents: Buffer;
  end: number;
}

/** Reads the DER element at an offset; undefined when it does not fit. */
export function readDer(bytes: Buffer, offset = 0): DerElement | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || offset + 2 + lengthBytes > bytes.length) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes);
  const start = offset + 2 + lengthBytes;
  const end = start + length;
  return end <= bytes.length ? { tag, contents: bytes.subarray(start, end), end } : undefined;
}

/** The bytes of a certificate's serialNumber INTEGER, with the leading 00 that a set high bit asks for. */
export function serialNumberBytes(certificate: Buffer): Buffer {
  const tbs = readDer(readDer(certificate)?.contents ?? Buffer.alloc(0))?.contents ?? Buffer.alloc(0);
  const version = readDer(tbs);
  const serial = version?.tag === 0xa0 ? readDer(tbs, version.end) : version;
  if (serial?.tag !== 0x02) throw new TypeError('not a certificate');
  return serial.contents;
}
