import { describe, expect, it } from 'vitest';
import { digest } from '../src/judge';
import { report, snapshot, type Stat, type Surroundings } from '../src/stats';

const PATIENT = '01PATIENT';

const around: Surroundings = {
  owner: ({ mid, trackIdentifier }) => {
    if (mid === '1') return { seat: 'me', source: 'mic' };
    if (mid === '2') return { seat: 'me', source: 'camera' };
    if (mid === '9') return { seat: 'me', source: 'screen' };
    if (mid === '3') return { seat: PATIENT, source: 'mic' };
    if (trackIdentifier === 'face') return { seat: PATIENT, source: 'camera' };
    if (mid === '8') return { seat: PATIENT, source: 'screen' };
    return null;
  },
  sources: { mic: 'live', camera: 'live' },
  tiles: [{ seat: PATIENT, source: 'camera', width_px: 640, height_px: 360, pinned: false }],
  direct: false,
};

/** What a browser counts `n` seconds after a call began. */
function stats(n: number): [string, Stat][] {
  return [
    ['vp8', { type: 'codec', mimeType: 'video/VP8' }],
    ['codec', { type: 'codec', mimeType: 'audio/opus', sdpFmtpLine: 'minptime=10;useinbandfec=1' }],
    ['in', { type: 'inbound-rtp', kind: 'audio', mid: '3', codecId: 'codec', packetsReceived: 45 * n, packetsLost: 5 * n, jitter: 0.0124, totalSamplesReceived: 48_000 * n, concealedSamples: 2_400 * n, silentConcealedSamples: 0, jitterBufferDelay: 4_800 * n, jitterBufferEmittedCount: 48_000 * n }],
    ['face', { type: 'inbound-rtp', kind: 'video', trackIdentifier: 'face', codecId: 'vp8', packetsReceived: 100 * n, packetsLost: 0, framesDecoded: 25 * n, framesDropped: n, totalDecodeTime: 0.1 * n, freezeCount: 0, totalFreezesDuration: 0, frameWidth: 640, frameHeight: 360 }],
    ['theirs', { type: 'inbound-rtp', kind: 'video', mid: '8', packetsReceived: 7 * n }],
    ['gone', { type: 'inbound-rtp', kind: 'audio', mid: '77', packetsReceived: 7 * n }],
    ['out', { type: 'outbound-rtp', kind: 'audio', mid: '1', packetsSent: 50 * n }],
    ['back', { type: 'remote-inbound-rtp', kind: 'audio', packetsLost: 4 * n, jitter: 0.003 }],
    ['cam', { type: 'media-source', kind: 'video', frames: 30 * n }],
    ['q', { type: 'outbound-rtp', kind: 'video', mid: '2', mediaSourceId: 'cam', framesEncoded: 30 * n, totalEncodeTime: 0.1 * n, frameWidth: 320, frameHeight: 180, qualityLimitationReason: 'none' }],
    ['h', { type: 'outbound-rtp', kind: 'video', mid: '2', mediaSourceId: 'cam', framesEncoded: 20 * n, totalEncodeTime: 0.2 * n, frameWidth: 640, frameHeight: 360, qualityLimitationReason: 'cpu' }],
    ['f', { type: 'outbound-rtp', kind: 'video', mid: '2', mediaSourceId: 'cam', framesEncoded: 0, frameWidth: 1280, frameHeight: 720 }],
    ['mine', { type: 'outbound-rtp', kind: 'video', mid: '9', framesEncoded: 90 * n, frameWidth: 1920, frameHeight: 1080 }],
    ['way', { type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' }],
    ['old', { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 9 }],
    ['pair', { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.0834, availableOutgoingBitrate: 900_000, localCandidateId: 'way' }],
    ['t', { type: 'transport', selectedCandidatePairId: 'pair' }],
  ];
}

const between = (a: [string, Stat][], b: [string, Stat][], ms = 5_000) => report(snapshot(a, 0), snapshot(b, ms), around);

describe('a report', () => {
  it('is the difference of two looks, by person', () => {
    expect(between(stats(5), stats(10))).toEqual({
      interval_ms: 5_000,
      link: { rtt_ms: 83.4, available_outgoing_bps: 900_000, candidate: 'relay', protocol: 'udp', relay_protocol: 'tls', peer_to_peer: false },
      mic: { source: 'live', packets_sent: 250, remote_packets_lost: 20, remote_jitter_ms: 3 },
      camera: { source: 'live', frames_captured: 150, frames_encoded: 150, encode_ms: 1_500, limited_by: 'cpu', width_px: 640, height_px: 360 },
      from: [
        {
          seat: PATIENT,
          mic: { codec: 'opus_fec', packets_received: 225, packets_lost: 25, jitter_ms: 12.4, total_samples: 240_000, concealed_samples: 12_000, silent_concealed_samples: 0, jitter_buffer_ms: 100 },
          camera: { codec: 'vp8', packets_received: 500, packets_lost: 0, frames_decoded: 125, frames_dropped: 5, decode_ms: 500, freeze_count: 0, freeze_ms: 0, width_px: 640, height_px: 360, wanted_width_px: 640, wanted_height_px: 360 },
        },
      ],
    });
  });

  it('counts a stream that is new from its beginning, and leaves out what counts anew', () => {
    const fresh = between([], stats(2)).from[0];
    expect(fresh?.mic?.packets_received).toBe(90);
    const anew = between(stats(10), stats(1)).from[0];
    expect(anew?.mic?.packets_received).toBeUndefined();
    // Packets that were thought lost may come after all.
    expect(anew?.mic?.packets_lost).toBe(-45);
  });

  it('says nothing that the browser does not count, and passes on no address', () => {
    expect(between([], [])).toEqual({
      interval_ms: 5_000,
      link: { peer_to_peer: false },
      mic: { source: 'live' },
      camera: { source: 'live', limited_by: 'none' },
      from: [],
    });
    const strange: [string, Stat][] = [
      ['way', { type: 'local-candidate', candidateType: '192.0.2.7', protocol: 'sctp' }],
      ['pair', { type: 'candidate-pair', nominated: true, state: 'succeeded', localCandidateId: 'way' }],
    ];
    expect(JSON.stringify(between([], strange))).not.toContain('192');
  });

  it('gives the own view in a few numbers', () => {
    const figures = digest(between(stats(5), stats(10)));
    expect(figures).toEqual({ rttMs: 83.4, downlinkLossPct: 3.3, uplinkLossPct: 8, jitterMs: 12.4, limitedBy: 'cpu' });
    expect(digest(between([], []))).toEqual({ rttMs: 0, downlinkLossPct: 0, uplinkLossPct: 0, jitterMs: 0, limitedBy: 'none' });
  });
});
