/**
 * Plays the others' sound. Owns one audio element per remote microphone, so that no page can
 * forget one, and tells when the browser wants a tap first.
 */

import type { Value } from './types';
import { Cell, Cleanup } from './signal';

/** The part of an audio element that is used; `setSinkId` is missing in Safari. */
type Player = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

export class Speakers {
  readonly state = new Cell<'ok' | 'blocked'>('ok');
  readonly #players = new Map<MediaStreamTrack, Player>();
  readonly #cleanup = new Cleanup();
  readonly #make: () => Player;
  #sinkId: string | null = null;

  constructor(speakerId: Value<string | null>, make: () => Player = () => new Audio()) {
    this.#make = make;
    this.#cleanup.add(
      speakerId.subscribe((id) => {
        this.#sinkId = id;
        for (const player of this.#players.values()) this.#route(player);
      }),
    );
  }

  /** Plays exactly these tracks. */
  play(tracks: readonly MediaStreamTrack[]): void {
    const wanted = new Set(tracks);
    for (const [track, player] of this.#players) {
      if (wanted.has(track)) continue;
      player.pause();
      player.srcObject = null;
      this.#players.delete(track);
    }
    for (const track of wanted) {
      if (this.#players.has(track)) continue;
      const player = this.#make();
      player.autoplay = true;
      player.srcObject = new MediaStream([track]);
      this.#players.set(track, player);
      this.#route(player);
      void this.#begin(player);
    }
    if (wanted.size === 0) this.state.set('ok');
  }

  /** Starts whatever is held back. Call it from a tap. */
  async unblock(): Promise<void> {
    this.state.set('ok');
    await Promise.all([...this.#players.values()].map((player) => this.#begin(player)));
  }

  /** Starts again what the system has stopped: phones pause sound in the background. */
  wake(): void {
    for (const player of this.#players.values()) if (player.paused) void this.#begin(player);
  }

  dispose(): void {
    this.play([]);
    this.#cleanup.run();
  }

  async #begin(player: Player): Promise<void> {
    try {
      await player.play();
    } catch (caught) {
      // Any other reason means that the element was emptied meanwhile.
      if (caught instanceof DOMException && caught.name === 'NotAllowedError') this.state.set('blocked');
    }
  }

  #route(player: Player): void {
    if (player.setSinkId === undefined) return;
    // A loudspeaker that is gone leaves the sound where it was.
    void player.setSinkId(this.#sinkId ?? '').catch(() => undefined);
  }
}
