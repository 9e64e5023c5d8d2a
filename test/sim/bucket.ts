/** A limit of a CA: so many at once, and one more after each `refillMs`. */
export interface Bucket {
  tokens: number;
  at: number;
  readonly size: number;
  readonly refillMs: number;
}

export function createBucket(size: number, perMs: number, now: number): Bucket {
  return { tokens: size, at: now, size, refillMs: perMs / size };
}

/** Takes one. @returns 0, or after how many milliseconds there will be one */
export function take(bucket: Bucket, now: number): number {
  const { size, refillMs } = bucket;
  bucket.tokens = Math.min(size, bucket.tokens + Math.max(0, now - bucket.at) / refillMs);
  bucket.at = now;
  if (bucket.tokens < 1) return (1 - bucket.tokens) * refillMs;
  bucket.tokens -= 1;
  return 0;
}
