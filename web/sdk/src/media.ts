/**
 * The media connection. Owns the one `RTCPeerConnection`, answers the server's offers one at a
 * time and in order, and keeps the local tracks on their senders. It never makes an offer and
 * never decides who may send or receive: it does what the latest offer says.
 */

import { shapeEncodings } from './encodings';
import type { Cancel, Env } from './env';
import type { Relief } from './pressure';
import type { ClientMessage, ServerMessage, Source, TrackLine } from './protocol';
import { Cell } from './signal';
import { Watchdog } from './watchdog';

export type Offer = Extract<ServerMessage, { type: 'offer' }>;

/** Where the media path stands. */
export type MediaState = 'none' | 'connecting' | 'up' | 'recovering';

/** Key of a remote track. */
export function trackKey(seat: string, source: Source): string {
  return `${source} ${seat}`;
}

/** An offer that does not come in this time is asked for, in milliseconds; doubles to 8 s. */
const OFFER_PATIENCE_MS = 4_000;

export class Media {
  readonly state = new Cell<MediaState>('none');
  /** Remote tracks by {@link trackKey}. */
  readonly tracks = new Cell<ReadonlyMap<string, MediaStreamTrack>>(new Map());

  readonly #env: Env;
  readonly #send: (message: ClientMessage) => boolean;
  readonly #watchdog: Watchdog;
  readonly #local = new Map<Source, MediaStreamTrack>();
  #peer: RTCPeerConnection | null = null;
  #transport = 0;
  /** The relays that the connection was told of. */
  #relays: RTCIceServer[] = [];
  #generation = -1;
  /** The answer to the present generation. */
  #answerSdp: string | null = null;
  /** A transport that this browser could not use; offers for it are ignored. */
  #spoiled = 0;
  #failures = 0;
  #offerTimer: Cancel = () => {};
  #lines: readonly TrackLine[] = [];
  #relief: Relief = 0;
  #rests = false;
  #queue: Promise<void> = Promise.resolve();
  /** Counts closings; work that belongs to an older life is dropped. */
  #life = 0;

