import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { DiskReader, FileStamp } from '../system/disk.ts';
import { isKeyOf, readLeaf } from '../x509/certificate.ts';
import { kindOf, loadPrivateKey } from '../x509/keys.ts';
import {
  CERTIFICATE,
  CHAIN,
  COMBINED,
  FULL_CHAIN,
  META,
  PEM_FILES,
  PRIVATE_KEY,
  type StorePaths,
  versionPath,
} from './paths.ts';
import type { LiveFacts } from './state.ts';

/** The stamps of a version's PEM files, or the name of the one that is missing. */
export function stampsOf(disk: DiskReader, directory: string): FileStamp[] | string {
  const stamps: FileStamp[] = [];
  for (const file of PEM_FILES) {
    const stamp = disk.stamp(`${directory}/${file}`);
    if (stamp === undefined) return file;
    stamps.push(stamp);
  }
  return stamps;
}

export function sameStamps(left: readonly FileStamp[], right: readonly FileStamp[]): boolean {
  return left.length === right.length && left.every((stamp, i) => sameStamp(stamp, right[i]));
}

export function sameStamp(left: FileStamp, right: FileStamp | undefined): boolean {
  return left[0] === right?.[0] && left[1] === right[1] && left[2] === right[2];
}

/**
 * Reads a version and checks that its files belong together.
 *
 * @throws EvercertError lineage-damaged
 */
export function inspectVersion(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
  version: string,
): LiveFacts {
  const directory = versionPath(paths, name, version);
  const stamps = stampsOf(disk, directory);
  if (typeof stamps === 'string') throw damaged(name, `${directory}/${stamps} is missing`);
  const read = (file: string) => disk.readText(`${directory}/${file}`) ?? '';
  const keyPem = read(PRIVATE_KEY);
  const fullChain = read(FULL_CHAIN);
  if (fullChain !== read(CERTIFICATE) + read(CHAIN))
    throw damaged(name, `${directory}: fullchain.pem is not cert.pem and chain.pem`);
  if (read(COMBINED) !== keyPem + fullChain)
    throw damaged(name, `${directory}: combined.pem is not privkey.pem and fullchain.pem`);
  const leaf = leafOf(name, directory, read(CERTIFICATE));
  const key = loadPrivateKey(keyPem, `${directory}/${PRIVATE_KEY}`);
  if (!isKeyOf(key, leaf)) throw damaged(name, `${directory}: privkey.pem is not the key of cert.pem`);
  const { names, notBefore, notAfter, renewalId = '', responder, crl } = leaf;
  return {
    version,
    names: [...names],
    notBefore,
    notAfter,
    key: kindOf(key),
    stamps: stamps.map(([ino, size, time]) => [ino, size, time]),
    renewalId,
    ...(responder === undefined ? {} : { responder }),
    ...(crl === undefined ? {} : { crl }),
    ...originOf(disk.readText(`${directory}/${META}`) ?? ''),
  };
}

const OriginSchema = v.object({ server: v.string(), profile: v.optional(v.string()) });

/** Of what meta.json tells, the part that decisions depend on; nothing, if it is gone or torn. */
function originOf(text: string): Pick<LiveFacts, 'server' | 'profile'> {
  try {
    const { server, profile } = v.parse(OriginSchema, JSON.parse(text));
    return { server, ...(profile === undefined ? {} : { profile }) };
  } catch {
    return {};
  }
}

function leafOf(name: string, directory: string, pem: string) {
  try {
    return readLeaf(pem);
  } catch (cause) {
    throw damaged(name, `${directory}/${CERTIFICATE} is no certificate`, cause);
  }
}

function damaged(name: string, message: string, cause?: unknown): EvercertError {
  const hint = `Restore the files of that version from a backup, link live/${name} to an older whole version, or make a new one: evercert renew --cert-name ${name} --force-renewal`;
  return new EvercertError('lineage-damaged', message, hint, cause);
}
