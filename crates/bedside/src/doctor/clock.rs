//! The clock of this machine: whether the system keeps it in step, and how far it is from somebody
//! else's. Codes of authenticator apps, links and certificates depend on it.

use super::finding::{Check, Finding};
use super::https::{self, NoAnswer, Trust};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that is off by more than this is put right some day, ms.
const WORTH_A_WORD_MS: i64 = 5_000;
/// Authenticator apps change their code every 30 s (RFC 6238 §5.2); further off, and codes are refused, ms.
const TOO_FAR_MS: i64 = 30_000;

const SET_IT: &str = "Let the system set it: timedatectl set-ntp true";
/// Also where the settings name the one that did not help: the option goes before it.
const ANOTHER: &str =
    "Compare it with another: bedside doctor --clock https://… (any server that you trust)";

/// What the system says of its own clock. Asks nobody.
pub fn in_step() -> Finding {
    match kernel_clock() {
        Some(Kernel { in_step: true, error_ms }) => {
            let says = "The system keeps the clock in step.";
            Finding::ok(Check::Clock, "in_step", says).figure("largest_error_ms", error_ms)
        }
        Some(Kernel { in_step: false, .. }) => {
            let says =
                "The system does not know whether the clock is right: nothing keeps it in step.";
            Finding::warning(Check::Clock, "not_in_step", says).fix(SET_IT)
        }
        None => {
            let says = "The system does not say whether it keeps the clock in step.";
            let fix = "See whether `System clock synchronized` says yes: timedatectl. For a container ask \
                       the machine that it runs on";
            Finding::not_checked(Check::Clock, "unknown", says).fix(fix)
        }
    }
}

/// Compares with the `Date` of a server that the operator named (`https://host[:port]/…`).
pub async fn compared(url: &str, trust: &Trust) -> Finding {
    let named = |code, says: String| Finding::not_checked(Check::Clock, code, says);
    let Some((host, port, path)) = parts(url) else {
        let says = "The server to compare the clock with is not an https address.".to_owned();
        return named("bad_address", says).fix("Give it as https://host/");
    };
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let Some(address) = found.ok().and_then(|mut found| found.next()) else {
        let says = format!("{host} has no address, so the clock was not compared with it.");
        let fix = format!("Look at that name, or at the name service: getent hosts {host}");
        return named("not_compared", says).fix(fix);
    };
    let header = if port == 443 { host.clone() } else { format!("{host}:{port}") };
    let before = now_ms();
    let answer = https::get(address, &header, &path, trust).await;
    let after = now_ms();
    let date = match answer {
        Ok(answer) => answer.date.as_deref().and_then(|date| httpdate::parse_http_date(date).ok()),
        Err(NoAnswer::Untrusted) => {
            let says = format!(
                "The certificate of {host} was not accepted, so the clock was not compared. A clock \
                 that is far off does that too."
            );
            return named("not_compared", says).fix("Look at the clock: timedatectl");
        }
        Err(NoAnswer::Refused | NoAnswer::Unreachable | NoAnswer::Slow) => {
            let says = format!("{host} cannot be reached, so the clock was not compared with it.");
            let fix = format!("Let this machine go out to {host} by TCP, port {port}");
            return named("not_compared", says).fix(fix);
        }
        Err(NoAnswer::NotTls | NoAnswer::NotHttp) => None,
    };
    let Some(date) = date.and_then(|d| d.duration_since(UNIX_EPOCH).ok()) else {
        return named("not_compared", format!("{host} did not tell the time.")).fix(ANOTHER);
    };
    let theirs = i64::try_from(date.as_millis()).unwrap_or(i64::MAX);
    judge(&host, offset_ms(before, after, theirs))
}

/// How far we are ahead, ms. A `Date` has whole seconds: theirs lies in the second that it names, at
/// any time of the exchange; what cannot be told apart from 0 is 0.
fn offset_ms(before: i64, after: i64, theirs: i64) -> i64 {
    let (least, most) = (before - (theirs + 999), after - theirs);
    if least > 0 {
        least
    } else if most < 0 {
        most
    } else {
        0
    }
}

fn judge(host: &str, offset_ms: i64) -> Finding {
    let seconds = offset_ms.abs() / 1_000;
    let way = if offset_ms > 0 { "ahead of" } else { "behind" };
    let finding = if offset_ms.abs() > TOO_FAR_MS {
        let says = format!(
            "The clock is {seconds} s {way} that of {host}. Codes of authenticator apps are refused."
        );
        Finding::failed(Check::Clock, "far_off", says).fix(SET_IT)
    } else if offset_ms.abs() > WORTH_A_WORD_MS {
        let says = format!("The clock is {seconds} s {way} that of {host}.");
        Finding::warning(Check::Clock, "off", says).fix(SET_IT)
    } else {
        Finding::ok(Check::Clock, "agrees", format!("The clock agrees with that of {host}."))
    };
    finding.figure("offset_ms", offset_ms)
}

/// Host, port and path of an https address.
fn parts(url: &str) -> Option<(String, u16, String)> {
    let uri: hyper::Uri = url.parse().ok()?;
    if uri.scheme_str() != Some("https") {
        return None;
    }
    let host = uri.host().filter(|h| !h.is_empty())?.to_owned();
    let path = uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    Some((host, uri.port_u16().unwrap_or(443), path))
}

fn now_ms() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}

struct Kernel {
    in_step: bool,
    error_ms: i64,
}

/// The kernel's own account of its clock (adjtimex(2)), read only.
fn kernel_clock() -> Option<Kernel> {
    // SAFETY: all-zero bytes are a valid `timex`, which holds integers only.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    state.modes = 0;
    // SAFETY: the pointer is to a whole `timex` of ours that lives through the call. With `modes` 0
    // the kernel changes nothing of the clock and only fills the structure in.
    let answer = unsafe { libc::adjtimex(&raw mut state) };
    if answer < 0 {
        return None;
    }
    let in_step = answer != libc::TIME_ERROR && state.status & libc::STA_UNSYNC == 0;
    Some(Kernel { in_step, error_ms: state.maxerror / 1_000 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn only_what_cannot_be_rounding_counts() {
        // Theirs is 10.000 to 10.999 s; the exchange took 200 ms.
        for (before, after, offset) in [
            (10_000, 10_200, 0),
            (9_900, 10_100, 0),
            (10_950, 11_150, 0),
            (12_999, 13_199, 2_000),
            (7_800, 8_000, -2_000),
        ] {
            assert_eq!(offset_ms(before, after, 10_000), offset, "{before}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_its_side() {
        for (offset, level, words) in [
            (0, Level::Ok, "agrees"),
            (5_000, Level::Ok, "agrees"),
            (-5_001, Level::Warning, "5 s behind"),
            (30_000, Level::Warning, "30 s ahead"),
            (31_000, Level::Failed, "31 s ahead"),
            (-3_600_000, Level::Failed, "3600 s behind"),
        ] {
            let found = judge("ca.example.org", offset);
            assert_eq!(found.level(), level, "{offset}");
            assert!(found.says.contains(words), "{}", found.says);
            assert_eq!(found.figures.get("offset_ms"), Some(&offset));
        }
    }

    #[test]
    fn only_https_addresses_are_taken() {
        let port = |url| parts(url).map(|(_, port, _)| port);
        assert_eq!(port("https://ca.example.org/directory"), Some(443));
        assert_eq!(port("https://ca.example.org:8443"), Some(8_443));
        for bad in ["http://ca.example.org/", "ca.example.org", "", "https://"] {
            assert_eq!(port(bad), None, "{bad}");
        }
    }
}
