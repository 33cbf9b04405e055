//! A lab that is built and changed by lines on standard input, for programs in other languages.
//!
//! Owns the lines. One order a line, words with blanks between, and one answer a line in the same
//! order: `ok` and what was asked for, or `error`, the stable code and a sentence. The lab ends with
//! its input. It never decides what happens to a packet.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

use netlab::{Access, Cause, Host, Lab, LabError, Profile, SettingError};

/// What the orders are, for the help.
pub const HELP: &str = "\
  host NAME IFACE=WORDS…      makes a host; answers its address and two files that
                              `nsenter --net=… --mount=…` takes
  link NAME PATH WORDS        gives the path another link
  firewall NAME PATH WORDS    gives the path another firewall, or none
  cable NAME PATH up|down     packets vanish, unseen by the host
  interface NAME PATH up|down the host sees it go
  swap NAME PATH              leaves the path in use for this one
  rebind NAME PATH            the NAT forgets everything and gets another address
  counters NAME PATH          packets up, down, lost, and stopped by the firewall
";

/// Takes orders until `orders` ends.
///
/// # Errors
/// The streams broke. A lab that cannot be made, and orders that cannot be followed, are answers.
pub fn serve(seed: u64, orders: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut lab = match Lab::new(seed) {
        Ok(lab) => lab,
        Err(error) => return say(&mut answers, &Err(error)),
    };
    say(&mut answers, &Ok("ready".to_owned()))?;
    for line in orders.lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        say(&mut answers, &follow(&mut lab, &words))?;
    }
    Ok(())
}

fn say(answers: &mut impl Write, answer: &Result<String, LabError>) -> io::Result<()> {
    match answer {
        Ok(text) if text.is_empty() => writeln!(answers, "ok")?,
        Ok(text) => writeln!(answers, "ok {text}")?,
        Err(error) => writeln!(answers, "error {} {error}", error.code())?,
    }
    answers.flush()
}

/// Follows one order; the rest of its answer.
fn follow(lab: &mut Lab, words: &[&str]) -> Result<String, LabError> {
    match words {
        ["host", name, accesses @ ..] if !accesses.is_empty() => make(lab, name, accesses),
        ["link", name, path, profile] => {
            let profile: Profile = profile.parse()?;
            host(lab, name)?.set_link(number(path)?, profile.link).map(nothing)
        }
        ["firewall", name, path, profile] => {
            let profile: Profile = profile.parse()?;
            host(lab, name)?.set_firewall(number(path)?, profile.firewall).map(nothing)
        }
        ["cable", name, path, state] => {
            host(lab, name)?.set_link_up(number(path)?, is_up(state)?).map(nothing)
        }
        ["interface", name, path, state] => {
            host(lab, name)?.set_interface_up(number(path)?, is_up(state)?).map(nothing)
        }
        ["swap", name, path] => host(lab, name)?.swap_to(number(path)?).map(nothing),
        ["rebind", name, path] => {
            let host = host(lab, name)?;
            let path = host.paths().get(number(path)?).ok_or(SettingError::Unknown)?;
            let nat = path.nat.ok_or(SettingError::Unknown)?;
            lab.rebind(nat, true).map(nothing)
        }
        ["counters", name, path] => count(&host(lab, name)?, number(path)?),
        _ => Err(SettingError::Order.into()),
    }
}

fn make(lab: &mut Lab, name: &str, accesses: &[&str]) -> Result<String, LabError> {
    let mut builder = lab.host(name);
    for (index, access) in accesses.iter().enumerate() {
        let (interface, profile) = access.split_once('=').ok_or(SettingError::Order)?;
        let profile: Profile = profile.parse()?;
        if index > 0 {
            builder = builder.and(Access::new());
        }
        builder = builder.profile(&profile).interface(interface);
    }
    let host = builder.start()?;
    let files = host.namespace_files()?;
    Ok(format!("{} {} {}", host.address(), files.network.display(), files.mounts.display()))
}

fn count(host: &Host, path: usize) -> Result<String, LabError> {
    let counters = host.counters(path)?;
    let mut text = String::new();
    for (name, counted) in [("up", &counters.up), ("down", &counters.down)] {
        let (packets, lost) = (counted.out_packets, counted.dropped(Cause::Loss));
        // Writing to a string cannot fail.
        let _ = write!(text, "{name}={packets} {name}_lost={lost} ");
    }
    let _ = write!(text, "firewall={}", counters.firewall.dropped(Cause::Firewall));
    Ok(text)
}

fn host(lab: &Lab, name: &str) -> Result<Host, LabError> {
    let found = lab.hosts().iter().find(|host| host.name() == name);
    Ok(found.cloned().ok_or(SettingError::Unknown)?)
}

fn number(word: &str) -> Result<usize, LabError> {
    Ok(word.parse().map_err(|_| SettingError::Order)?)
}

fn is_up(word: &str) -> Result<bool, LabError> {
    match word {
        "up" => Ok(true),
        "down" => Ok(false),
        _ => Err(SettingError::Order.into()),
    }
}

fn nothing(_: ()) -> String {
    String::new()
}
