/**
 * From the browser's counters to what is reported. Two looks at the statistics (W3C webrtc-stats)
 * become differences per person; the server checks and judges them. Pure: knows no connection, no
 * clock, and passes on no address.
 */

import type {
  CandidateKind,
  HeardFrom,
  PathProtocol,
  QualityReport,
  RawLink,
  RawReceiveAudio,
  RawReceiveVideo,
  RawSendAudio,
  RawSendVideo,
  Source,
  SourceState,
  TileView,
} from './protocol';

// Needed with these, and as late.
export { digest, judge, limitedBy } from './judge';
export { Pressure } from './pressure';

/** The fields of the browser's statistics that are used. */
export interface Stat {
  readonly id?: string;
  readonly type: string;
  readonly kind?: string;
  readonly mid?: string;
  readonly trackIdentifier?: string;
  readonly codecId?: string;
  readonly mediaSourceId?: string;
  readonly mimeType?: string;
  readonly sdpFmtpLine?: string;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly packetsSent?: number;
  readonly jitter?: number;
  readonly totalSamplesReceived?: number;
  readonly concealedSamples?: number;
  readonly silentConcealedSamples?: number;
  readonly jitterBufferDelay?: number;
  readonly jitterBufferEmittedCount?: number;
  readonly framesDecoded?: number;
  readonly framesDropped?: number;
  readonly framesEncoded?: number;
  readonly frames?: number;
  readonly frameWidth?: number;
  readonly frameHeight?: number;
  readonly totalDecodeTime?: number;
  readonly totalEncodeTime?: number;
  readonly freezeCount?: number;
  readonly totalFreezesDuration?: number;
  readonly qualityLimitationReason?: string;
  readonly currentRoundTripTime?: number;
  readonly availableOutgoingBitrate?: number;
  readonly localCandidateId?: string;
  readonly selectedCandidatePairId?: string;
  readonly candidateType?: string;
  readonly protocol?: string;
  readonly relayProtocol?: string;
  readonly nominated?: boolean;
  readonly state?: string;
}

/** One look at the statistics. */
export interface Snapshot {
  readonly atMs: number;
  readonly stats: ReadonlyMap<string, Stat>;
}

/** What the page knows besides. */
export interface Surroundings {
  /** Whose stream this is, and which; `null` for none that counts. */
  owner(stat: Stat): { readonly seat: string; readonly source: Source } | null;
  /** How the own microphone and camera stand. */
  readonly sources: { readonly mic: SourceState; readonly camera: SourceState };
  /** What is on the glass. */
  readonly tiles: readonly TileView[];
  /** Whether the other end is the other person's page, and not the server. */
  readonly direct: boolean;
}

/** A look at the statistics, kept. */
export function snapshot(stats: Iterable<readonly [string, unknown]>, atMs: number): Snapshot {
  return { atMs, stats: new Map([...stats].map(([id, stat]) => [id, stat as Stat])) };
}

/** What happened between two looks. */
export function report(before: Snapshot, after: Snapshot, around: Surroundings): QualityReport {
  const grown = growth(before);
  const from = new Map<string, HeardFrom>();
  const own: Own = { mic: [], camera: [], remote: [] };
  let link: RawLink = { peer_to_peer: around.direct };
  const selected = selectedPair(after);
  for (const [id, stat] of after.stats) {
    switch (stat.type) {
      case 'inbound-rtp': {
        const owner = around.owner(stat);
        if (owner === null || owner.source === 'screen') break;
        const person = from.get(owner.seat) ?? { seat: owner.seat };
        from.set(
          owner.seat,
          owner.source === 'mic'
            ? { ...person, mic: heard(id, stat, grown, after) }
            : { ...person, camera: seen(id, stat, grown, after, around.tiles.find((t) => t.seat === owner.seat && t.source === 'camera')) },
        );
        break;
      }
      case 'outbound-rtp': {
        const source = around.owner(stat)?.source ?? (stat.kind === 'audio' ? 'mic' : 'camera');
        if (source !== 'screen') own[source].push([id, stat]);
        break;
      }
      case 'remote-inbound-rtp':
        if (stat.kind === 'audio') own.remote.push([id, stat]);
        break;
      case 'candidate-pair':
        if (stat === selected) link = path(stat, after, around.direct);
        break;
    }
  }
  return {
    interval_ms: Math.round(after.atMs - before.atMs),
    link,
    mic: sentSound(own, grown, around.sources.mic),
    camera: sentPicture(own.camera, grown, after, around.sources.camera),
    from: [...from.values()],
  };
}

interface Own {
  readonly mic: [string, Stat][];
  readonly camera: [string, Stat][];
  readonly remote: [string, Stat][];
}

type Field = { [K in keyof Stat]-?: Required<Stat>[K] extends number ? K : never }[keyof Stat];
type Grown = (id: string, stat: Stat, field: Field) => number | undefined;

/** By how much a counter grew; nothing when the browser does not count it, or counts anew. */
function growth(before: Snapshot): Grown {
  return (id, stat, field) => {
    const now = stat[field];
    if (now === undefined) return undefined;
    const grown = now - (before.stats.get(id)?.[field] ?? 0);
    // Only the count of lost packets may go down: some came after all.
    return grown < 0 && field !== 'packetsLost' ? undefined : grown;
  };
}

function selectedPair({ stats }: Snapshot): Stat | undefined {
  for (const stat of stats.values()) {
    if (stat.type === 'transport' && stat.selectedCandidatePairId !== undefined) return stats.get(stat.selectedCandidatePairId);
  }
  return [...stats.values()].find((s) => s.type === 'candidate-pair' && s.nominated === true && s.state === 'succeeded');
}

