import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onDemand } from '../../src/challenges/on-demand.ts';

test('a start that comes while the last server ends waits until the port is free', async () => {
  const log: string[] = [];
  const server = onDemand(async () => {
    log.push('listen');
    return {
      close: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push('closed');
      },
    };
  });
  await server.end();
  await server.start();
  await Promise.all([server.end(), server.end(), server.start(), server.start()]);
  await server.end();
  assert.deepEqual(log, ['listen', 'closed', 'listen', 'closed']);
});
