//! Runs a command behind a network of one's choice, by hand.
//!
//! Owns the command line. Everything else is the library's.

mod control;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use clap::Parser;
use netlab::{Host, Lab, LabError, Profile};

/// Runs a command behind a network of your choice.
///
/// The command runs in the host “guest”, whose network the profile describes. The public host
/// “server” is known by that name; `--server` runs something there. Nothing leaves the lab.
/// Needs root.
#[derive(Parser)]
#[command(name = "netlab", after_help = after_help())]
struct Arguments {
    /// Words with commas between; later ones change what earlier ones set.
    #[arg(long, short, default_value = "open", value_name = "WORDS")]
    profile: Profile,
    /// A shell command to run in the host “server” meanwhile.
    #[arg(long, value_name = "COMMAND")]
    server: Option<OsString>,
    /// Decides every loss, jitter and port.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead: builds and changes a lab by orders on standard input, one a line.
    #[arg(long, conflicts_with_all = ["profile", "server", "command"])]
    control: bool,
    /// The command and its arguments.
    #[arg(last = true, default_value = "bash")]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.control {
        // A closed pipe is how the other side ends the lab, too.
        let _ = control::serve(arguments.seed, io::stdin().lock(), io::stdout().lock());
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(io::stderr(), "netlab: {error}");
            ExitCode::FAILURE
        }
    }
}

fn after_help() -> String {
    format!(
        "Words of a profile:\n{}\nOrders:\n{}\nExample:\n  netlab --profile symmetric,loss10 --server 'nc -klu 9000' -- bash",
        Profile::help(),
        control::HELP
    )
}

/// Runs everything; the code that the command ended with, 128 if a signal ended it.
fn run(arguments: &Arguments) -> Result<u8, LabError> {
    let mut lab = Lab::new(arguments.seed)?;
    let server = lab.host("server").start()?;
    let guest = lab.host("guest").profile(&arguments.profile).start()?;
    let _serving = match &arguments.server {
        Some(text) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(text);
            Some(server.spawn(shell)?)
        }
        None => None,
    };
    let mut words = arguments.command.iter();
    let mut command = Command::new(words.next().cloned().unwrap_or_else(|| "bash".into()));
    command.args(words);
    let status = guest.status(command)?;
    // What is written here is a convenience; a closed stderr is no failure.
    let _ = report(&lab, &guest);
    Ok(status.code().map_or(128, |code| u8::try_from(code).unwrap_or(u8::MAX)))
}

/// What happened to packets.
fn report(lab: &Lab, guest: &Host) -> Result<(), Box<dyn std::error::Error>> {
    let counters = guest.counters(0)?;
    let nat = guest.paths()[0].nat.map(|nat| lab.nat_counters(nat)).unwrap_or_default();
    let mut out = io::stderr().lock();
    for (name, counted) in [
        ("up", &counters.up),
        ("down", &counters.down),
        ("firewall", &counters.firewall),
        ("NAT", &nat),
        ("network", &counters.network),
    ] {
        write!(out, "{name:<9}{:>9} packets {:>12} bytes", counted.out_packets, counted.out_bytes)?;
        for (cause, packets) in counted.drops() {
            write!(out, ", {packets} dropped ({cause:?})")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_explains_every_word() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_long_help().to_string();
        assert!(Profile::help().lines().all(|line| help.contains(line)));
        assert!(control::HELP.lines().all(|line| help.contains(line)));
    }
}
