//! Counts call quality for operators, over all visits. Names, buckets and labels are `telemetry`'s; no
//! label names a person, a visit or an address.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use telemetry::Verdict;
use telemetry::input::{LinkSample, PathKind, ReceiveAudio, TransportSample};
use telemetry::metrics as names;

/// A label whose name and values are fixed in the source.
type Label = [(&'static str, &'static str); 1];

/// Makes the histograms of a family.
#[derive(Clone)]
struct Buckets(&'static names::Histogram);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        histogram(self.0)
    }
}

/// Everything that is counted about calls.
pub struct CallMetrics {
    rtt: Family<Label, Histogram, Buckets>,
    jitter: Family<Label, Histogram, Buckets>,
    lag: Histogram,
    gap: Histogram,
    audio: Histogram,
    video: Histogram,
    height: Histogram,
    lost: Family<Label, Counter>,
    expected: Family<Label, Counter>,
    blamed: Family<Label, Counter<f64, AtomicU64>>,
    frozen: Counter<f64, AtomicU64>,
    carried: Family<Label, Counter<f64, AtomicU64>>,
    ignored: Counter,
}

impl Default for CallMetrics {
    fn default() -> Self {
        Self {
            rtt: Family::new_with_constructor(Buckets(&names::MEDIA_RTT)),
            jitter: Family::new_with_constructor(Buckets(&names::MEDIA_JITTER)),
            lag: histogram(&names::LOOP_LAG),
            gap: histogram(&names::FAILOVER_GAP),
            audio: histogram(&names::AUDIO_SCORE),
            video: histogram(&names::VIDEO_SCORE),
            height: histogram(&names::PICTURE_HEIGHT),
            lost: Family::default(),
            expected: Family::default(),
            blamed: Family::default(),
            frozen: Counter::default(),
            carried: Family::default(),
            ignored: Counter::default(),
        }
    }
}

impl CallMetrics {
    /// Names everything in the registry from which operators read.
    pub fn register(&self, registry: &mut Registry) {
        let (rtt, jitter) = (&names::MEDIA_RTT, &names::MEDIA_JITTER);
        registry.register(rtt.name, rtt.help, self.rtt.clone());
        registry.register(jitter.name, jitter.help, self.jitter.clone());
        for (named, metric) in [
            (&names::LOOP_LAG, &self.lag),
            (&names::FAILOVER_GAP, &self.gap),
            (&names::AUDIO_SCORE, &self.audio),
            (&names::VIDEO_SCORE, &self.video),
            (&names::PICTURE_HEIGHT, &self.height),
        ] {
            registry.register(named.name, named.help, metric.clone());
        }
        let (lost, expected) = (&names::PACKETS_LOST, &names::PACKETS_EXPECTED);
        registry.register(lost.name, lost.help, self.lost.clone());
        registry.register(expected.name, expected.help, self.expected.clone());
        registry.register(names::BLAMED.name, names::BLAMED.help, self.blamed.clone());
        registry.register(names::FROZEN.name, names::FROZEN.help, self.frozen.clone());
        registry.register(names::CARRIED.name, names::CARRIED.help, self.carried.clone());
        registry.register(names::IGNORED.name, names::IGNORED.help, self.ignored.clone());
    }

    /// A page reported its link and what it heard.
    pub(super) fn reported(
        &self,
        link: &LinkSample,
        heard: impl Iterator<Item = ReceiveAudio>,
        ignored: u32,
    ) {
        let path = path(link.path);
        for seen in names::of_link(link) {
            self.rtt.get_or_create(&path).observe(seen.value);
        }
        for audio in heard {
            for seen in names::of_audio(&audio) {
                self.jitter.get_or_create(&path).observe(seen.value);
            }
            if let Some(loss) = audio.loss {
                self.lost.get_or_create(&path).inc_by(loss.lost.into());
                self.expected.get_or_create(&path).inc_by(loss.expected.into());
            }
        }
        self.ignored.inc_by(ignored.into());
    }

    /// The forwarding unit reported about a transport.
    pub(super) fn seen(&self, transport: &TransportSample) {
        for seen in names::of_transport(transport) {
            self.lag.observe(seen.value);
        }
    }

    /// A direction was judged.
    pub(super) fn judged(&self, verdict: &Verdict, interval_ms: u32) {
        let here = [
            (&raw const names::AUDIO_SCORE, &self.audio),
            (&raw const names::VIDEO_SCORE, &self.video),
            (&raw const names::PICTURE_HEIGHT, &self.height),
        ];
        for seen in names::of_verdict(verdict) {
            let of = here.iter().find(|(named, _)| std::ptr::eq(seen.histogram, *named));
            of.into_iter().for_each(|(_, histogram)| histogram.observe(seen.value));
        }
        let interval_s = f64::from(interval_ms) / 1_000.0;
        let label = [("culprit", verdict.blamed().label())];
        self.blamed.get_or_create(&label).inc_by(interval_s);
        self.frozen.inc_by(names::frozen_s(verdict, interval_s));
        for codec in names::carriers(verdict) {
            self.carried.get_or_create(&[("codec", codec)]).inc_by(interval_s);
        }
    }

    /// A path was heard again after a silence of `silent_ms`.
    pub(super) fn gap(&self, silent_ms: u64) {
        self.gap.observe(silent_ms as f64 / 1_000.0);
    }
}

fn path(kind: PathKind) -> Label {
    [("path", kind.label())]
}

fn histogram(named: &names::Histogram) -> Histogram {
    Histogram::new(named.bounds.iter().copied())
}
