/** Pictures in video elements. Owns which track is in which element, and nothing else. */

import type { Value, Participant } from './types';

interface Attachment {
  readonly element: HTMLVideoElement;
  readonly seat: string;
  readonly source: 'camera' | 'screen';
  track: MediaStreamTrack | null;
}

export class Attachments {
  readonly #all = new Set<Attachment>();
  readonly #people: Value<readonly Participant[]>;
  readonly #stop: () => void;

  constructor(people: Value<readonly Participant[]>) {
    this.#people = people;
    this.#stop = people.subscribe(() => {
      for (const attachment of this.#all) this.#follow(attachment);
    });
  }

  add(element: HTMLVideoElement, seat: string, source: 'camera' | 'screen'): () => void {
    // Sound is played elsewhere; a muted video may always start by itself.
    element.muted = true;
    element.playsInline = true;
    element.autoplay = true;
    const attachment: Attachment = { element, seat, source, track: null };
    this.#all.add(attachment);
    this.#follow(attachment);
    return () => {
      if (!this.#all.delete(attachment)) return;
      const shownElsewhere = [...this.#all].some((other) => other.element === element);
      if (!shownElsewhere) element.srcObject = null;
    };
  }

  dispose(): void {
    this.#stop();
    for (const { element } of this.#all) element.srcObject = null;
    this.#all.clear();
  }

  #follow(attachment: Attachment): void {
    const { element, seat, source } = attachment;
    const track = this.#people.value.find((p) => p.seat === seat)?.tracks[source] ?? null;
    if (track === attachment.track) return;
    attachment.track = track;
    element.srcObject = track === null ? null : new MediaStream([track]);
    if (track !== null) void element.play().catch(() => undefined);
  }
}
