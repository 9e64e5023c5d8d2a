import type { DiskReader } from '../../src/system/disk.ts';

export interface MemoryFiles {
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** Paths that may be executed. */
  readonly executable?: readonly string[];
  readonly directory?: { readonly uid: number; readonly mode: number };
}

/** A disk of text: directories are what the paths of files and links begin with. */
export function memoryReader({
  files = {},
  links = {},
  executable = [],
  directory,
}: MemoryFiles): DiskReader {
  const text = new Map(Object.entries(files));
  const targets = new Map(Object.entries(links));
  const paths = [...text.keys(), ...targets.keys()];
  const children = (path: string) =>
    paths
      .filter((each) => each.startsWith(`${path}/`))
      .map((each) => each.slice(path.length + 1).split('/')[0] ?? '');
  return {
    readText: (path) => text.get(path),
    readBytes: (path) => {
      const found = text.get(path);
      return found === undefined ? undefined : Buffer.from(found);
    },
    list: (path) => {
      const found = [...new Set(children(path))];
      return found.length === 0 ? undefined : found;
    },
    exists: (path) => text.has(path) || targets.has(path) || children(path).length > 0,
    stamp: (path) => {
      const found = text.get(path);
      return found === undefined ? undefined : [[...text.keys()].indexOf(path), found.length, 1];
    },
    linkTarget: (path) => targets.get(path) ?? (text.has(path) ? 'not-a-link' : undefined),
    directory: () => directory,
    fileMode: (path) => (text.has(path) ? 0o600 : undefined),
    isExecutableFile: (path) => executable.includes(path),
  };
}
