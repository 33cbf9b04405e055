/**
 * A peer connection that is as strict as the standard about its states (W3C webrtc-pc §4.3) and
 * speaks a tiny SDP of its own: a JSON list of m-lines.
 */

import type { Offer } from '../../src/media';
import type { LimitedBy, TrackLine } from '../../src/protocol';

export interface MLine {
  readonly mid: string;
  readonly kind: 'audio' | 'video';
  /** Seen from the server. */
  readonly direction: 'recvonly' | 'sendonly' | 'inactive';
  readonly rids?: readonly string[];
}

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  readyState: 'live' | 'ended' = 'live';
  contentHint = '';
  readonly label = '';
  static #count = 0;
  readonly id: string;

  constructor(
    readonly kind: 'audio' | 'video',
    readonly settings: MediaTrackSettings = {},
  ) {
    super();
    FakeTrack.#count += 1;
    this.id = `track-${FakeTrack.#count}`;
  }

  getSettings(): MediaTrackSettings {
    return this.settings;
  }

  /** Stopping fires no event, as in browsers. */
  stop(): void {
    this.readyState = 'ended';
  }

  /** The device goes. */
  vanish(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  interrupt(on: boolean): void {
    this.muted = on;
    this.dispatchEvent(new Event(on ? 'mute' : 'unmute'));
  }

  get real(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

class FakeSender {
  track: MediaStreamTrack | null = null;
  parameters: { encodings: RTCRtpEncodingParameters[]; degradationPreference?: string };
  #read = false;

  constructor(
    readonly peer: FakePeer,
    readonly kind: string,
    rids: readonly string[],
  ) {
    this.parameters = { encodings: rids.length === 0 ? [{}] : rids.map((rid) => ({ rid })) };
  }

  async replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    this.peer.mustBeOpen();
    if (track !== null && track.kind !== this.kind) throw new TypeError('another kind of track');
    await null;
    this.track = track;
  }

  getParameters() {
    this.#read = true;
    return structuredClone(this.parameters);
  }

  async setParameters(parameters: FakeSender['parameters']): Promise<void> {
    if (!this.#read) throw new DOMException('read them first', 'InvalidStateError');
    this.#read = false;
    const rids = (p: FakeSender['parameters']) => p.encodings.map((e) => e.rid).join();
    if (rids(parameters) !== rids(this.parameters)) throw new DOMException('rids are fixed', 'InvalidModificationError');
    this.parameters = parameters;
  }
}

class FakeTransceiver {
  direction = 'recvonly';
  currentDirection: string | null = null;
  readonly sender: FakeSender;
  readonly receiver: { readonly track: MediaStreamTrack };

  constructor(peer: FakePeer, readonly line: MLine) {
    this.sender = new FakeSender(peer, line.kind, line.rids ?? []);
    this.receiver = { track: new FakeTrack(line.kind).real };
  }

  get mid(): string {
    return this.line.mid;
  }
}

export class FakePeer {
  signalingState: 'stable' | 'have-remote-offer' | 'closed' = 'stable';
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  readonly channels: { label: string; options: RTCDataChannelInit; onmessage: (() => void) | null }[] = [];
  readonly transceivers: FakeTransceiver[] = [];
  /** How many negotiations are under way; more than one is the bug to find. */
  #busy = 0;
  #offered: MLine[] = [];
  bytesReceived = 0;
  /** What the browser says limits the camera. */
  limitedBy: LimitedBy = 'none';
  /** What the browser believes it can send, in bit/s. */
  availableBps = 2_000_000;
  /** Makes the browser refuse descriptions. */
  broken = false;

  constructor(public configuration: RTCConfiguration = {}) {}

  getConfiguration(): RTCConfiguration {
    return { ...this.configuration };
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.mustBeOpen();
    if (configuration.bundlePolicy !== this.configuration.bundlePolicy) {
      throw new DOMException('the bundle policy is fixed', 'InvalidModificationError');
    }
    this.configuration = configuration;
  }

  mustBeOpen(): void {
    if (this.signalingState === 'closed') throw new DOMException('closed', 'InvalidStateError');
  }

  createDataChannel(label: string, options: RTCDataChannelInit) {
    this.mustBeOpen();
    const channel = { label, options, onmessage: null };
    this.channels.push(channel);
    return channel;
  }

  async setRemoteDescription({ type, sdp }: RTCSessionDescriptionInit): Promise<void> {
    this.mustBeOpen();
    if (type !== 'offer' || this.signalingState !== 'stable') {
      throw new DOMException(`offer in ${this.signalingState}`, 'InvalidStateError');
    }
    this.#busy += 1;
    if (this.#busy > 1) throw new Error('two negotiations at once');
    if (this.broken) throw new DOMException('cannot parse', 'OperationError');
    await null;
    this.mustBeOpen();
    this.#offered = JSON.parse(sdp ?? '') as MLine[];
    for (const line of this.#offered) {
      if (!this.transceivers.some((t) => t.mid === line.mid)) this.transceivers.push(new FakeTransceiver(this, line));
    }
    this.signalingState = 'have-remote-offer';
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    this.mustBeOpen();
    if (this.signalingState !== 'have-remote-offer') throw new DOMException('no offer', 'InvalidStateError');
    await null;
    return { type: 'answer', sdp: `answer to ${JSON.stringify(this.#offered.map((line) => line.mid))}` };
  }

  async setLocalDescription({ type }: RTCSessionDescriptionInit): Promise<void> {
    this.mustBeOpen();
    if (type !== 'answer' || this.signalingState !== 'have-remote-offer') {
      throw new DOMException('no offer', 'InvalidStateError');
    }
    await null;
    this.mustBeOpen();
    for (const transceiver of this.transceivers) {
      const server = this.#offered.find((line) => line.mid === transceiver.mid)?.direction ?? 'inactive';
      const met =
        (server === 'recvonly' && transceiver.direction === 'sendonly') ||
        (server === 'sendonly' && transceiver.direction === 'recvonly');
      transceiver.currentDirection = met ? transceiver.direction : 'inactive';
    }
    this.signalingState = 'stable';
    this.#busy -= 1;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  getStats(): Promise<ReadonlyMap<string, unknown>> {
    return Promise.resolve(
      new Map<string, unknown>([
        ['t', { type: 'transport', bytesReceived: this.bytesReceived, selectedCandidatePairId: 'p' }],
        ['p', { type: 'candidate-pair', availableOutgoingBitrate: this.availableBps }],
        ['v', { type: 'outbound-rtp', kind: 'video', qualityLimitationReason: this.limitedBy }],
      ]),
    );
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  // --- The other end ---

  /** A message of the server on the data channel. */
  packet(): void {
    for (const channel of this.channels) channel.onmessage?.();
  }

  fail(): void {
    this.connectionState = 'failed';
    this.onconnectionstatechange?.();
  }

  at(mid: string): FakeTransceiver {
    const found = this.transceivers.find((t) => t.mid === mid);
    if (found === undefined) throw new Error('no such m-line');
    return found;
  }
}

/** An offer with one m-line per track, plus lines that nobody owns. */
export function offer(
  transport: number,
  generation: number,
  tracks: readonly TrackLine[],
  spare: readonly MLine[] = [],
): Offer {
  const lines: MLine[] = tracks.map(({ mid, source, direction }) => ({
    mid,
    kind: source === 'mic' ? 'audio' : 'video',
    direction: direction === 'send' ? 'recvonly' : 'sendonly',
    ...(source === 'camera' && direction === 'send' ? { rids: ['q', 'h', 'f'] } : {}),
  }));
  return { type: 'offer', transport, generation, sdp: JSON.stringify([...lines, ...spare]), tracks: [...tracks] };
}

export const ME = '01ME000000000000000000000A';
export const HOST = '01HST00000000000000000000B';

/** What one sends: microphone and camera. */
export const SEND: readonly TrackLine[] = [
  { mid: '1', seat: ME, source: 'mic', direction: 'send' },
  { mid: '2', seat: ME, source: 'camera', direction: 'send' },
];
/** What the clinician sends. */
export const RECEIVE: readonly TrackLine[] = [
  { mid: '3', seat: HOST, source: 'mic', direction: 'receive' },
  { mid: '4', seat: HOST, source: 'camera', direction: 'receive' },
];
