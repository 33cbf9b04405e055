//! The probes: each looks at one thing on this server, now, and says in numbers what was there.

use super::handshake::{Answer, begin};
use crate::config::Config;
use crate::doctor::{dtls_from_here, knock_at};
use crate::error::Failure;
use crate::evidence::Records;
use ::compliance::{Found, Probe};
use audit::{Actor, Event, Kind};
use bench::hello::Offer;
use bench::ways::DtlsAnswer;
use protocol::limits::REVIEW_WITHIN_H;
use protocol::system::{Evidence, MAX_BACKUP_AGE_H, MAX_DRILL_AGE_DAYS};
use server::{Clock, Surrounding, Surroundings as _};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use store::Store;
use turn::policy::{Denied, Known, SPECIAL, judge};
use visit::{Duration, Timestamp};

/// Data was looked through within this time, if the server runs.
const SWEPT_WITHIN: Duration = Duration::from_min(25 * 60);

/// Runs every probe that this server can answer. That they ran is an entry of the audit log.
///
/// # Errors
/// [`Failure`] when keys or database cannot be opened. A probe that fails is a finding.
pub async fn all(config: &Config) -> Result<BTreeMap<Probe, Found>, Failure> {
    let store = crate::serve::open(config).await?;
    let now = Clock::system().now();
    let mut found = BTreeMap::new();
    let mut add = |probe, result: Result<Found, store::StoreError>| {
        let failed = |e: store::StoreError| {
            Found::bad(
                format!("The database did not answer: {}.", e.code()),
                "bedside doctor says why",
            )
        };
        found.insert(probe, result.unwrap_or_else(failed));
    };
    add(Probe::SealedAtRest, sealed_at_rest(&store, now).await);
    add(Probe::LogVerifies, log_verifies(&store).await);
    add(Probe::EmergenciesReviewed, emergencies_reviewed(&store, now).await);
    add(Probe::Retention, retention(&store, now).await);
    for (probe, result) in rows(&store, now).await {
        add(probe, result);
    }
    add(Probe::RelayClosed, Ok(relay_closed(config)));
    // Without a record nothing was looked at: the clinic may make backups in another way, and say so.
    let around = Records::of(config)?.look();
    if let Some(result) = backup_age(&around, now) {
        add(Probe::BackupAge, Ok(result));
    }
    if let Some(result) = drill_age(&around, now) {
        add(Probe::DrillAge, Ok(result));
    }
    add(Probe::Tls, Ok(tls(config).await));
    add(Probe::Dtls, Ok(dtls(config).await));
    let tx = store.begin(store.default_org(), now).await?;
    tx.commit_with(vec![Event::new(Kind::ReportMade, Actor::System)]).await?;
    store.close(Clock::system().now()).await?;
    Ok(found)
}

async fn sealed_at_rest(store: &Store, now: Timestamp) -> store::Result<Found> {
    let seen = store.probe_sealing(now, rand::random()).await?;
    let text = format!(
        "{} values about people were planted and taken back; of {} columns read raw, {} held one in \
         the clear.",
        seen.planted, seen.columns, seen.in_the_clear,
    );
    Ok(match (seen.in_the_clear, seen.opened) {
        (0, true) => Found::good(text),
        (0, false) => Found::bad(text, "the keys did not open what they sealed: bedside doctor"),
        _ => Found::bad(text, "stop the server and tell the makers of Bedside: this must not be"),
    })
}

async fn log_verifies(store: &Store) -> store::Result<Found> {
    let report = store.verify_audit().await?;
    let text = format!("{} entries verified, {} faults.", report.entries, report.faults.len());
    Ok(if report.faults.is_empty() && report.entries > 0 {
        Found::good(text)
    } else {
        Found::bad(text, "bedside audit verify says which; keep the database as it is")
    })
}

async fn emergencies_reviewed(store: &Store, now: Timestamp) -> store::Result<Found> {
    let mut reader = store.read(store.default_org()).await?;
    let before = Timestamp(now.0 - Duration::from_min(REVIEW_WITHIN_H * 60).0);
    let overdue = reader.unreviewed_emergencies(before).await?;
    let waiting = reader.unreviewed_emergencies(Timestamp(i64::MAX)).await?;
    let text =
        format!("{waiting} emergency accesses wait for a review, {overdue} of them too long.");
    Ok(match overdue {
        0 => Found::good(text),
        _ => Found::bad(text, "an officer reviews them on the page Reviews"),
    })
}

