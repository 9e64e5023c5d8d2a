import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignWords } from '../../../src/challenges/dns/words.ts';

test('a secret is hidden in each form in which a server may repeat it', () => {
  const secret = 'p"ss/w\\rd +1';
  for (const form of [secret, JSON.stringify({ key: secret }), `?p=${encodeURIComponent(secret)}`]) {
    const told = foreignWords(`refused: ${form}`, [secret]);
    assert.match(told, /\(secret\)/);
    assert.doesNotMatch(told, /ss.*w.*rd/);
  }
});

test('words are short, of one line, and drive no terminal', () => {
  assert.equal(foreignWords(' a\x1b[31m\r\nb\u202e ', []), 'a [31m b');
  assert.equal(foreignWords('x'.repeat(1 << 20), []).length, 300);
});
