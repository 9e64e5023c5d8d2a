const LONGEST = 300;
const SHORTEST_SECRET = 4;

/**
 * Words of others for a message: bounded, nothing in them that could drive a terminal, and none of our secrets, which
 * some servers repeat.
 */
export function foreignWords(text: string, secrets: Iterable<string>): string {
  let told = text.slice(0, LONGEST * 10);
  for (const secret of secrets)
    if (secret.length >= SHORTEST_SECRET) told = told.replaceAll(secret, '(secret)');
  return told
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}