async fn retention(store: &Store, now: Timestamp) -> store::Result<Found> {
    let mut reader = store.read(store.default_org()).await?;
    let rules = reader.org_row().await?.settings.kept_days.len();
    let swept = reader.swept_at().await?;
    let lately = swept.is_some_and(|at| now.since(at) < SWEPT_WITHIN);
    let text = format!(
        "{rules} kinds of data have a time; data was looked through {}.",
        if lately { "within the last day" } else { "longer ago, or never" }
    );
    Ok(match (rules, lately) {
        (0, _) => Found::bad(text, "say how long data is kept, on the page What is kept"),
        (_, false) => Found::bad(text, "start the server: it looks every hour"),
        _ => Found::good(text),
    })
}

async fn rows(store: &Store, now: Timestamp) -> Vec<(Probe, store::Result<Found>)> {
    let read = async {
        let mut reader = store.read(store.default_org()).await?;
        reader.probe_rows(now, auth::session::ABSOLUTE).await
    };
    let seen = match read.await {
        Ok(seen) => seen,
        // Said once; the others did not run.
        Err(error) => return vec![(Probe::SecondFactors, Err(error))],
    };
    let judged = |bad: u32, text: String, fix: &str| {
        Ok(if bad == 0 { Found::good(text) } else { Found::bad(text, fix) })
    };
    let health = match store.health().await {
        Ok(()) => "The key provider works",
        Err(error) => return vec![(Probe::Keys, Err(error))],
    };
    vec![
        (
            Probe::UniquePeople,
            judged(
                seen.shared_addresses + seen.ownerless_sessions,
                format!(
                    "{} accounts; {} addresses stand for more than one, {} sessions for none.",
                    seen.active, seen.shared_addresses, seen.ownerless_sessions
                ),
                "the schema refuses this, so somebody changed rows by hand: restore the backup",
            ),
        ),
        (
            Probe::SecondFactors,
            judged(
                seen.without_factor,
                format!(
                    "{} accounts may be used, {} of them by a password without a second factor.",
                    seen.active, seen.without_factor
                ),
                "they are asked for it at their next sign-in; disable those who do not come",
            ),
        ),
        (
            Probe::DisabledAreOut,
            judged(
                seen.sessions_of_disabled,
                format!("{} live sessions of disabled accounts.", seen.sessions_of_disabled),
                "disable them once more, and tell the makers of Bedside",
            ),
        ),
        (
            Probe::SessionLimits,
            judged(
                seen.overlong_sessions,
                format!("{} sessions were used after their twelve hours.", seen.overlong_sessions),
                "tell the makers of Bedside: this must not be",
            ),
        ),
        (
            Probe::Keys,
            judged(
                seen.visits_without_key,
                format!(
                    "{health}; of {} visits, {} have neither a key nor a note that they were destroyed.",
                    seen.visits, seen.visits_without_key
                ),
                "restore the key rows from the backup",
            ),
        ),
    ]
}

/// How old the newest backup on record is; `None` without a record.
fn backup_age(around: &Surrounding, now: Timestamp) -> Option<Found> {
    if around.not_believed.contains(&Evidence::Backup) {
        return Some(not_believed("bedside backup create"));
    }
    let backup = around.backup.as_ref()?;
    let hours = now.since(backup.made_at).0 / Duration::from_min(60).0;
    let text = format!("The newest backup is {hours} hours old and has {} rows.", backup.rows);
    Some(if now.since(backup.made_at) <= Duration::from_min(MAX_BACKUP_AGE_H * 60) {
        Found::good(text)
    } else {
        Found::bad(text, "make one now, and look why there was none: bedside backup create")
    })
}

/// How old the newest drill on record is; `None` without a record.
fn drill_age(around: &Surrounding, now: Timestamp) -> Option<Found> {
    if around.not_believed.contains(&Evidence::Drill) {
        return Some(not_believed("bedside backup drill"));
    }
    let drill = around.drill.as_ref()?;
    let days = now.since(drill.made_at).0 / Duration::from_days(1).0;
    let text = format!(
        "The newest drill is {days} days old; it brought {} rows back in {} ms.",
        drill.rows, drill.took_ms
    );
    Some(if now.since(drill.made_at) <= Duration::from_days(MAX_DRILL_AGE_DAYS) {
        Found::good(text)
    } else {
        Found::bad(text, "bring the newest backup back: bedside backup drill")
    })
}

fn not_believed(command: &str) -> Found {
    let fix = format!("somebody changed it, or evidence.key is another one; run: {command}");
    Found::bad("The record of the newest one was not signed by this server.", fix)
}

