/**
 * The direct way to the only other person. Owns its peer connection, when its pictures take the place
 * of the server's, and that the server's are back before they go. It decides nothing about who may:
 * it begins and ends by the server's word, and says no more than what arrives.
 *
 * The other side is a stranger: of its description only one sound and one picture are taken, and they
 * are played only while the server says that its microphone and camera are on.
 *
 * Loaded when it is needed: most visits go through the server.
 */

import { shapeEncodings } from './encodings';
import type { Cancel, Env } from './env';
import { trackKey } from './media';
import type { Relief } from './pressure';
import type { ClientMessage, DirectSignal, Person, ServerMessage, Source } from './protocol';
import { Voices } from './voices';
import { Watchdog } from './watchdog';

type Word<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
export type DirectWord = Word<'direct_open'> | Word<'direct_signal'> | Word<'direct_on'> | Word<'direct_close'>;

/** How often a sign of life is sent, in milliseconds; the server's own rhythm. */
const PING_MS = 150;
/** How often to look what arrives, while that matters, in milliseconds. */
const LOOK_MS = 100;
/** How often to look who speaks, in milliseconds. */
const LISTEN_MS = 200;
/** The direct way goes on for so long after the change back, so that nobody is cut off, in ms. */
export const LINGER_MS = 1_000;
/** The server's pictures are waited for no longer than this, in milliseconds. */
export const BACK_WITHIN_MS = 10_000;

export interface DirectOwner {
  send(message: ClientMessage): boolean;
  /** Tracks to show instead of the server's, by track key; `null` for the server's. */
  show(tracks: ReadonlyMap<string, MediaStreamTrack> | null): void;
  /** Microphone and camera need not go to the server (or have to again). */
  rest(rests: boolean): void;
  /** What others get of this source now. */
  local(source: Source): MediaStreamTrack | null;
  /** The other person as the server describes them. */
  person(seat: string): Person | undefined;
  /** How much smaller the camera has to be sent, for a machine that cannot keep up. */
  relief(): Relief;
  /** The relays of the server's last offer, with the right to use them. */
  relays(): RTCIceServer[];
  /** One's own seat. */
  me(): string;
  /** Who speaks, as it is heard here; `undefined` leaves that to the server. */
  speaking(seat: string | null | undefined): void;
  /** The server's way: its counters and its track of a source. */
  unitStats(): Promise<RTCStatsReport | null>;
  unitTrack(seat: string, source: Source): MediaStreamTrack | null;
}

type Phase =
  /** Looking for a way. */
  | 'trying'
  /** It brings everything and is shown; the server may not know yet. */
  | 'shown'
  /** Shown until the server's pictures are back. */
  | 'leaving'
  /** They are back; it goes on for a moment for the other side. */
  | 'left';

const SOURCES = ['mic', 'camera'] as const;
type Sent = (typeof SOURCES)[number];
const KIND: Readonly<Record<Sent, 'audio' | 'video'>> = { mic: 'audio', camera: 'video' };

/** Frames or packets that came, by the id of the track. */
interface Count {
  readonly type: string;
  readonly trackIdentifier?: string;
  readonly kind?: string;
  readonly framesDecoded?: number;
  readonly packetsReceived?: number;
}

/** How loud a sound is, 0 to 1. */
interface Level {
  readonly type: string;
  readonly kind?: string;
  readonly audioLevel?: number;
}

export class Direct {
  readonly #env: Env;
  readonly #owner: DirectOwner;
  readonly #watchdog: Watchdog;
  #peer: RTCPeerConnection | null = null;
  #channel: RTCDataChannel | null = null;
  #attempt = 0;
  #seat = '';
  #phase: Phase = 'trying';
  #on = false;
  #heard = false;
  /** How much smaller the camera is sent. */
  #relief: Relief = 0;
  #lines: Partial<Record<Sent, RTCRtpTransceiver>> = {};
  /** Candidates that came before the description that they belong to. */
  #early: RTCIceCandidateInit[] = [];
  #queue: Promise<void> = Promise.resolve();
  #pingTimer: Cancel = () => {};
  #lookTimer: Cancel = () => {};
  #endTimer: Cancel = () => {};
  #listenTimer: Cancel = () => {};
  /** What the server's way had brought when the change back began. */
  #before: ReadonlyMap<string, number> | null = null;

