/** A visit's measurements: a good call, four bad minutes on the patient's uplink, and a pause. */
import type { QualityRecord, QualityStretch, QualityTrack, VisitQuality } from '@bedside/client';
import { NOW_US } from './fixtures';

const STRETCH_S = 10;

const summary = (culprits: QualityTrack['summary']['culprits']): QualityTrack['summary'] => ({
  measured_s: 720,
  poor_s: culprits.reduce((n, c) => n + c.seconds, 0),
  audio_median: 4.3,
  audio_p95: 2.9,
  audio_worst: 2.4,
  video_median: 4.1,
  video_p95: 2.2,
  video_worst: 1.4,
  main_culprit: culprits[0]?.culprit ?? 'none',
  culprits,
  codec: 'opus_fec',
  picture_codec: 'vp8',
});

function record(fromS: number, toS: number): QualityRecord {
  const times = Array.from({ length: (toS - fromS) / STRETCH_S }, (_, n) => n * STRETCH_S);
  const bad = (atS: number) => fromS === 0 && atS >= 180 && atS < 420;
  const wave = (atS: number) => Math.round(12 * Math.sin(atS / 40));
  return {
    v: 1,
    tracks: [
      {
        from: 0,
        to: 1,
        summary: summary(fromS === 0 ? [{ culprit: 'sender_uplink', seconds: 240 }] : []),
        stretch_s: STRETCH_S,
        points: times.map((t) => [t, bad(t) ? 260 : 430, bad(t) ? 240 : 425, bad(t) ? 210 : 410, bad(t) ? 120 : 4, 62, 6, 0, 230]),
      },
      {
        from: 1,
        to: 0,
        summary: summary([]),
        stretch_s: STRETCH_S,
        points: times.map((t) => [t, 432, 428, 415, 4, 60, 5, 0, 230]),
      },
    ],
    seats: [
      {
        seat: 0,
        paths: [{ path: 'turn_tls', seconds: toS - fromS }],
        stretch_s: STRETCH_S,
        points: times.map((t) => [t, 90 + wave(t) + (bad(t) ? 60 : 0), bad(t) ? 120 : 3, 4, 7]),
      },
      { seat: 1, paths: [{ path: 'sfu', seconds: toS - fromS }], stretch_s: STRETCH_S, points: times.map((t) => [t, 24 + Math.round(wave(t) / 4), 0, 1, 2]) },
    ],
    ignored: 0,
  };
}

const stretch = (fromS: number, toS: number): QualityStretch => ({
  began_at: NOW_US + fromS * 1_000_000,
  seats: ['rosa', 'imani'],
  record: record(fromS, toS),
});

/** What the server answers about a visit. */
export function callQuality(): VisitQuality {
  return {
    people: [
      { seat: 'imani', name: 'Dr. Imani Okoye', role: 'host' },
      { seat: 'rosa', name: 'Rosa Alvarez', role: 'patient' },
      { seat: 'ines', name: 'Inés Duarte', role: 'interpreter' },
    ],
    stretches: [stretch(0, 600), stretch(720, 840)],
  };
}
