// A thread of test/race/race.ts: one reader, which reports when it is stopped.
import { parentPort, workerData } from 'node:worker_threads';
import { readUntilStopped } from '../race/reader.ts';

parentPort?.postMessage(readUntilStopped(workerData));
