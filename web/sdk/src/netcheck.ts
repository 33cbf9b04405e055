/** Measures the way to the server: round trip and downlink. Owns the two requests, no verdict. */

import type { Env } from './env';

/** Round trips that are timed; the first one more is for setting up the connection. */
const ROUNDS = 5;
/** One request may take this long, in milliseconds. */
const ROUND_TIMEOUT_MS = 5_000;
/** The download stops after this long; what came by then is enough to judge. */
const DOWNLOAD_MS = 4_000;

export interface NetworkMeasured {
  /** Middle of the round trips, in milliseconds. */
  readonly rttMs: number;
  /** Downlink, in bit/s. */
  readonly downlinkBps: number;
}

/** Rejects when the server cannot be reached. */
export async function measureNetwork(env: Env): Promise<NetworkMeasured> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startMs = env.nowMs();
    const response = await within(env, ROUND_TIMEOUT_MS, (signal) =>
      env.fetch('/api/net/echo', { cache: 'no-store', signal }),
    );
    if (!response.ok) throw new Error('echo refused');
    if (round > 0) rounds.push(env.nowMs() - startMs);
  }
  rounds.sort((a, b) => a - b);
  const rttMs = rounds[Math.floor(rounds.length / 2)] ?? 0;
  return { rttMs, downlinkBps: await download(env) };
}

async function within<T>(env: Env, limitMs: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const cancel = env.after(limitMs, () => abort.abort());
  try {
    return await task(abort.signal);
  } finally {
    cancel();
  }
}

/** Times a download by the bytes that came, so that a slow network costs seconds, not minutes. */
async function download(env: Env): Promise<number> {
  const startMs = env.nowMs();
  let bytes = 0;
  let endMs = startMs;
  await within(env, DOWNLOAD_MS, async (signal) => {
    try {
      const response = await env.fetch('/api/net/blob', { cache: 'no-store', signal });
      if (!response.ok || response.body === null) return;
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.byteLength;
        endMs = env.nowMs();
      }
    } catch {
      endMs = env.nowMs(); // Out of time: judge by what came.
    }
  });
  const seconds = (endMs - startMs) / 1000;
  return seconds <= 0 ? 0 : Math.round((bytes * 8) / seconds);
}
