import fc from 'fast-check';

/** A text with a piece cut out and another put in its place. */
export function mutationsOf(text: string): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constant(''),
    fc.constantFrom(
      '0',
      '9e99',
      '-1',
      '1e999',
      '"',
      '{}',
      '[]',
      'null',
      'true',
      ',',
      '\\u0000',
      '/',
      '..',
      '\ufffd',
    ),
    fc.string({ maxLength: 3 }),
  );
  return fc
    .record({ at: fc.nat(text.length), cut: fc.nat(6), piece })
    .map((edit) => text.slice(0, edit.at) + edit.piece + text.slice(edit.at + edit.cut));
}

export function prefixesOf(text: string): string[] {
  return Array.from({ length: text.length }, (_, length) => text.slice(0, length));
}

/** Any UTF-16 at all, halves of surrogate pairs too, with more control characters than chance would give. */
export function hostileText(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(
    fc.nat(0xffff),
    fc.nat(0x7f),
    fc.constantFrom(0, 0x1b, 0x7f, 0x9b, 0xad, 0x202e, 0x2028, 0xfeff),
  );
  return fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units));
}
