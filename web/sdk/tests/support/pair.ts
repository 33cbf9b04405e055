/**
 * Two browsers with a network between them, for the direct way: peer connections that are as strict as
 * the standard about their states and let media flow once both descriptions and a candidate each are
 * in place. What arrives grows by virtual time, as far as somebody sends.
 */

import { FakeTrack } from './peer';
import type { World } from './world';

type Kind = 'audio' | 'video';

class PairSender {
  track: MediaStreamTrack | null = null;
  parameters: { encodings: RTCRtpEncodingParameters[] } = { encodings: [{}] };

  constructor(readonly peer: PairPeer) {}

  async replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    this.peer.mustBeOpen();
    await null;
    this.track = track;
  }

  getParameters() {
    return structuredClone(this.parameters);
  }

  async setParameters(parameters: PairSender['parameters']): Promise<void> {
    this.parameters = parameters;
  }
}

class PairTransceiver {
  readonly sender: PairSender;
  readonly receiver: { readonly track: MediaStreamTrack };
  received = 0;

  constructor(
    peer: PairPeer,
    readonly kind: Kind,
    public direction: string,
  ) {
    this.sender = new PairSender(peer);
    this.receiver = { track: new FakeTrack(kind).real };
  }
}

interface PairChannel {
  readyState: string;
  onmessage: (() => void) | null;
  send(): void;
}

export class PairPeer {
  other: PairPeer | null = null;
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: { candidate: string; sdpMid: string } | null }) => void) | null = null;
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  readonly transceivers: PairTransceiver[] = [];
  candidates = 0;
  bytesReceived = 0;
  channel: PairChannel | null = null;
  closed = false;

  /** How loud the own microphone and the other's sound are, 0 to 1. */
  ownLevel = 0;
  level = 0;

  constructor(
    readonly policy: RTCIceTransportPolicy,
    readonly relays: RTCIceServer[] = [],
  ) {}

  mustBeOpen(): void {
    if (this.closed) throw new DOMException('closed', 'InvalidStateError');
  }

  createDataChannel(): PairChannel {
    const send = () => {
      if (!this.flows || this.other === null) return;
      this.other.bytesReceived += 1;
      this.other.channel?.onmessage?.();
    };
    this.channel = { readyState: 'connecting', onmessage: null, send };
    return this.channel;
  }

  addTransceiver(kind: Kind, { direction }: { direction: string }): PairTransceiver {
    const made = new PairTransceiver(this, kind, direction);
    this.transceivers.push(made);
    return made;
  }

  getTransceivers(): PairTransceiver[] {
    return this.transceivers;
  }

  async createOffer(): Promise<RTCSessionDescriptionInit> {
    this.mustBeOpen();
    return { type: 'offer', sdp: JSON.stringify(this.transceivers.map((t) => t.kind)) };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    if (this.remoteDescription?.type !== 'offer') throw new DOMException('no offer', 'InvalidStateError');
    return { type: 'answer', sdp: JSON.stringify(this.transceivers.map((t) => t.kind)) };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.mustBeOpen();
    await null;
    this.localDescription = description;
    // A browser names candidates while the description is still on its way to the other side.
    this.onicecandidate?.({ candidate: { candidate: 'candidate:1 1 udp 1 x.local 9 typ host', sdpMid: '0' } });
    this.onicecandidate?.({ candidate: null });
    this.meet();
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.mustBeOpen();
    if (description.type === 'answer' && this.localDescription?.type !== 'offer') {
      throw new DOMException('no offer', 'InvalidStateError');
    }
    const kinds: unknown = JSON.parse(description.sdp ?? '');
    await null;
    this.remoteDescription = description;
    if (description.type === 'offer') {
      for (const kind of kinds as Kind[]) this.transceivers.push(new PairTransceiver(this, kind, 'recvonly'));
    }
    this.meet();
  }

  async addIceCandidate(): Promise<void> {
    if (this.remoteDescription === null) throw new DOMException('too early', 'InvalidStateError');
    this.candidates += 1;
    this.meet();
  }

  /** Whether packets go to the other side. */
  get flows(): boolean {
    return this.connectionState === 'connected' && this.other?.connectionState === 'connected';
  }

  meet(): void {
    const { other } = this;
    const ready = (p: PairPeer) => p.localDescription !== null && p.remoteDescription !== null && p.candidates > 0;
    if (other === null || this.closed || other.closed || !ready(this) || !ready(other)) return;
    for (const peer of [this, other]) {
      peer.connectionState = 'connected';
      if (peer.channel) peer.channel.readyState = 'open';
      peer.onconnectionstatechange?.();
    }
  }

  /** One tick of media to the other side. */
  tick(): void {
    if (!this.flows || this.other === null) return;
    this.transceivers.forEach((mine, n) => {
      const theirs = this.other?.transceivers[n];
      if (mine.sender.track === null || mine.direction !== 'sendrecv' || theirs === undefined) return;
      theirs.received += 1;
      if (this.other) this.other.bytesReceived += 100;
    });
  }

  /** The path breaks without a word: nothing goes either way. */
  cut(): void {
    this.connectionState = 'disconnected';
  }

  getStats(): Promise<ReadonlyMap<string, unknown>> {
    this.mustBeOpen();
    const entries: [string, unknown][] = this.transceivers.map((t, n) => [
      `in${n}`,
      {
        type: 'inbound-rtp',
        kind: t.kind,
        trackIdentifier: t.receiver.track.id,
        framesDecoded: t.received,
        packetsReceived: t.received,
        ...(t.kind === 'audio' ? { audioLevel: this.level } : {}),
      },
    ]);
    entries.push(['mic', { type: 'media-source', kind: 'audio', audioLevel: this.ownLevel }]);
    return Promise.resolve(new Map<string, unknown>([['t', { type: 'transport', bytesReceived: this.bytesReceived }], ...entries]));
  }

  close(): void {
    this.closed = true;
    this.connectionState = 'closed';
  }
}

/** Lets media flow every 20 ms of virtual time, as long as somebody is there. */
export function pump(world: World, peers: () => readonly PairPeer[]): void {
  world.after(20, () => {
    for (const peer of peers()) peer.tick();
    pump(world, peers);
  });
}
