import { describe, expect, it, vi } from 'vitest';
import { createRing } from './ring';

/** As much of the browser's audio as the ring uses; starts locked, as after a reload. */
class FakeAudio extends EventTarget {
  state: AudioContextState = 'suspended';
  readonly currentTime = 10;
  readonly destination = {};
  readonly tones: { readonly from: number; readonly until: number }[] = [];

  resume(): Promise<void> {
    this.state = 'running';
    this.dispatchEvent(new Event('statechange'));
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  createOscillator() {
    let from = 0;
    return {
      frequency: { value: 0 },
      type: 'sine',
      connect: (next: object) => next,
      start: (at: number) => {
        from = at;
      },
      stop: (at: number) => this.tones.push({ from, until: at }),
    };
  }
  createGain() {
    const gain = { setValueAtTime: vi.fn(), linearRampToValueAtTime: vi.fn(), exponentialRampToValueAtTime: vi.fn() };
    return { gain, connect: (next: object) => next };
  }
}

describe('the ring', () => {
  it('is silent until a press unlocks it', () => {
    const audio = new FakeAudio();
    const ring = createRing(() => audio as unknown as AudioContext);
    expect(ring.silent.value).toBe(true);
    ring.prime();
    expect(ring.silent.value).toBe(false);
    expect(audio.tones).toEqual([]);
  });
  it('plays every note from now on, each with an end', () => {
    const audio = new FakeAudio();
    const ring = createRing(() => audio as unknown as AudioContext);
    ring.play();
    expect(audio.tones.length).toBeGreaterThan(3);
    for (const { from, until } of audio.tones) {
      expect(from).toBeGreaterThanOrEqual(audio.currentTime);
      expect(until).toBeGreaterThan(from);
    }
  });
  it('does no harm on a machine without sound', () => {
    const ring = createRing(() => {
      throw new Error('no audio');
    });
    expect(() => {
      ring.prime();
      ring.play();
      ring.dispose();
    }).not.toThrow();
    expect(ring.silent.value).toBe(true);
  });
  it('notices when the system takes the sound away', () => {
    const audio = new FakeAudio();
    const ring = createRing(() => audio as unknown as AudioContext);
    ring.prime();
    audio.state = 'suspended';
    audio.dispatchEvent(new Event('statechange'));
    expect(ring.silent.value).toBe(true);
  });
});