  /**
   * `send` returns whether the message was handed to the socket. `doubt` is called when media is
   * silent: repair needs the socket, and what killed the one may have killed the other.
   */
  constructor(env: Env, send: (message: ClientMessage) => boolean, doubt: () => void) {
    this.#env = env;
    this.#send = send;
    this.#watchdog = new Watchdog(env, {
      handshakes: () => isHandshaking(this.#peer),
      receivedBytes: () => this.#receivedBytes(),
      suspect: doubt,
      silent: () => this.state.set('recovering'),
      heard: () => this.state.set('up'),
      restartIce: () => send({ type: 'restart_ice' }),
      newTransport: () => send({ type: 'new_transport' }),
    });
  }

  /** The transport that the page has, for `hello`. */
  get transport(): number | undefined {
    return this.#peer === null ? undefined : this.#transport;
  }

  /** The connection as the browser counts it; `null` while there is none. */
  stats(): Promise<RTCStatsReport | null> {
    return this.#peer?.getStats() ?? Promise.resolve(null);
  }

  /** The relays that the server named last, with the right to use them. */
  get relays(): RTCIceServer[] {
    return this.#relays;
  }

  /** Whose stream the browser counts here, by its m-line or its track; not every browser names both. */
  owner(stat: { readonly mid?: string; readonly trackIdentifier?: string }): TrackLine | null {
    const mid =
      stat.mid ?? this.#peer?.getTransceivers().find((t) => t.receiver.track.id === stat.trackIdentifier)?.mid ?? undefined;
    return this.#lines.find((line) => line.mid === mid && mid !== undefined) ?? null;
  }

  /** Takes an offer. They are handled one at a time, in the order in which they came. */
  offer(offer: Offer): void {
    const life = this.#life;
    this.#queue = this.#queue.then(async () => {
      if (life !== this.#life || this.#isStale(offer)) return;
      this.#offerTimer();
      if (this.#isRepeat(offer)) {
        // Our answer was lost with the old socket. The description is in force already.
        this.#sendAnswer();
        return;
      }
      try {
        await this.#answer(offer, life);
        this.#failures = 0;
      } catch {
        // Closed meanwhile, or the browser cannot use this offer: then only a new transport helps.
        if (life !== this.#life) return;
        this.#closePeer();
        this.#spoiled = offer.transport;
        this.state.set('recovering');
        this.#expectOffer(true);
      }
    });
  }

  /**
   * The server has greeted. `transport` is what it kept; without it media starts anew. `moved`: over another
   * network than before, as far as the device knows.
   */
  greeted(transport: number | undefined, moved = false): void {
    if (this.state.value === 'none') return;
    if (this.#peer !== null && transport === this.#transport) {
      this.#watchdog.socketUp(moved);
      return;
    }
    // Numbers count up within one life of the server only, so they start afresh too.
    this.#life += 1;
    this.#closePeer();
    this.#forget();
    this.state.set('recovering');
    this.#expectOffer(false);
  }

  socketLost(): void {
    this.#watchdog.socketLost();
  }

  /** The server says that the path works. */
  up(transport: number): void {
    if (transport === this.#transport && this.#peer !== null) this.#watchdog.packet();
  }

  /** Puts a local track on its way, or takes it off with `null`. */
  setLocal(source: Source, track: MediaStreamTrack | null): void {
    if ((this.#local.get(source) ?? null) === track) return;
    if (track === null) this.#local.delete(source);
    else this.#local.set(source, track);
    const line = this.#lines.find((l) => l.direction === 'send' && l.source === source);
    const peer = this.#peer;
    const sender = peer?.getTransceivers().find((t) => t.mid === line?.mid && line !== undefined)?.sender;
    if (!peer || !line || !sender) return;
    // The same kind of track in the same encoding: no negotiation is needed. Its size may differ.
    sender.replaceTrack(track).then(
      () => shape(peer, [line], this.#relief, this.#rests),
      () => undefined,
    );
  }

  /** Sends the camera smaller, or in full again with 0. */
  relieve(relief: Relief): void {
    if (relief === this.#relief) return;
    this.#relief = relief;
    if (this.#peer !== null) void shape(this.#peer, this.#lines, relief, this.#rests);
  }

  /** Microphone and camera are not needed here (or are again): they stay on their lines, unsent. */
  rest(rests: boolean): void {
    if (rests === this.#rests) return;
    this.#rests = rests;
    if (this.#peer !== null) void shape(this.#peer, this.#lines, this.#relief, rests);
  }

  /** Ends the connection; local tracks are kept for the next one. */
  close(): void {
    this.#life += 1;
    this.#closePeer();
    this.#forget();
    this.tracks.set(new Map());
    this.state.set('none');
  }

  #isStale(offer: Offer): boolean {
    if (offer.transport === this.#spoiled) return true;
    if (offer.transport !== this.#transport) return offer.transport < this.#transport;
    return offer.generation < this.#generation;
  }

  #isRepeat(offer: Offer): boolean {
    const same = offer.transport === this.#transport && offer.generation === this.#generation;
    return same && this.#peer !== null && this.#answerSdp !== null;
  }

  /** Waits for an offer and asks for a new transport when none comes. `ask` asks at once. */
  #expectOffer(ask: boolean): void {
    this.#offerTimer();
    const waitMs = Math.min(OFFER_PATIENCE_MS * 2 ** this.#failures, 8_000);
    // A browser that cannot use any offer must not ask in a hot loop: the first time only.
    if (ask && this.#failures === 0) this.#send({ type: 'new_transport' });
    this.#failures += 1;
    this.#offerTimer = this.#env.after(waitMs, () => {
      this.#send({ type: 'new_transport' });
      this.#expectOffer(false);
    });
  }

  #forget(): void {
    this.#offerTimer();
    this.#transport = 0;
    this.#generation = -1;
    this.#spoiled = 0;
  }

  #sendAnswer(): void {
    if (this.#answerSdp === null) return;
    // If the socket is down the server repeats the offer after the next greeting.
    this.#send({ type: 'answer', generation: this.#generation, sdp: this.#answerSdp });
  }

  async #answer(offer: Offer, life: number): Promise<void> {
    const relays = offer.ice_servers ?? [];
    if (offer.transport !== this.#transport || this.#peer === null) this.#openPeer(offer.transport, relays);
    const peer = this.#peer;
    if (peer === null) return;
    this.#generation = offer.generation;
    this.#answerSdp = null;
    this.#tellRelays(peer, relays);
    await peer.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    this.#lines = offer.tracks;
    await this.#assign(peer, offer.tracks);
    const answer = await peer.createAnswer();
    await peer.setLocalDescription(answer);
    if (life !== this.#life || peer !== this.#peer) return;
    // The server needs no candidates of ours: it learns them from our checks.
    this.#answerSdp = answer.sdp ?? '';
    this.#sendAnswer();
    this.#watchdog.watch();
    if (this.state.value === 'none') this.state.set('connecting');
    this.#showTracks(peer, offer.tracks);
    await shape(peer, offer.tracks, this.#relief, this.#rests);
  }

  #openPeer(transport: number, relays: RTCIceServer[]): void {
    this.#closePeer();
    const peer = this.#env.peer(relays);
    this.#relays = relays;
    this.#peer = peer;
    this.#transport = transport;
    this.#generation = -1;
    const channel = peer.createDataChannel('bedside', {
      negotiated: true,
      id: 0,
      ordered: false,
      maxRetransmits: 0,
    });
    channel.onmessage = () => {
      if (peer === this.#peer) this.#watchdog.packet();
    };
    peer.onconnectionstatechange = () => {
      if (peer === this.#peer && peer.connectionState === 'failed') this.#watchdog.failed();
    };
  }

  /** Fresh rights to use relays count from the next search for a path on. */
  #tellRelays(peer: RTCPeerConnection, relays: RTCIceServer[]): void {
    if (JSON.stringify(relays) === JSON.stringify(this.#relays)) return;
    this.#relays = relays;
    peer.setConfiguration({ ...peer.getConfiguration(), iceServers: relays });
  }

  #closePeer(): void {
    const peer = this.#peer;
    this.#peer = null;
    this.#lines = [];
    this.#watchdog.stop();
    if (peer === null) return;
    peer.onconnectionstatechange = null;
    peer.close();
  }

  /** Gives every m-line its direction and, where we send, its track. */
  async #assign(peer: RTCPeerConnection, lines: readonly TrackLine[]): Promise<void> {
    const byMid = new Map(lines.map((line) => [line.mid, line]));
    const changes: Promise<void>[] = [];
    for (const transceiver of peer.getTransceivers()) {
      const line = transceiver.mid === null ? undefined : byMid.get(transceiver.mid);
      if (line === undefined) {
        // A line without an owner, kept for later use.
        if (transceiver.currentDirection !== 'stopped') transceiver.direction = 'inactive';
        changes.push(transceiver.sender.replaceTrack(null));
      } else if (line.direction === 'send') {
        transceiver.direction = 'sendonly';
        changes.push(transceiver.sender.replaceTrack(this.#local.get(line.source) ?? null));
      } else {
        transceiver.direction = 'recvonly';
        changes.push(transceiver.sender.replaceTrack(null));
      }
    }
    await Promise.all(changes);
  }

  #showTracks(peer: RTCPeerConnection, lines: readonly TrackLine[]): void {
    const byMid = new Map(peer.getTransceivers().map((t) => [t.mid, t]));
    const tracks = new Map<string, MediaStreamTrack>();
    for (const line of lines) {
      const track = byMid.get(line.mid)?.receiver.track;
      if (line.direction === 'receive' && track) tracks.set(trackKey(line.seat, line.source), track);
    }
    this.tracks.set(tracks);
  }

  async #receivedBytes(): Promise<number | null> {
    const report = await this.stats();
    let bytes: number | null = null;
    report?.forEach((entry: { type: string; bytesReceived?: number }) => {
      if (entry.type === 'transport') bytes = entry.bytesReceived ?? bytes;
    });
    return bytes;
  }
}

/** ICE has found a way, and DTLS over it is not done. */
function isHandshaking(peer: RTCPeerConnection | null): boolean {
  const ice = peer?.iceConnectionState;
  return (ice === 'connected' || ice === 'completed') && peer?.connectionState === 'connecting';
}

/** Sets how much each sender may spend, if anything. Best effort: a browser that refuses still calls. */
async function shape(
  peer: RTCPeerConnection,
  lines: readonly TrackLine[],
  relief: Relief,
  rests: boolean,
): Promise<void> {
  for (const line of lines) {
    if (line.direction !== 'send') continue;
    const sender = peer.getTransceivers().find((t) => t.mid === line.mid)?.sender;
    if (sender === undefined) continue;
    const parameters = sender.getParameters();
    if (parameters.encodings.length === 0) continue;
    // A layer that is left out for another reason is switched off again below.
    for (const encoding of parameters.encodings) encoding.active = true;
    shapeEncodings(line.source, parameters, relief, sender.track?.getSettings() ?? {});
    if (rests && line.source !== 'screen') for (const encoding of parameters.encodings) encoding.active = false;
    await sender.setParameters(parameters).catch(() => undefined);
  }
}