/// Asks the rule of the relay for both ends of every special range.
fn relay_closed(config: &Config) -> Found {
    if !config.relay.enabled {
        return Found::good("No relay runs in this server.");
    }
    let nothing = Known { relayed: None, unit: false, signalled: true };
    let asked: Vec<IpAddr> = SPECIAL
        .iter()
        .flat_map(|range| {
            let (first, last) = range.net.bounds();
            [first, last]
        })
        .collect();
    let refused = asked
        .iter()
        .filter(|ip| judge(SocketAddr::new(**ip, 40_000), nothing, None) == Err(Denied::Closed));
    let (asked, refused) = (asked.len(), refused.count());
    let text = format!("The relay is closed; {refused} of {asked} special addresses are refused.");
    if refused == asked {
        Found::good(text)
    } else {
        Found::bad(text, "tell the makers of Bedside")
    }
}

async fn tls(config: &Config) -> Found {
    let (address, name) = (knock_at(config.web.listen), config.web.domain.as_str());
    let ask = async |offer| begin(address, name, offer, rand::random()).await;
    if ask(Offer::V12).await != Answer::Taken {
        return Found::bad(
            format!("No TLS 1.2 handshake with {address}."),
            "start the server, then run the report again; bedside doctor says what stands in the way",
        );
    }
    for (offer, what) in [
        (Offer::V10, "TLS 1.0"),
        (Offer::V11, "TLS 1.1"),
        (Offer::V12Weak, "TLS 1.2 with weak ciphers"),
    ] {
        match ask(offer).await {
            Answer::Refused => {}
            Answer::Taken => {
                let fix = "something in front of the server takes it: mend its settings";
                return Found::bad(format!("{what} is taken."), fix);
            }
            Answer::Unclear => {
                return Found::bad(format!("{what}: no clear answer."), "run the report again");
            }
        }
    }
    Found::good(
        "Handshakes with the own port: TLS 1.0, TLS 1.1 and weak ciphers refused, TLS 1.2 with forward \
         secrecy and AEAD taken.",
    )
}

async fn dtls(config: &Config) -> Found {
    let offers = [Offer::V12, Offer::V10, Offer::V12Weak];
    let answers = dtls_from_here(config, offers).await;
    let Some([DtlsAnswer::Taken, old, weak]) = answers else {
        let text = "No DTLS 1.2 handshake with the media port.";
        return Found::bad(
            text,
            "start the server, then run the report again; bedside doctor says what stands in the way",
        );
    };
    for (answer, what) in [(old, "DTLS 1.0"), (weak, "DTLS 1.2 with weak ciphers")] {
        if answer == DtlsAnswer::Taken {
            return Found::bad(format!("{what} is taken."), "tell the makers of Bedside");
        }
    }
    Found::good(
        "Handshakes with the own media port: DTLS 1.0 and weak ciphers are not taken, DTLS 1.2 with forward \
         secrecy and AEAD is.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::system::{BackupDone, DrillDone};

    const NOW: Timestamp = Timestamp(1_795_348_800_000_000);

    fn ago(span: Duration) -> Timestamp {
        Timestamp(NOW.0 - span.0)
    }

    #[test]
    fn a_backup_holds_for_48_hours_and_a_record_that_is_not_ours_never() {
        let judge = |made_at| {
            let backup = Some(BackupDone { made_at, rows: 3, bytes: 9 });
            backup_age(&Surrounding { backup, ..Surrounding::default() }, NOW).map(|f| f.holds)
        };
        let most = Duration::from_min(48 * 60);
        assert_eq!(judge(ago(most)), Some(true));
        assert_eq!(judge(ago(Duration(most.0 + 1))), Some(false));
        assert!(backup_age(&Surrounding::default(), NOW).is_none(), "nothing was looked at");
        let not_believed = vec![Evidence::Backup];
        let forged = Surrounding { not_believed, ..Surrounding::default() };
        assert_eq!(backup_age(&forged, NOW).map(|f| f.holds), Some(false));
        assert!(drill_age(&forged, NOW).is_none());
    }

    #[test]
    fn a_drill_holds_for_30_days() {
        let judge = |made_at| {
            let drill = DrillDone { made_at, backup_made_at: made_at, took_ms: 1, rows: 3 };
            let around = Surrounding { drill: Some(drill), ..Surrounding::default() };
            drill_age(&around, NOW).map(|f| f.holds)
        };
        let most = Duration::from_days(30);
        assert_eq!(judge(ago(most)), Some(true));
        assert_eq!(judge(ago(Duration(most.0 + 1))), Some(false));
        let not_believed = vec![Evidence::Drill];
        let forged = Surrounding { not_believed, ..Surrounding::default() };
        assert_eq!(drill_age(&forged, NOW).map(|f| f.holds), Some(false));
    }
}
