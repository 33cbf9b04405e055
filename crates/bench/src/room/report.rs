//! What a run of rooms comes to: the figures, and whether they count.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Shape;
use crate::FloorReport;
use crate::load::Times;

/// The load was too late to count when 99 of 100 sendings were late by more than this, ms.
pub const MOST_LAG_MS: f64 = 1.0;
/// Memory that ends within one part in this many of where it began stayed where it was.
pub const FLAT_WITHIN: u64 = 20;

/// What was seen in a window.
pub struct Measured {
    pub(crate) forwarded: u64,
    pub(crate) cpu: Duration,
    pub(crate) waited: Duration,
    pub(crate) resident_bytes: u64,
    pub(crate) load_cpu: Duration,
    pub(crate) wall: Duration,
    pub(crate) travel_ns: Times,
    pub(crate) lag_ns: Times,
    pub(crate) received: u64,
    pub(crate) bytes: u64,
    pub(crate) repaired: u64,
    pub(crate) missing: u64,
    pub(crate) load_dropped: u64,
}

/// What came out. Exactly the named keys are serialized, in this order; `Display` is the summary for
/// people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoomReport {
    /// Rooms at once.
    pub rooms: u32,
    /// People in each.
    pub people: u32,
    /// Packets forwarded per second of the shard's CPU time.
    pub packets_per_s_per_core: u64,
    /// Median of the added latency, µs.
    pub added_p50_us: f64,
    /// 99th percentile of the added latency, µs.
    pub added_p99_us: f64,
    /// Share of packets lost, 0 to 1.
    pub server_loss: f64,
    /// What [`crate::floor()`] gave on this machine in the same run, packets per second.
    pub floor_packets_per_s: u64,
    /// How long a sleeping thread of this machine took to hear of a datagram in the same run, 99 of
    /// 100, µs. Each packet's way holds one such wake-up unless the server is busy.
    pub floor_wake_p99_us: f64,
    /// How many people of a room send.
    pub senders: u32,
    /// Layers of each camera.
    pub layers: u32,
    /// Packets forwarded per second.
    pub packets_per_s: u64,
    /// Mean RTP payload of the forwarded packets, bytes.
    pub payload_bytes: u64,
    /// 999th of 1,000 of the added latency, µs.
    pub added_p999_us: f64,
    /// Share of a core that the server used, 0 to 1.
    pub core_share: f64,
    /// Share of the window in which the shard was ready and waited for a core, 0 to 1.
    pub waited_share: f64,
    /// Memory of the server's process at the end, bytes; the load is in it when they share one.
    pub resident_bytes: u64,
    /// Share of a core that the synthetic people used, 0 to 1.
    pub load_core_share: f64,
    /// 99th percentile of how late the synthetic people sent, µs.
    pub load_lag_p99_us: f64,
    /// Datagrams that the synthetic people's socket had no room for.
    pub load_dropped: u64,
    /// The figures say nothing about the server.
    pub void: bool,
    /// Why not.
    pub void_reason: Option<String>,
}

impl RoomReport {
    pub(crate) fn new(rooms: u32, shape: Shape, floor: &FloorReport, measured: &Measured) -> Self {
        let us = |ns: u64| round(ns as f64 / 1_000.0, 10.0);
        let travel = |percent| us(measured.travel_ns.percentile(percent));
        let lost = (measured.missing + measured.repaired).saturating_sub(measured.load_dropped);
        let expected = measured.received + measured.missing;
        let cpu_s = measured.cpu.as_secs_f64();
        let wall_s = measured.wall.as_secs_f64().max(0.001);
        let per_core = if cpu_s > 0.0 { (measured.forwarded as f64 / cpu_s) as u64 } else { 0 };
        let void_reason = void_reason(measured);
        Self {
            rooms,
            people: shape.people,
            packets_per_s_per_core: per_core,
            added_p50_us: travel(50.0),
            added_p99_us: travel(99.0),
            server_loss: round(lost as f64 / expected.max(1) as f64, 1e6),
            floor_packets_per_s: floor.packets_per_s,
            floor_wake_p99_us: floor.wake_p99_us,
            senders: shape.senders,
            layers: shape.layers,
            packets_per_s: (measured.forwarded as f64 / wall_s) as u64,
            payload_bytes: measured.bytes / measured.received.max(1),
            added_p999_us: travel(99.9),
            core_share: round(cpu_s / wall_s, 1e3),
            waited_share: round(measured.waited.as_secs_f64() / wall_s, 1e3),
            resident_bytes: measured.resident_bytes,
            load_core_share: round(measured.load_cpu.as_secs_f64() / wall_s, 1e3),
            load_lag_p99_us: us(measured.lag_ns.percentile(99.0)),
            load_dropped: measured.load_dropped,
            void: void_reason.is_some(),
            void_reason,
        }
    }

