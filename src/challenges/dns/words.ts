const LONGEST = 300;
const SHORTEST_SECRET = 4;

/**
 * Words of others for a message: bounded, nothing in them that could drive a terminal, and none of our secrets, which
 * some servers repeat.
 */
export function foreignWords(text: string, secrets: Iterable<string>): string {
  let told = text.slice(0, LONGEST * 10);
  for (const secret of secrets)
    if (secret.length >= SHORTEST_SECRET)
      for (const form of secretForms(secret)) told = told.replaceAll(form, '(secret)');
  return told
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}

/** A secret may come back as it is, in JSON or in a URL. */
export function secretForms(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
}
