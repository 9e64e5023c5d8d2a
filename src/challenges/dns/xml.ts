/** An element of a document: what is in it is either other elements or text. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  /** Entities resolved; empty where there are children. */
  readonly text: string;
}

const MAX_DEPTH = 16;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const PART =
  /<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

interface Open {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/**
 * Reads the plain XML of an API: elements, attributes (which are dropped), text. No DTD, CDATA, comment or mixed content.
 *
 * @returns the root; undefined when the text is anything else
 */
export function parseXml(document: string): Element | undefined {
  const text = document.replace(/^\uFEFF?\s*<\?xml\s[^<>?]*\?>/, '').trim();
  const top: Open = { name: '', children: [], text: '' };
  const open: Open[] = [top];
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (part === null || !take(open, part)) return undefined;
    if (open.length === 1 && PART.lastIndex < text.length) return undefined;
  }
  return open.length === 1 ? top.children[0] : undefined;
}

/** @returns false when this part cannot stand here */
function take(open: Open[], [, closing, name = '', attributes, single, text]: RegExpExecArray): boolean {
  const current = open.at(-1) as Open;
  if (text !== undefined) return open.length > 1 && addText(current, text);
  if (closing === '/') return current.name === name && attributes === '' && single === '' && close(open);
  if (open.length > MAX_DEPTH || current.text.trim() !== '') return false;
  open.push({ name, children: [], text: '' });
  return single !== '/' || close(open);
}

function addText(element: Open, text: string): boolean {
  const resolved = resolveEntities(text);
  if (resolved === undefined || (element.children.length > 0 && resolved.trim() !== '')) return false;
  element.text += resolved;
  return true;
}

function close(open: Open[]): boolean {
  const { name, children, text } = open.pop() as Open;
  open.at(-1)?.children.push({ name, children, text: children.length > 0 ? '' : text });
  return open.length > 0;
}

function resolveEntities(text: string): string | undefined {
  let isSound = true;
  const resolved = text.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,8}))?;?/g, (whole, ...groups) => {
    const [decimal, hex, name] = groups as (string | undefined)[];
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    const character = name === undefined ? fromCode(code) : NAMED[name];
    if (character === undefined || !whole.endsWith(';')) isSound = false;
    return character ?? '';
  });
  return isSound ? resolved : undefined;
}

function fromCode(code: number): string | undefined {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

/** The elements of that name directly in another. */
export function childrenOf(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The only element at the end of a path; undefined when there is none, or more than one. */
export function childOf(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>((current, name) => {
    const found = childrenOf(current, name);
    return found.length === 1 ? found[0] : undefined;
  }, element);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
