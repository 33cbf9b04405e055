//! How long a staff session lives. Pure: a stored row and a time go in, a verdict comes out.
//!
//! A session begins **partial**, when the password was right, and lets its holder do nothing but
//! show or enrol the second factor, for ten minutes. The second factor replaces it by a **full** one
//! with a new secret. A full session ends after 15 minutes without use and after 12 hours in any
//! case. A live call is use: the socket of the call touches the session, so nobody is signed out
//! while talking to a patient.

use store::SessionRow;
use visit::{Duration, Timestamp};

/// A full session that is not used ends after this.
pub const IDLE: Duration = Duration::from_min(15);
/// A full session ends after this, however much it is used.
pub const ABSOLUTE: Duration = Duration::from_min(12 * 60);
/// A partial session ends after this.
pub const PARTIAL: Duration = Duration::from_min(10);
/// Use is written down at most this often. A session may end this much early, never late.
pub const TOUCH_EVERY: Duration = Duration::from_s(30);

/// What a session has proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// The password only.
    Partial,
    /// Password and second factor.
    Full,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// Signed out, here or elsewhere, or by an administrator.
    Revoked,
    /// Not used for [`IDLE`].
    Idle,
    /// Older than [`ABSOLUTE`], or [`PARTIAL`] for a partial one.
    TooOld,
}

/// Judges a session.
///
/// # Errors
/// [`Over`] when it has ended.
pub fn judge(row: &SessionRow, now: Timestamp) -> Result<Level, Over> {
    if row.revoked_at.is_some() {
        return Err(Over::Revoked);
    }
    let age = now.since(row.created_at);
    if !row.mfa {
        return if age < PARTIAL { Ok(Level::Partial) } else { Err(Over::TooOld) };
    }
    if age >= ABSOLUTE {
        Err(Over::TooOld)
    } else if now.since(row.last_seen_at) >= IDLE {
        Err(Over::Idle)
    } else {
        Ok(Level::Full)
    }
}

/// Whether the use of a live session at `now` is worth writing down.
#[must_use]
pub fn wants_touch(row: &SessionRow, now: Timestamp) -> bool {
    row.mfa && now.since(row.last_seen_at) >= TOUCH_EVERY
}

/// Whether the person of a full session has shown a second factor within `span`. What began the session
/// counts.
#[must_use]
pub fn factor_shown_within(row: &SessionRow, span: Duration, now: Timestamp) -> bool {
    row.mfa && now.since(row.factor_at.unwrap_or(row.created_at)) < span
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SecretHash;
    use visit::UserId;

    const START: Timestamp = Timestamp(1_750_000_000_000_000);

    fn row(mfa: bool) -> SessionRow {
        SessionRow {
            id: SecretHash([0; 32]),
            user: UserId::new(1, 1),
            created_at: START,
            last_seen_at: START,
            mfa,
            factor_at: None,
            revoked_at: None,
        }
    }

    fn after(span: Duration) -> Timestamp {
        START.plus(span)
    }

    fn just_before(span: Duration) -> Timestamp {
        Timestamp(after(span).0 - 1)
    }

    #[test]
    fn a_full_session_idles_out() {
        assert_eq!(judge(&row(true), just_before(IDLE)), Ok(Level::Full));
        assert_eq!(judge(&row(true), after(IDLE)), Err(Over::Idle));
    }

    #[test]
    fn use_keeps_it_alive_until_the_absolute_end() {
        let mut row = row(true);
        let mut now = START;
        while now < just_before(ABSOLUTE) {
            assert_eq!(judge(&row, now), Ok(Level::Full));
            row.last_seen_at = now;
            now = now.plus(Duration::from_min(14));
        }
        row.last_seen_at = just_before(ABSOLUTE);
        assert_eq!(judge(&row, just_before(ABSOLUTE)), Ok(Level::Full));
        assert_eq!(judge(&row, after(ABSOLUTE)), Err(Over::TooOld));
    }

    #[test]
    fn a_partial_session_has_ten_minutes_and_use_does_not_help() {
        let mut row = row(false);
        row.last_seen_at = just_before(PARTIAL);
        assert_eq!(judge(&row, just_before(PARTIAL)), Ok(Level::Partial));
        assert_eq!(judge(&row, after(PARTIAL)), Err(Over::TooOld));
        assert!(!wants_touch(&row, after(IDLE)));
    }

    #[test]
    fn a_factor_is_fresh_from_when_it_was_shown_last() {
        let five = Duration::from_min(5);
        let shown = |row: &SessionRow, at| factor_shown_within(row, five, at);
        assert!(shown(&row(true), just_before(five)) && !shown(&row(true), after(five)));
        assert!(!shown(&row(false), START), "the password is none");
        let again = SessionRow { factor_at: Some(after(IDLE)), ..row(true) };
        assert!(shown(&again, after(IDLE).plus(Duration(five.0 - 1))));
        assert!(!shown(&again, after(IDLE).plus(five)));
    }

    #[test]
    fn a_revoked_session_is_over_at_once() {
        for mfa in [false, true] {
            let row = SessionRow { revoked_at: Some(START), ..row(mfa) };
            assert_eq!(judge(&row, START), Err(Over::Revoked));
        }
    }

    #[test]
    fn touches_are_rare_enough_and_often_enough() {
        assert!(!wants_touch(&row(true), just_before(TOUCH_EVERY)));
        assert!(wants_touch(&row(true), after(TOUCH_EVERY)));
        const { assert!(TOUCH_EVERY.0 * 10 < IDLE.0) };
    }
}
