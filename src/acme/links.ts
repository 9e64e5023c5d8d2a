const MAX_LINK_LENGTH = 16_384;

/** The http(s) targets of a Link header whose relations include `relation` (RFC 8288 section 3). */
export function linkTargets(link: string | undefined, base: string, relation: string): string[] {
  const links = [...(link ?? '').slice(0, MAX_LINK_LENGTH).matchAll(/<([^<>\s]+)>((?:\s*;[^<,]*)*)/g)];
  return links
    .filter(([, , parameters = '']) => relationsOf(parameters).includes(relation))
    .map(([, target = '']) => target)
    .filter((target) => URL.canParse(target, base))
    .map((target) => new URL(target, base).href)
    .filter((url) => /^https?:/.test(url));
}

function relationsOf(parameters: string): string[] {
  const match = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(parameters);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().split(/\s+/);
}
