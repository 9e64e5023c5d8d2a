import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMemories, type Memories, readMemories } from '../../src/health/memory.ts';
import { memoryReader } from '../unit-kit/reader.ts';

const PATH = '/store/state/.notices.json';
const read = (text: string) => readMemories(memoryReader({ files: { [PATH]: text } }), PATH);

test('what is written is read', () => {
  const memories: Memories = new Map([
    [
      '0011',
      new Map([
        [
          'failed order-failed',
          new Map([
            ['a.example', 5],
            ['constructor', 6],
          ]),
        ],
      ]),
    ],
  ]);
  assert.deepEqual(read(encodeMemories(memories)), memories);
});

test('no file: nothing is remembered', () => {
  assert.equal(readMemories(memoryReader({}), PATH).size, 0);
});

const UNREADABLE = {
  empty: '',
  torn: '{"version":1,"targets":[["a",[["failed x",[["b"',
  'of another version': '{"version":2,"targets":[]}',
  'with more in it': '{"version":1,"targets":[],"x":1}',
  'with a time that is none': '{"version":1,"targets":[["a",[["b",[["c","now"]]]]]]}',
  'with a time before 1970': '{"version":1,"targets":[["a",[["b",[["c",-1]]]]]]}',
  'with a time that no date holds': '{"version":1,"targets":[["a",[["b",[["c",8640000000000001]]]]]]}',
  'a list': '[]',
  'with a key that is too long': `{"version":1,"targets":[["${'a'.repeat(301)}",[]]]}`,
  'too large': `${' '.repeat(8 << 20)}{"version":1,"targets":[["a",[["b",[["c",1]]]]]]}`,
};

for (const [name, text] of Object.entries(UNREADABLE)) {
  test(`a file that is ${name}: nothing is remembered`, () => assert.equal(read(text).size, 0));
}

test('the files above are unreadable for these reasons alone', () => {
  assert.equal(read('{"version":1,"targets":[["a",[["b",[["c",1]]]]]]}').size, 1);
});