    /// Whether other work on the machine held the shard up, so that latency and loss are not its own.
    #[must_use]
    pub fn machine_was_busy(&self) -> bool {
        self.waited_share > 0.05
    }
}

/// Why a window says nothing about the server, if so.
fn void_reason(measured: &Measured) -> Option<String> {
    let lag_ms = measured.lag_ns.percentile(99.0) as f64 / 1e6;
    if measured.load_dropped > 0 {
        let n = measured.load_dropped;
        return Some(format!("the synthetic people's socket dropped {n} datagrams"));
    }
    if measured.lag_ns.count() == 0 || measured.travel_ns.count() == 0 {
        return Some("no packets were sent and received".to_owned());
    }
    (lag_ms > MOST_LAG_MS).then(|| {
        format!("the synthetic people sent up to {lag_ms:.1} ms late (99 of 100), 1 ms is allowed")
    })
}

pub(crate) fn round(value: f64, digits: f64) -> f64 {
    (value * digits).round() / digits
}

impl fmt::Display for RoomReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_floor = self.packets_per_s_per_core as f64 / self.floor_packets_per_s.max(1) as f64;
        writeln!(
            f,
            "{} rooms of {} ({} of them send): {} packets per second and core ({:.0} % of the floor of \
             {}); {} packets per second kept the core {:.0} % busy.",
            self.rooms,
            self.people,
            self.senders,
            self.packets_per_s_per_core,
            of_floor * 100.0,
            self.floor_packets_per_s,
            self.packets_per_s,
            self.core_share * 100.0,
        )?;
        write!(
            f,
            "A packet's way through the server took {:.0} µs (median), {:.0} µs (99 of 100) and {:.0} µs \
             (999 of 1,000); {:.3} % were lost.",
            self.added_p50_us,
            self.added_p99_us,
            self.added_p999_us,
            self.server_loss * 100.0,
        )?;
        if self.floor_wake_p99_us > 0.0 {
            write!(
                f,
                " To wake a thread that sleeps takes this machine up to {:.0} µs (99 of 100).",
                self.floor_wake_p99_us
            )?;
        }
        if let Some(reason) = &self.void_reason {
            write!(
                f,
                "\nThis run is void: {reason} (their core was {:.0} % busy). Use fewer rooms.",
                self.load_core_share * 100.0,
            )?;
        }
        if self.machine_was_busy() {
            write!(
                f,
                "\nThe server's thread waited for a core for {:.0} % of the time: other work held it up. \
                 Measure again on an idle machine.",
                self.waited_share * 100.0,
            )?;
        }
        Ok(())
    }
}

/// What a long run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SoakReport {
    /// The whole window.
    #[serde(flatten)]
    pub room: RoomReport,
    /// Memory after the warm-up, bytes.
    pub rss_start: u64,
    /// Memory at the end, bytes.
    pub rss_end: u64,
    /// Whether memory ended within 5 % of where it was after the warm-up.
    pub memory_flat: bool,
}

impl SoakReport {
    pub(crate) fn new(room: RoomReport, rss_start: u64, rss_end: u64) -> Self {
        let memory_flat = rss_end.abs_diff(rss_start) <= rss_start / FLAT_WITHIN;
        Self { room, rss_start, rss_end, memory_flat }
    }
}

