import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One place that this machine's apt takes Debian's packages from. */
export interface AptSource {
  readonly uri: string;
  readonly signedBy?: string;
}

const APT = '/etc/apt';

/** The sources of Debian's own archive, as apt is set up on this machine; security archives carry no sid. */
export function debianSources(): AptSource[] {
  const sources = sourceFiles().flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text);
  });
  const seen = new Set<string>();
  return sources.filter(({ uri }) => {
    const wanted = /\/debian\/?$/.test(uri) && !seen.has(uri);
    seen.add(uri);
    return wanted;
  });
}

function sourceFiles(): string[] {
  const parts = join(APT, 'sources.list.d');
  const inParts = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [join(APT, 'sources.list'), ...inParts.filter((path) => /\.(list|sources)$/.test(path))].filter(
    (path) => existsSync(path),
  );
}

/** The `.sources` format: stanzas of `Field: value`, continued by lines that begin with a blank. */
export function parseDeb822(text: string): AptSource[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1]?.trim();
      if (field('Enabled') === 'no' || !words(field('Components')).includes('main')) return [];
      return words(field('URIs')).map((uri) => source(uri, field('Signed-By')));
    });
}

/** The `.list` format: `deb [option=value …] URI suite component…`, one a line. */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+\S+\s+(.*)$/.exec(line);
    if (!match?.[2] || !words(match[3]).includes('main')) return [];
    return [source(match[2], /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? '')?.[1])];
  });
}

/** A Signed-By that holds the key itself in place of a path is left out: apt's trusted keys then decide. */
function source(uri: string, signedBy: string | undefined): AptSource {
  return signedBy?.startsWith('/') ? { uri, signedBy } : { uri };
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}