const KINDS: readonly CandidateKind[] = ['host', 'srflx', 'prflx', 'relay'];
const PROTOCOLS: readonly PathProtocol[] = ['udp', 'tcp', 'tls'];

function path(pair: Stat, { stats }: Snapshot, direct: boolean): RawLink {
  const local = pair.localCandidateId === undefined ? undefined : stats.get(pair.localCandidateId);
  return known<RawLink>({
    rtt_ms: ms(pair.currentRoundTripTime),
    available_outgoing_bps: pair.availableOutgoingBitrate,
    candidate: KINDS.find((kind) => kind === local?.candidateType),
    protocol: PROTOCOLS.find((protocol) => protocol === local?.protocol),
    relay_protocol: PROTOCOLS.find((protocol) => protocol === local?.relayProtocol),
    peer_to_peer: direct,
  });
}

function heard(id: string, stat: Stat, grown: Grown, { stats }: Snapshot): RawReceiveAudio {
  const codec = stat.codecId === undefined ? undefined : stats.get(stat.codecId);
  const waited = grown(id, stat, 'jitterBufferDelay');
  const out = grown(id, stat, 'jitterBufferEmittedCount');
  return known<RawReceiveAudio>({
    codec: soundCodec(codec),
    packets_received: grown(id, stat, 'packetsReceived'),
    packets_lost: grown(id, stat, 'packetsLost'),
    jitter_ms: ms(stat.jitter),
    total_samples: grown(id, stat, 'totalSamplesReceived'),
    concealed_samples: grown(id, stat, 'concealedSamples'),
    silent_concealed_samples: grown(id, stat, 'silentConcealedSamples'),
    jitter_buffer_ms: waited === undefined || !out ? undefined : ms(waited / out),
  });
}

function soundCodec(codec: Stat | undefined): RawReceiveAudio['codec'] {
  switch (codec?.mimeType?.toLowerCase()) {
    case 'audio/opus':
      return codec.sdpFmtpLine?.includes('useinbandfec=1') ? 'opus_fec' : 'opus';
    case 'audio/pcma':
    case 'audio/pcmu':
      return 'g711';
    default:
      return 'unknown';
  }
}

function pictureCodec(codec: Stat | undefined): RawReceiveVideo['codec'] {
  const name = codec?.mimeType?.toLowerCase();
  return name === 'video/vp8' ? 'vp8' : name === 'video/h264' ? 'h264' : 'unknown';
}

function seen(id: string, stat: Stat, grown: Grown, { stats }: Snapshot, tile: TileView | undefined): RawReceiveVideo {
  return known<RawReceiveVideo>({
    codec: pictureCodec(stat.codecId === undefined ? undefined : stats.get(stat.codecId)),
    packets_received: grown(id, stat, 'packetsReceived'),
    packets_lost: grown(id, stat, 'packetsLost'),
    frames_decoded: grown(id, stat, 'framesDecoded'),
    frames_dropped: grown(id, stat, 'framesDropped'),
    decode_ms: ms(grown(id, stat, 'totalDecodeTime')),
    freeze_count: grown(id, stat, 'freezeCount'),
    freeze_ms: ms(grown(id, stat, 'totalFreezesDuration')),
    width_px: stat.frameWidth,
    height_px: stat.frameHeight,
    wanted_width_px: tile?.width_px ?? 0,
    wanted_height_px: tile?.height_px ?? 0,
  });
}

function sentSound({ mic, remote }: Own, grown: Grown, source: SourceState): RawSendAudio {
  const last = remote.at(-1)?.[1];
  return known<RawSendAudio>({
    source,
    packets_sent: sum(mic, grown, 'packetsSent'),
    remote_packets_lost: sum(remote, grown, 'packetsLost'),
    remote_jitter_ms: ms(last?.jitter),
  });
}

function sentPicture(layers: [string, Stat][], grown: Grown, { stats }: Snapshot, source: SourceState): RawSendVideo {
  const encoded = layers.map(([id, stat]) => grown(id, stat, 'framesEncoded') ?? 0);
  // A layer that is not sent keeps its last size.
  const sent = layers.filter((_, i) => (encoded[i] ?? 0) > 0).map(([, stat]) => stat);
  const largest = sent.reduce<Stat | undefined>((best, s) => ((s.frameHeight ?? 0) > (best?.frameHeight ?? -1) ? s : best), undefined);
  const sourceId = layers.find(([, stat]) => stat.mediaSourceId !== undefined)?.[1].mediaSourceId;
  const camera = sourceId === undefined ? undefined : stats.get(sourceId);
  const reasons = new Set(layers.map(([, stat]) => stat.qualityLimitationReason));
  return known<RawSendVideo>({
    source,
    frames_captured: sourceId === undefined || camera === undefined ? undefined : grown(sourceId, camera, 'frames'),
    frames_encoded: layers.length === 0 ? undefined : Math.max(...encoded),
    encode_ms: ms(sum(layers, grown, 'totalEncodeTime')),
    limited_by: (['cpu', 'bandwidth', 'other'] as const).find((reason) => reasons.has(reason)) ?? 'none',
    width_px: largest?.frameWidth,
    height_px: largest?.frameHeight,
  });
}

/** The counters of several streams together; nothing when none of them is counted. */
function sum(streams: readonly [string, Stat][], grown: Grown, field: Field): number | undefined {
  const parts = streams.map(([id, stat]) => grown(id, stat, field)).filter((n) => n !== undefined);
  return parts.length === 0 ? undefined : parts.reduce((a, b) => a + b, 0);
}

function ms(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 10_000) / 10;
}

/** Without the fields that nobody counted. */
function known<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
