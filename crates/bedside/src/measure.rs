//! `bedside bench`: measurements that anybody can repeat, and their figures as JSON.

use crate::error::Failure;
use crate::terminal::Terminal;
use bench::{FloorOptions, JoinOptions, RoomOptions, StaffTarget};
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
        /// Rooms at once.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=400))]
        rooms: u32,
        /// People in each room.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=6))]
        people: u32,
        /// Seconds to measure.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
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
        /// One JSON object on the last line.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a measurement.
///
/// # Errors
/// [`Failure`].
pub fn run(args: BenchArgs, out: &mut Terminal) -> Result<(), Failure> {
    match args.what {
        What::Floor { json } => {
            let report = bench::floor(FloorOptions::default(), &mut |s| out.progress(s))?;
            show(out, &report, json);
        }
        What::Room { rooms, people, seconds, json } => {
            let mut options = RoomOptions::default();
            options.rooms = rooms;
            options.people = people;
            options.window = Duration::from_secs(seconds);
            let report = bench::room(options, &mut |s| out.progress(s))?;
            show(out, &report, json);
        }
        What::Join { joins, sign_in, ca, json } => {
            let runtime = tokio::runtime::Runtime::new()?;
            let report = runtime.block_on(join(joins, sign_in, ca, out))?;
            show(out, &report, json);
        }
    }
    Ok(())
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
