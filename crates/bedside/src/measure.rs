//! `bedside bench`: measurements that anybody can repeat, and their figures as JSON.

use crate::error::Failure;
use crate::terminal::Terminal;
use bench::{
    BenchError, FloorOptions, JoinOptions, PeersOptions, RelayOptions, RoomOptions, StaffTarget,
    StormOptions,
};
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

/// What `bedside bench` takes.
#[derive(clap::Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// What one packet must cost on this machine: one send and one seal of 1,200 bytes.
    Floor {
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// Synthetic people in rooms: packets per second and core, added latency, loss.
    Room {
        #[command(flatten)]
        rooms: RoomArgs,
        /// Add rooms until the server's core is full; then measure 50 % and 80 % of that too.
        #[arg(long, conflicts_with = "minutes")]
        until_full: bool,
        /// Run this long instead, and see whether memory stays where it is.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_440))]
        minutes: Option<u64>,
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// From the click on a link to the first picture.
    Join {
        /// How many joins.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        joins: u32,
        /// One-time sign-in link of a running server; starts a server of its own if absent.
        #[arg(long)]
        sign_in: Option<String>,
        /// Certificate authority to trust (PEM), for https.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// Instead: this many joins of media per second (100) while rooms run.
        #[arg(
            long,
            num_args = 0..=1,
            default_missing_value = "100",
            conflicts_with_all = ["joins", "sign_in", "ca"],
            value_parser = clap::value_parser!(u32).range(1..=1_000),
        )]
        storm: Option<u32>,
        #[command(flatten)]
        rooms: RoomArgs,
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// The same load against this server and against Janus, in turns.
    Peers {
        #[command(flatten)]
        rooms: RoomArgs,
        /// How often each server has its turn.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
        rounds: u32,
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// What a relayed datagram costs, over UDP and TCP, beside coturn where that is installed.
    Turn {
        /// How often each relay has its turn.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
        rounds: u32,
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// Entries a second that the audit log takes, each awaited until it is durable, and that a check
    /// of it reads.
    Audit {
        /// Seconds for each database.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// An empty PostgreSQL database to measure as well (postgres://…). It is written to.
        #[arg(long)]
        postgres: Option<String>,
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
    /// One relay on loopback until the end of standard input. For `turn`.
    #[command(hide = true)]
    Relay,
    /// One forwarding unit, driven by lines on standard input. For `peers`.
    #[command(hide = true)]
    Shard {
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        core: Option<usize>,
    },
}

/// The rooms of a measurement.
#[derive(clap::Args)]
struct RoomArgs {
    /// Rooms at once.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rooms: u32,
    /// People in each room.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=12))]
    people: u32,
    /// How many of them send; all if absent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=12))]
    senders: Option<u32>,
    /// Layers of each camera; 1 is only the largest.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3))]
    layers: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seed of the traces.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl RoomArgs {
    fn options(&self) -> RoomOptions {
        let mut options = RoomOptions::default();
        options.rooms = self.rooms;
        options.people = self.people;
        options.senders = self.senders;
        options.layers = self.layers;
        options.window = Duration::from_secs(self.seconds);
        options.seed = self.seed;
        options
    }
}

/// Runs a measurement. One whose figures do not count is shown and then fails.
///
/// # Errors
/// [`Failure`].
pub fn run(args: BenchArgs, out: &mut Terminal) -> Result<(), Failure> {
    match args.what {
        What::Floor { json } => {
            let report = bench::floor(FloorOptions::default(), &mut |s| out.progress(s))?;
            show(out, &report, json);
        }
        What::Room { rooms, until_full: true, json, .. } => {
            let report = bench::until_full(rooms.options(), &mut |s| out.progress(s))?;
            show(out, &report, json);
            counts(report.void_reason())?;
        }
        What::Room { rooms, minutes: Some(minutes), json, .. } => {
            let length = Duration::from_secs(minutes * 60);
            let report = bench::soak(rooms.options(), length, &mut |s| out.progress(s))?;
            show(out, &report, json);
            counts(report.room.void_reason)?;
            if !report.memory_flat {
                return Err(BenchError::Memory.into());
            }
        }
        What::Room { rooms, json, .. } => {
            let report = bench::room(rooms.options(), &mut |s| out.progress(s))?;
            show(out, &report, json);
            counts(report.void_reason)?;
        }
        What::Join { storm: Some(joins_per_s), rooms, json, .. } => {
            let mut options = StormOptions::default();
            options.room = rooms.options();
            options.joins_per_s = joins_per_s;
            let report = bench::storm(options, &mut |s| out.progress(s))?;
            show(out, &report, json);
            counts(report.void_reason)?;
        }
        What::Join { joins, sign_in, ca, json, .. } => {
            let runtime = tokio::runtime::Runtime::new()?;
            let report = runtime.block_on(join(joins, sign_in, ca, out))?;
            show(out, &report, json);
        }
        What::Peers { rooms, rounds, json } => {
            let mut options = PeersOptions::new(std::env::current_exe()?);
            options.room = rooms.options();
            options.rounds = rounds;
            let report = bench::peers(&options, &mut |s| out.progress(s))?;
            show(out, &report, json);
            counts(report.void_reason)?;
        }
        What::Turn { rounds, json } => {
            let mut options = RelayOptions::new(std::env::current_exe()?);
            options.rounds = rounds;
            let report = bench::relay(&options, &mut |s| out.progress(s))?;
            show(out, &report, json);
        }
        What::Audit { seconds, postgres, json } => {
            let runtime = tokio::runtime::Runtime::new()?;
            let report = runtime.block_on(crate::measure_audit::run(seconds, postgres))?;
            show(out, &report, json);
        }
        What::Relay => bench::serve_relay(std::io::stdin().lock(), std::io::stdout())?,
        What::Shard { seed, core } => {
            bench::serve_shard(seed, core, std::io::stdin().lock(), std::io::stdout())?;
        }
    }
    Ok(())
}

/// A void measurement is a failure, so that no script takes its figures.
fn counts(void_reason: Option<String>) -> Result<(), Failure> {
    void_reason.map_or(Ok(()), |reason| Err(BenchError::Void(reason).into()))
}

async fn join(
    joins: u32,
    sign_in: Option<String>,
    ca: Option<PathBuf>,
    out: &Terminal,
) -> Result<bench::JoinReport, Failure> {
    let root = match ca {
        Some(path) => Some(bench::TlsRoot::from_pem(&std::fs::read(path)?)?),
        None => None,
    };
    let mut options = JoinOptions::default();
    options.joins = joins;
    if let Some(link) = sign_in {
        let mut target = StaffTarget::sign_in(&link, root).await?;
        return Ok(bench::join(&mut target, options, &mut |s| out.progress(s)).await?);
    }
    let own = crate::demo::Scratch::start().await?;
    let mut target = StaffTarget::sign_in(&own.sign_in, None).await?;
    let report = bench::join(&mut target, options, &mut |s| out.progress(s)).await;
    own.close().await?;
    Ok(report?)
}

fn show<T: Display + serde::Serialize>(out: &mut Terminal, report: &T, json: bool) {
    out.progress_end();
    out.line(&report.to_string());
    if json {
        out.line(&serde_json::to_string(report).unwrap_or_default());
    }
}
