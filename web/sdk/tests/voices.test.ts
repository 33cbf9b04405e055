import { describe, expect, it } from 'vitest';
import { QUIET_MS, Voices } from '../src/voices';

/** Levels of two people for a while, looked at every 200 ms; gives who spoke at the end. */
function spoken(voices: Voices, from: number, forMs: number, levels: Readonly<Record<string, number>>): string | null {
  let speaker: string | null = null;
  for (let at = from; at < from + forMs; at += 200) {
    for (const [seat, level] of Object.entries(levels)) voices.heard(at, seat, level);
    speaker = voices.judge(at);
  }
  return speaker;
}

describe('who speaks', () => {
  it('is nobody in a quiet room', () => {
    expect(spoken(new Voices(), 0, 10_000, { a: 0.001, b: 0 })).toBeNull();
  });

  it('is the louder one, and not changed by a cough or a voice that is hardly louder', () => {
    const voices = new Voices();
    expect(spoken(voices, 0, 1_000, { a: 0.1, b: 0 })).toBe('a');
    expect(spoken(voices, 1_000, 400, { a: 0.1, b: 0.5 })).toBe('a');
    expect(spoken(voices, 1_400, 1_000, { a: 0.1, b: 0.11 })).toBe('a');
    expect(spoken(voices, 2_400, 2_000, { a: 0.1, b: 0.5 })).toBe('b');
  });

  it('stays for a breath, and ends after a silence', () => {
    const voices = new Voices();
    expect(spoken(voices, 0, 1_000, { a: 0.1, b: 0 })).toBe('a');
    expect(spoken(voices, 1_000, QUIET_MS - 400, { a: 0, b: 0 })).toBe('a');
    expect(spoken(voices, 1_000 + QUIET_MS - 400, 3_000, { a: 0, b: 0 })).toBeNull();
  });
});