impl fmt::Display for SoakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        write!(
            f,
            "{}\nMemory was {:.1} MB after the warm-up and {:.1} MB at the end: {}.",
            self.room,
            mb(self.rss_start),
            mb(self.rss_end),
            if self.memory_flat { "it stayed within 5 %" } else { "it did not stay within 5 %" },
        )
    }
}

/// What the search for a full core came to. The keys of the full load come first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FullReport {
    /// The largest load within the limits.
    #[serde(flatten)]
    pub full: RoomReport,
    /// What ended the search: `core`, `latency`, `loss`, `rooms` or `load`.
    pub limit: &'static str,
    /// Half of its rooms.
    #[serde(flatten, serialize_with = "half")]
    pub half: Part,
    /// Four fifths of its rooms.
    #[serde(flatten, serialize_with = "four_fifths")]
    pub four_fifths: Part,
}

/// A part of the full load.
#[derive(Clone, Debug, PartialEq)]
pub struct Part(pub RoomReport);

#[derive(Serialize)]
struct Half {
    half_rooms: u32,
    half_core_share: f64,
    half_added_p50_us: f64,
    half_added_p99_us: f64,
    half_added_p999_us: f64,
    half_server_loss: f64,
    half_void: bool,
}

#[derive(Serialize)]
struct FourFifths {
    four_fifths_rooms: u32,
    four_fifths_core_share: f64,
    four_fifths_added_p50_us: f64,
    four_fifths_added_p99_us: f64,
    four_fifths_added_p999_us: f64,
    four_fifths_server_loss: f64,
    four_fifths_void: bool,
}

fn half<S: serde::Serializer>(part: &Part, to: S) -> Result<S::Ok, S::Error> {
    let Part(r) = part;
    Half {
        half_rooms: r.rooms,
        half_core_share: r.core_share,
        half_added_p50_us: r.added_p50_us,
        half_added_p99_us: r.added_p99_us,
        half_added_p999_us: r.added_p999_us,
        half_server_loss: r.server_loss,
        half_void: r.void,
    }
    .serialize(to)
}

fn four_fifths<S: serde::Serializer>(part: &Part, to: S) -> Result<S::Ok, S::Error> {
    let Part(r) = part;
    FourFifths {
        four_fifths_rooms: r.rooms,
        four_fifths_core_share: r.core_share,
        four_fifths_added_p50_us: r.added_p50_us,
        four_fifths_added_p99_us: r.added_p99_us,
        four_fifths_added_p999_us: r.added_p999_us,
        four_fifths_server_loss: r.server_loss,
        four_fifths_void: r.void,
    }
    .serialize(to)
}

impl FullReport {
    /// Why one of the three says nothing about the server, if so.
    #[must_use]
    pub fn void_reason(&self) -> Option<String> {
        let all = [&self.full, &self.half.0, &self.four_fifths.0];
        let found = all.into_iter().find_map(|r| r.void_reason.clone());
        // What was looked for was the server's limit, not the load's.
        let load = || "the synthetic people's limit came before the server's".to_owned();
        found.or_else(|| (self.limit == "load").then(load))
    }
}

impl fmt::Display for FullReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.full)?;
        let ended = match self.limit {
            "core" => "the server's core was full",
            "latency" => "packets took longer than 20 ms (99 of 100)",
            "loss" => "more than 0.1 % of packets were lost",
            "rooms" => "more rooms than this are not tried",
            _ => "the synthetic people could not send more; the server could have",
        };
        write!(f, "There the search ended: {ended}.")?;
        for (share, Part(r)) in [("50 %", &self.half), ("80 %", &self.four_fifths)] {
            write!(
                f,
                "\nAt {share} of it ({} rooms, core {:.0} % busy): {:.0} µs, {:.0} µs (99 of 100), {:.0} µs \
                 (999 of 1,000), {:.3} % lost{}.",
                r.rooms,
                r.core_share * 100.0,
                r.added_p50_us,
                r.added_p99_us,
                r.added_p999_us,
                r.server_loss * 100.0,
                if r.void { "; this part is void" } else { "" },
            )?;
        }
        Ok(())
    }
}