  constructor(env: Env, owner: DirectOwner) {
    this.#env = env;
    this.#owner = owner;
    this.#watchdog = new Watchdog(env, {
      receivedBytes: () => this.#receivedBytes(),
      handshakes: () => false,
      suspect: () => undefined,
      silent: () => this.#failed(),
      heard: () => undefined,
      // There is no repair here: the server's way is there already.
      restartIce: () => false,
      newTransport: () => false,
    });
  }

  /** Whether the server's way rests. */
  get on(): boolean {
    return this.#on;
  }

  /** The other person's seat. */
  get seat(): string {
    return this.#seat;
  }

  /** The connection as the browser counts it; `null` while the server's way is the one in use. */
  stats(): Promise<RTCStatsReport> | null {
    return this.#on && this.#peer !== null ? this.#peer.getStats() : null;
  }

  hear(word: DirectWord): void {
    if (word.type === 'direct_open') return this.#open(word);
    if (word.attempt !== this.#attempt || this.#peer === null) return;
    switch (word.type) {
      case 'direct_signal':
        return this.#signalled(word.signal);
      case 'direct_on':
        if (this.#phase !== 'shown') return;
        this.#on = true;
        this.#listen(new Voices());
        return this.#owner.rest(true);
      case 'direct_close':
        return word.at_once ? this.close() : this.leave();
    }
  }

  /** Another local track, or none. */
  setLocal(source: Source, track: MediaStreamTrack | null): void {
    if (source === 'screen') return; // A screen goes through the server.
    const line = this.#lines[source];
    line?.sender.replaceTrack(track).then(
      () => this.#shape(source, line),
      () => undefined,
    );
  }

  /** The server said something new about people. */
  people(): void {
    if (this.#peer === null) return;
    const person = this.#owner.person(this.#seat);
    // A microphone that the server has silenced stays silent, whatever the other page does.
    for (const source of SOURCES) {
      const line = this.#lines[source];
      if (line) line.receiver.track.enabled = person?.[source] ?? false;
    }
  }

  /** Back to the server's way: the direct one stays on the screen until pictures come there. */
  leave(): void {
    if (this.#phase === 'trying') return this.close();
    if (this.#phase !== 'shown' || this.#peer === null) return;
    this.#phase = 'leaving';
    if (this.#on) this.#rested();
    else this.#owner.rest(false);
    this.#before = null;
    this.#endTimer();
    this.#endTimer = this.#env.after(BACK_WITHIN_MS, () => this.close());
    this.#look();
  }

  /** Ends it now. */
  close(): void {
    const peer = this.#peer;
    if (peer === null) return;
    this.#peer = null;
    this.#channel = null;
    this.#lines = {};
    this.#early = [];
    this.#watchdog.stop();
    for (const stop of [this.#pingTimer, this.#lookTimer, this.#endTimer]) stop();
    if (this.#on) this.#rested();
    this.#owner.show(null);
    peer.onicecandidate = null;
    peer.onconnectionstatechange = null;
    peer.close();
  }

  /** Sends the camera as much smaller as it has to be now. */
  relieve(): void {
    const line = this.#lines.camera;
    if (line && this.#owner.relief() !== this.#relief) void this.#shape('camera', line);
  }

  /** The server's way is the one in use again. */
  #rested(): void {
    this.#on = false;
    this.#listenTimer();
    this.#owner.speaking(undefined);
    this.#owner.rest(false);
  }

  // --- Finding the way ---

  #open(word: Word<'direct_open'>): void {
    this.close();
    // Only over the relay neither sees the other's address. Elsewhere a relay has no advantage over the
    // server, but it tells a browser behind a NAT under which address that is seen.
    const relays = this.#owner.relays();
    const peer = word.relay_only ? this.#env.peer(relays, 'relay') : this.#env.peer(mirrors(relays), 'all');
    this.#peer = peer;
    this.#attempt = word.attempt;
    this.#seat = word.seat;
    this.#phase = 'trying';
    this.#heard = false;
    const channel = peer.createDataChannel('bedside', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.#channel = channel;
    channel.onmessage = () => {
      if (peer !== this.#peer) return;
      this.#heard = true;
      this.#watchdog.packet();
    };
    peer.onicecandidate = ({ candidate }) => {
      if (peer !== this.#peer || candidate === null || candidate.candidate === '') return;
      this.#say({ kind: 'candidate', candidate: candidate.candidate, mid: candidate.sdpMid ?? '' });
    };
    peer.onconnectionstatechange = () => {
      if (peer === this.#peer && peer.connectionState === 'failed') this.#failed();
    };
    this.#watchdog.watch();
    this.#ping();
    this.#look();
    if (word.offers) {
      this.#do(peer, async () => {
        for (const source of SOURCES) {
          this.#lines[source] = peer.addTransceiver(KIND[source], { direction: 'sendrecv' });
        }
        await peer.setLocalDescription(await peer.createOffer());
        this.#say({ kind: 'offer', sdp: peer.localDescription?.sdp ?? '' });
        await this.#begin();
      });
    }
  }

  #signalled(signal: DirectSignal): void {
    const peer = this.#peer;
    if (peer === null) return;
    this.#do(peer, async () => {
      switch (signal.kind) {
        case 'offer':
          await peer.setRemoteDescription({ type: 'offer', sdp: signal.sdp });
          this.#take(peer);
          await this.#begin();
          await peer.setLocalDescription(await peer.createAnswer());
          this.#say({ kind: 'answer', sdp: peer.localDescription?.sdp ?? '' });
          return this.#addEarly(peer);
        case 'answer':
          await peer.setRemoteDescription({ type: 'answer', sdp: signal.sdp });
          return this.#addEarly(peer);
        case 'candidate': {
          const candidate = { candidate: signal.candidate, sdpMid: signal.mid };
          if (peer.remoteDescription === null) this.#early.push(candidate);
          // A candidate that the browser cannot use is one way less, no more.
          else await peer.addIceCandidate(candidate).catch(() => undefined);
        }
      }
    });
  }

  /** One piece of work after the other; what fails ends the attempt. */
  #do(peer: RTCPeerConnection, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (peer !== this.#peer) return;
      try {
        await work();
      } catch {
        if (peer === this.#peer) this.#failed();
      }
    });
  }

  /** The first line of each kind is ours; whatever else a stranger offers stays off. */
  #take(peer: RTCPeerConnection): void {
    for (const transceiver of peer.getTransceivers()) {
      const source = SOURCES.find((s) => KIND[s] === transceiver.receiver.track.kind);
      if (source !== undefined && this.#lines[source] === undefined) {
        this.#lines[source] = transceiver;
        transceiver.direction = 'sendrecv';
      } else transceiver.direction = 'inactive';
    }
  }

  /** Puts the local tracks on their way. */
  async #begin(): Promise<void> {
    this.people();
    for (const source of SOURCES) {
      const line = this.#lines[source];
      if (line === undefined) continue;
      await line.sender.replaceTrack(this.#owner.local(source));
      await this.#shape(source, line);
    }
  }

  async #addEarly(peer: RTCPeerConnection): Promise<void> {
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await peer.addIceCandidate(candidate).catch(() => undefined);
  }

  async #shape(source: Sent, { sender }: RTCRtpTransceiver): Promise<void> {
    const parameters = sender.getParameters();
    if (parameters.encodings.length === 0) return;
    this.#relief = this.#owner.relief();
    shapeEncodings(source, parameters, this.#relief, sender.track?.getSettings() ?? {});
    await sender.setParameters(parameters).catch(() => undefined);
  }

  #say(signal: DirectSignal): void {
    this.#owner.send({ type: 'direct_signal', attempt: this.#attempt, signal });
  }

  // --- What arrives ---

  #ping(): void {
    this.#pingTimer();
    this.#pingTimer = this.#env.after(PING_MS, () => {
      if (this.#channel?.readyState === 'open') this.#channel.send('1');
      if (this.#peer !== null) this.#ping();
    });
  }

  #look(): void {
    this.#lookTimer();
    this.#lookTimer = this.#env.after(LOOK_MS, () => {
      const peer = this.#peer;
      if (peer === null || this.#phase === 'shown' || this.#phase === 'left') return;
      const seen = this.#phase === 'trying' ? this.#judgeDirect(peer) : this.#judgeUnit();
      // A connection that closed meanwhile has no counters.
      void seen.catch(() => undefined).then(() => {
        if (peer === this.#peer) this.#look();
      });
    });
  }

  /** Everything that the other person sends arrives here: show it, and say so. */
  async #judgeDirect(peer: RTCPeerConnection): Promise<void> {
    if (!this.#heard) return;
    const counts = countsOf(await peer.getStats());
    if (peer !== this.#peer || this.#phase !== 'trying') return;
    const person = this.#owner.person(this.#seat);
    const missing = SOURCES.some((source) => {
      const track = this.#lines[source]?.receiver.track;
      return person?.[source] === true && (counts.get(track?.id ?? '') ?? 0) === 0;
    });
    if (person === undefined || missing) return;
    if (!this.#owner.send({ type: 'direct_up', attempt: this.#attempt })) return;
    this.#phase = 'shown';
    const tracks = new Map<string, MediaStreamTrack>();
    for (const source of SOURCES) {
      const line = this.#lines[source];
      if (line) tracks.set(trackKey(this.#seat, source), line.receiver.track);
    }
    this.#owner.show(tracks);
  }

  /** The server's way brings something new of everything: show it, and let go of the direct one. */
  async #judgeUnit(): Promise<void> {
    const report = await this.#owner.unitStats();
    if (report === null || this.#phase !== 'leaving') return;
    const counts = countsOf(report);
    const before = (this.#before ??= counts);
    const person = this.#owner.person(this.#seat);
    const missing = SOURCES.some((source) => {
      if (person?.[source] !== true) return false;
      const id = this.#owner.unitTrack(this.#seat, source)?.id ?? '';
      return (counts.get(id) ?? 0) <= (before.get(id) ?? 0);
    });
    if (missing) return;
    this.#phase = 'left';
    this.#owner.show(null);
    this.#endTimer();
    this.#endTimer = this.#env.after(LINGER_MS, () => this.close());
  }

  /** The server hears neither of the two now, so who speaks is heard here. */
  #listen(voices: Voices): void {
    this.#listenTimer();
    this.#listenTimer = this.#env.after(LISTEN_MS, () => {
      const peer = this.#peer;
      if (peer === null || !this.#on) return;
      // A connection that closed meanwhile has no counters.
      void peer.getStats().then(
        (report) => {
          if (peer !== this.#peer || !this.#on) return;
          const nowMs = this.#env.nowMs();
          for (const stat of report.values() as Iterable<Level>) {
            if (stat.kind !== 'audio' || (stat.type !== 'inbound-rtp' && stat.type !== 'media-source')) continue;
            const own = stat.type === 'media-source';
            const muted = !own && this.#owner.person(this.#seat)?.mic !== true;
            voices.heard(nowMs, own ? this.#owner.me() : this.#seat, muted ? 0 : (stat.audioLevel ?? 0));
          }
          this.#owner.speaking(voices.judge(nowMs));
          this.#listen(voices);
        },
        () => undefined,
      );
    });
  }

  #failed(): void {
    if (this.#peer === null) return;
    // While leaving the server knows already.
    if (this.#phase === 'trying' || this.#phase === 'shown') this.#owner.send({ type: 'direct_down', attempt: this.#attempt });
    this.close();
  }

  async #receivedBytes(): Promise<number | null> {
    const report = await this.#peer?.getStats();
    let bytes: number | null = null;
    report?.forEach((entry: { type: string; bytesReceived?: number }) => {
      if (entry.type === 'transport') bytes = entry.bytesReceived ?? bytes;
    });
    return bytes;
  }
}

/** Relays answer questions for one's own address, too, and to everybody (RFC 8656 §5). */
function mirrors(relays: readonly RTCIceServer[]): RTCIceServer[] {
  const all = relays.flatMap(({ urls }) => urls);
  const urls = all.flatMap((url) => /^(?:turn|stun)(:[^?]+)(?:\?transport=udp)?$/.exec(url)?.[1] ?? []);
  return urls.length > 0 ? [{ urls: urls.map((rest) => `stun${rest}`) }] : [];
}

/** Whole pictures, or packets of sound, that came on each track. */
function countsOf(report: RTCStatsReport): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stat of report.values() as Iterable<Count>) {
    if (stat.type !== 'inbound-rtp' || stat.trackIdentifier === undefined) continue;
    counts.set(stat.trackIdentifier, (stat.kind === 'video' ? stat.framesDecoded : stat.packetsReceived) ?? 0);
  }
  return counts;
}
