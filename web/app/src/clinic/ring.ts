/**
 * The ring of the waiting room: two soft notes, made by the browser, no file.
 *
 * Owns one audio context. Browsers keep a page silent until somebody has pressed something in it;
 * `blocked` says so, and `allow()` must be called from a press.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { keep, readKept } from '../i18n';

const STORAGE_KEY = 'bedside.ring';

/** G5, then D6: a rising fifth, heard well by people who hear high tones badly. */
const NOTES_HZ = [784, 1175] as const;
const NOTE_S = 0.42;
const LOUDNESS = 0.22;

export interface Ring {
  /** Whether the reader wants to hear it. Remembered by this browser. */
  readonly wanted: ReadonlySignal<boolean>;
  /** Whether the browser keeps the page silent for now. */
  readonly blocked: ReadonlySignal<boolean>;
  want(on: boolean): void;
  /** Finds out whether the browser lets the page ring. Call it when the board opens. */
  prepare(): void;
  /** Lifts the browser's block. Call it from a press. */
  allow(): Promise<void>;
  /** Rings once, if wanted and not blocked. */
  ring(): void;
  dispose(): void;
}

/** Makes the ring; the sound system is opened at the first need. */
export function createRing(): Ring {
  const wanted = signal(readKept(STORAGE_KEY) !== 'off');
  const blocked = signal(false);
  let context: AudioContext | null = null;

  const open = (): AudioContext | null => {
    if (context) return context;
    try {
      context = new AudioContext();
    } catch {
      // No sound hardware: title and badge still tell.
      return null;
    }
    context.onstatechange = () => {
      blocked.value = context?.state === 'suspended';
    };
    return context;
  };

  return {
    wanted,
    blocked,
    want(on) {
      wanted.value = on;
      keep(STORAGE_KEY, on ? 'on' : 'off');
    },
    prepare() {
      const audio = open();
      if (!audio) return;
      // Where something was pressed before, the sound system starts by itself in a moment.
      const pressed = navigator.userActivation?.hasBeenActive ?? false;
      blocked.value = audio.state === 'suspended' && !pressed;
      if (pressed) void audio.resume();
    },
    async allow() {
      await open()?.resume();
    },
    ring() {
      if (!wanted.value) return;
      const audio = open();
      if (audio?.state !== 'running') return;
      NOTES_HZ.forEach((hz, index) => note(audio, hz, audio.currentTime + index * NOTE_S * 0.55));
    },
    dispose() {
      void context?.close();
      context = null;
    },
  };
}

/** One struck note: quick to come, slow to go, so that it does not startle. */
function note(audio: AudioContext, hz: number, at_s: number): void {
  const tone = new OscillatorNode(audio, { type: 'sine', frequency: hz });
  const loud = new GainNode(audio, { gain: 0 });
  loud.gain.setValueAtTime(0, at_s);
  loud.gain.linearRampToValueAtTime(LOUDNESS, at_s + 0.02);
  loud.gain.exponentialRampToValueAtTime(0.001, at_s + NOTE_S);
  tone.connect(loud).connect(audio.destination);
  tone.start(at_s);
  tone.stop(at_s + NOTE_S);
}
