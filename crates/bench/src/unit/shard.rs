//! A forwarding unit with one shard (one thread) in this process.

use std::net::{IpAddr, Ipv4Addr};

use sfu::{CloseCode, Command, Sfu, SfuConfig, SfuEvent, SfuThreads, Sources, Tile, TransportId};
use tokio::sync::mpsc::unbounded_channel;
use visit::{Source, VisitId};

use super::{Ask, Told, Unit, Usage, seat};
use crate::BenchError;
use crate::client::wire_tracks;
use crate::cpu::{ThreadId, pin, resident_bytes, thread_time};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Rooms are visits of which only the number differs.
const VISIT_MS: u64 = 1;

/// See the module's head. Dropping it ends the thread.
pub(crate) struct LocalShard {
    sfu: Sfu,
    threads: Option<SfuThreads>,
    shard: ThreadId,
}

impl LocalShard {
    /// Starts the shard, on `core` if given. What it tells goes to `told`, on a thread that ends with
    /// the shard.
    ///
    /// # Errors
    /// [`BenchError::Sfu`], or [`BenchError::CpuTime`] when the system does not show its thread.
    pub fn start(
        seed: u64,
        core: Option<usize>,
        mut told: impl FnMut(Told) + Send + 'static,
    ) -> Result<Self, BenchError> {
        let (events_tx, mut events) = unbounded_channel();
        let mut config = SfuConfig::new(vec![LOOPBACK]);
        config.bind = LOOPBACK;
        config.shards = 1;
        config.seed = seed;
        let (sfu, threads) = Sfu::start(config, events_tx)?;
        let Some(shard) = threads.kernel_ids().first().copied().map(ThreadId::from_kernel) else {
            sfu.shutdown();
            threads.join();
            return Err(BenchError::CpuTime);
        };
        if let Some(core) = core {
            pin(shard, core);
        }
        std::thread::Builder::new().name("shard-events".to_owned()).spawn(move || {
            while let Some(event) = events.blocking_recv() {
                if let Some(event) = translate(event) {
                    told(event);
                }
            }
        })?;
        Ok(Self { sfu, threads: Some(threads), shard })
    }
}

impl Unit for LocalShard {
    fn ask(&mut self, ask: Ask) -> Result<(), BenchError> {
        let command = match ask {
            Ask::Join { room, person, sends } => Command::Join {
                visit: visit(room),
                seat: seat(person),
                transport: transport(person),
                rights: Sources { mic: sends, camera: sends, screen: false },
                muted: Sources::NONE,
            },
            Ask::Answer { room, link, generation, sdp } => {
                let (visit, transport) = (visit(room), transport(link / 2));
                Command::Answer { visit, transport, generation, sdp }
            }
            // A shard makes every offer itself.
            Ask::Offer { .. } => return Err(BenchError::Answer("an offer")),
            Ask::Look { room, person, others, width_px, height_px } => Command::View {
                visit: visit(room),
                transport: transport(person),
                tiles: others
                    .into_iter()
                    .map(|other| Tile {
                        seat: seat(other),
                        source: Source::Camera,
                        width_px,
                        height_px,
                        pinned: false,
                    })
                    .collect(),
            },
            Ask::Leave { room, person } => {
                Command::Leave { visit: visit(room), transport: transport(person) }
            }
        };
        self.sfu.send(command).map_err(|_| BenchError::Overloaded)
    }

    fn usage(&self) -> Result<Usage, BenchError> {
        let time = thread_time(self.shard).ok_or(BenchError::CpuTime)?;
        Ok(Usage {
            cpu: time.on_cpu,
            waited: time.waiting,
            forwarded: Some(self.sfu.stats().packets_forwarded),
            resident_bytes: resident_bytes(std::process::id()).ok_or(BenchError::CpuTime)?,
        })
    }
}

impl Drop for LocalShard {
    fn drop(&mut self) {
        self.sfu.shutdown();
        if let Some(threads) = self.threads.take() {
            threads.join();
        }
    }
}

/// What of an event concerns the load.
fn translate(event: SfuEvent) -> Option<Told> {
    match event {
        SfuEvent::Offer { transport, generation, sdp, tracks, .. } => {
            let link = u32::try_from(transport.0).ok()? * 2;
            Some(Told::Offer { link, generation, sdp, tracks: wire_tracks(&tracks) })
        }
        SfuEvent::Closed { code: CloseCode::Left | CloseCode::ClosedByClient, .. } => None,
        SfuEvent::Closed { code, .. } => Some(Told::Failed { code: code.as_str().to_owned() }),
        SfuEvent::Refused { code, .. } => Some(Told::Failed { code: code.as_str().to_owned() }),
        _ => None,
    }
}

fn visit(room: u32) -> VisitId {
    VisitId::new(VISIT_MS, room.into())
}

fn transport(person: u32) -> TransportId {
    TransportId(person.into())
}
