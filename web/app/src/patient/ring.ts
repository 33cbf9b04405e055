/**
 * The ring when the clinic lets somebody in: a short melody from oscillators, so no file has to be
 * fetched. Browsers play sound only after a press; `prime` is to be called from one.
 */

import { signal, type ReadonlySignal } from '@preact/signals';

/** The melody: frequency in hertz and start in seconds. */
const NOTES: readonly (readonly [frequency_hz: number, start_s: number])[] = [
  [659.3, 0],
  [784, 0.22],
  [1046.5, 0.44],
  [659.3, 1.1],
  [784, 1.32],
  [1046.5, 1.54],
];
const NOTE_S = 0.5;
const PEAK_GAIN = 0.35;

export interface Ring {
  /** The browser would not let it sound now: it wants a press first. */
  readonly silent: ReadonlySignal<boolean>;
  /** Unlocks the sound. Call it from a press. */
  prime(): void;
  /** Rings once. */
  play(): void;
  /** Silence, for ever. */
  dispose(): void;
}

/** `makeContext` is the browser's audio; tests bring their own. */
export function createRing(makeContext: () => AudioContext = () => new AudioContext()): Ring {
  let context: AudioContext | null = null;
  const silent = signal(true);
  const ready = (): AudioContext | null => {
    if (context === null) {
      try {
        const made = makeContext();
        const update = () => {
          silent.value = made.state !== 'running';
        };
        made.addEventListener('statechange', update);
        context = made;
        update();
      } catch {
        // No audio hardware: the title and the notification still tell.
        return null;
      }
    }
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    return context;
  };
  return {
    silent,
    prime() {
      ready();
    },
    play() {
      const audio = ready();
      if (!audio) return;
      for (const [frequency_hz, start_s] of NOTES) {
        const from = audio.currentTime + start_s;
        const tone = audio.createOscillator();
        const gain = audio.createGain();
        tone.frequency.value = frequency_hz;
        tone.type = 'triangle';
        gain.gain.setValueAtTime(0, from);
        gain.gain.linearRampToValueAtTime(PEAK_GAIN, from + 0.02);
        // An exponential ramp cannot end at nought.
        gain.gain.exponentialRampToValueAtTime(0.001, from + NOTE_S);
        tone.connect(gain).connect(audio.destination);
        tone.start(from);
        tone.stop(from + NOTE_S);
      }
    },
    dispose() {
      void context?.close().catch(() => undefined);
      context = null;
    },
  };
}
