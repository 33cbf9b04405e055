use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};

const START: Timestamp = Timestamp(1_750_000_000_000_000);

fn at_s(s: i64) -> Timestamp {
    START.plus(Duration::from_s(s))
}

/// One key in virtual time, counted as the store counts.
struct Key {
    policy: BackoffPolicy,
    row: Option<AttemptRow>,
}

impl Key {
    fn new(policy: BackoffPolicy) -> Self {
        Self { policy, row: None }
    }

    /// A wrong try. A refused one leaves nothing behind.
    fn fail(&mut self, now: Timestamp) -> Verdict {
        let fresh = AttemptRow { failures: 1, window_started_at: now, locked_until: None };
        let mut row = match self.row {
            None => fresh,
            Some(row) if now.since(row.window_started_at) > self.policy.window => {
                AttemptRow { locked_until: row.locked_until, ..fresh }
            }
            Some(row) => AttemptRow { failures: row.failures + 1, ..row },
        };
        let verdict = self.policy.judge(&row, now);
        if let Verdict::Check { lock_until } = verdict {
            row.locked_until = row.locked_until.max(lock_until);
            self.row = Some(row);
        }
        verdict
    }
}

#[test]
fn five_are_free_then_locks_double_up_to_a_quarter_of_an_hour() {
    let mut key = Key::new(BackoffPolicy::ACCOUNT);
    let mut now = START;
    let mut locks_s = Vec::new();
    for _ in 0..14 {
        let Verdict::Check { lock_until } = key.fail(now) else { panic!("locked too long") };
        locks_s.push(lock_until.map_or(0, |until| until.since(now).0 / 1_000_000));
        if let Some(until) = lock_until {
            // Refused now and one microsecond before the end; neither makes the lock longer.
            assert_eq!(key.fail(now), Verdict::Locked { until });
            assert_eq!(key.fail(Timestamp(until.0 - 1)), Verdict::Locked { until });
            now = until;
        }
    }
    assert_eq!(locks_s, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]);
}

#[test]
fn a_lock_never_overflows_and_never_shrinks() {
    for policy in [BackoffPolicy::ACCOUNT, BackoffPolicy::PREFIX, BackoffPolicy::SECOND_FACTOR] {
        for failures in 0..=policy.free {
            assert_eq!(policy.lock_after(failures), None, "{failures}");
        }
        let mut before = Duration(0);
        for failures in (policy.free + 1..200).chain([1 << 20, u32::MAX - 1, u32::MAX]) {
            let span = policy.lock_after(failures).unwrap();
            assert!(span >= before && span >= policy.first_lock, "{failures}");
            assert!(span <= policy.longest_lock, "{failures}");
            before = span;
        }
        assert_eq!(before, policy.longest_lock);
    }
}

#[test]
fn a_day_of_patient_guessing_gets_about_a_hundred_tries() {
    let mut key = Key::new(BackoffPolicy::ACCOUNT);
    let (mut now, mut tries) = (START, 0);
    while now < at_s(24 * 3600) {
        now = match key.fail(now) {
            Verdict::Check { lock_until } => {
                tries += 1;
                lock_until.unwrap_or(now.plus(Duration::from_ms(1)))
            }
            Verdict::Locked { until } => until,
        };
    }
    assert!((95..=110).contains(&tries), "{tries}");
}

#[test]
fn a_network_has_fifty_and_starts_anew_after_an_hour() {
    let mut key = Key::new(BackoffPolicy::PREFIX);
    for _ in 0..50 {
        assert_eq!(key.fail(START), Verdict::Check { lock_until: None });
    }
    // At the end of the window the fifty still count with it.
    let end = at_s(3600);
    let lock = end.plus(Duration::from_s(30));
    assert_eq!(key.fail(end), Verdict::Check { lock_until: Some(lock) });
    // After it a running lock still holds, and nothing is counted.
    assert_eq!(key.fail(Timestamp(end.0 + 1)), Verdict::Locked { until: lock });
    assert_eq!(key.fail(lock), Verdict::Check { lock_until: None });
    assert_eq!(key.row.unwrap().failures, 1);
}

#[test]
fn a_clock_that_jumps_back_frees_nobody() {
    let mut key = Key::new(BackoffPolicy::ACCOUNT);
    for _ in 0..6 {
        key.fail(START);
    }
    assert_eq!(key.fail(at_s(-5_000)), Verdict::Locked { until: at_s(30) });
    assert_eq!(key.fail(Timestamp(i64::MIN)), Verdict::Locked { until: at_s(30) });
}

#[test]
fn prefixes_join_neighbours_and_part_strangers() {
    let v4 = |a, b, c, d| Prefix::of(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
    assert!(v4(192, 0, 2, 1) == v4(192, 0, 2, 254));
    assert!(v4(192, 0, 2, 1) != v4(192, 0, 3, 1));
    let v6 = |text: &str| Prefix::of(IpAddr::V6(text.parse::<Ipv6Addr>().unwrap()));
    assert!(v6("2001:db8:1:2::1") == v6("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert!(v6("2001:db8:1:2::1") != v6("2001:db8:1:3::1"));
    assert!(v6("::ffff:192.0.2.7") == v4(192, 0, 2, 1));
    // The same leading bytes in the other family are another key.
    assert!(v6("c000:0200::") != v4(192, 0, 2, 0));
}
