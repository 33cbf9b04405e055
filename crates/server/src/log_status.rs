//! How the signing of the audit log goes, for whoever asks: shared by what signs, what goes to the
//! witnesses, and the pages and figures of the operator.
//!
//! It holds sizes, codes and names from the settings, and nothing of what is in the log.

use protocol::system as wire;
use protocol::system::{LogState, LogTroubleKind, WitnessStanding, WitnessState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{FolderError, LogTrouble};
use tokio::sync::watch;
use visit::Timestamp;

/// A handle; all clones show the same.
#[derive(Clone)]
pub struct LogStatus {
    seen: Arc<Mutex<Seen>>,
    /// Set once and for this run: nothing may be signed any more.
    contradicted: Arc<watch::Sender<Option<Contradiction>>>,
}

/// A witness contradicts the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// It signed a log of `theirs` entries, and there are `ours`.
    Ahead {
        /// Entries in the checkpoint that it was asked to sign.
        ours: u64,
        /// Entries in the one that it signed before.
        theirs: u64,
    },
    /// It signed another history.
    Forked {
        /// Entries in the checkpoint that it was asked to sign.
        ours: u64,
    },
}

impl From<Contradiction> for LogTrouble {
    fn from(found: Contradiction) -> Self {
        match found {
            Contradiction::Ahead { ours, theirs } => Self::WitnessAhead { ours, theirs },
            Contradiction::Forked { ours } => Self::WitnessForked { ours },
        }
    }
}

#[derive(Default)]
struct Seen {
    size: Option<u64>,
    signed_at: Option<Timestamp>,
    trouble: Option<wire::LogTrouble>,
    witnesses: Vec<WitnessState>,
}

impl LogStatus {
    /// Of a log that goes to the witnesses of these names; nothing has happened yet.
    #[must_use]
    pub fn new(witnesses: impl IntoIterator<Item = String>) -> Self {
        let unknown = |name| WitnessState {
            name,
            standing: WitnessStanding::NotAsked,
            entries: None,
            signed_at: None,
        };
        let witnesses = witnesses.into_iter().map(unknown).collect();
        let seen = Seen { witnesses, ..Seen::default() };
        Self { seen: Arc::new(Mutex::new(seen)), contradicted: Arc::new(watch::channel(None).0) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A checkpoint over `size` entries stands, and whatever was wrong has passed.
    pub fn signed(&self, size: u64, now: Timestamp) {
        let mut seen = self.seen();
        seen.trouble = None;
        if seen.size != Some(size) {
            (seen.size, seen.signed_at) = (Some(size), Some(now));
        }
    }

    /// Nothing is signed just now. Since when stays as long as the trouble is the same.
    pub fn troubled(&self, trouble: &LogTrouble, now: Timestamp) {
        let (kind, code) = (kind(trouble), trouble.code());
        let mut seen = self.seen();
        let known = seen.trouble.as_ref().filter(|known| known.kind == kind);
        let since = known.map_or(now, |known| known.since);
        seen.trouble = Some(wire::LogTrouble { kind, code: code.to_owned(), since });
    }

    /// What came of asking the witness at this place in the settings; with the size of what it signed.
    pub fn witness(
        &self,
        place: usize,
        standing: WitnessStanding,
        signed: Option<u64>,
        now: Timestamp,
    ) {
        let mut seen = self.seen();
        let Some(witness) = seen.witnesses.get_mut(place) else { return };
        witness.standing = standing;
        if signed.is_some() {
            (witness.entries, witness.signed_at) = (signed, Some(now));
        }
    }

    /// From now on nothing is signed in this run. The first word stays.
    pub fn contradict(&self, found: Contradiction) {
        self.contradicted.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(found);
            is_first
        });
    }

    /// What a witness said against the log, if one did.
    #[must_use]
    pub fn contradiction(&self) -> Option<Contradiction> {
        *self.contradicted.borrow()
    }

    /// Waits until a witness contradicts.
    pub async fn contradicted(&self) -> Contradiction {
        let mut word = self.contradicted.subscribe();
        loop {
            if let Some(found) = *word.borrow_and_update() {
                return found;
            }
            // The sender lives as long as `self`.
            let _ = word.changed().await;
        }
    }

    /// Why nothing is signed; `None` when all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<LogTroubleKind> {
        self.seen().trouble.as_ref().map(|trouble| trouble.kind)
    }

    /// Entries under the newest checkpoint of this run; 0 before the first.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.seen().size.unwrap_or(0)
    }

    /// Everything, for the page. `entries` and `waiting`: what the database says.
    #[must_use]
    pub fn shown(&self, entries: u64, waiting: u64) -> LogState {
        let seen = self.seen();
        LogState {
            entries,
            waiting,
            signed_at: seen.signed_at,
            trouble: seen.trouble.clone(),
            witnesses: seen.witnesses.clone(),
        }
    }
}

fn kind(trouble: &LogTrouble) -> LogTroubleKind {
    match trouble {
        passing if passing.is_passing() => LogTroubleKind::Passing,
        LogTrouble::Shorter { .. } => LogTroubleKind::Shorter,
        LogTrouble::WitnessAhead { .. } => LogTroubleKind::WitnessAhead,
        LogTrouble::Forked { .. } | LogTrouble::WitnessForked { .. } => LogTroubleKind::Forked,
        LogTrouble::OtherKey | LogTrouble::Folder(FolderError::Checkpoint(_)) => {
            LogTroubleKind::OtherKey
        }
        LogTrouble::Store(_) | LogTrouble::Folder(_) => LogTroubleKind::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::StoreError;

    #[test]
    fn trouble_keeps_its_time_and_passes_with_the_next_signature() {
        let status = LogStatus::new(["w".to_owned()]);
        let shorter = LogTrouble::Shorter { database: 1, promised: 2 };
        status.troubled(&shorter, Timestamp(5));
        status.troubled(&shorter, Timestamp(9));
        let shown = status.shown(1, 0).trouble.expect("some");
        assert_eq!((shown.kind, shown.since), (LogTroubleKind::Shorter, Timestamp(5)));
        status.troubled(&LogTrouble::Store(StoreError::Busy), Timestamp(11));
        let shown = status.shown(1, 0).trouble.expect("some");
        assert_eq!((shown.kind, shown.since), (LogTroubleKind::Passing, Timestamp(11)));
        status.signed(3, Timestamp(12));
        status.signed(3, Timestamp(20));
        let shown = status.shown(3, 0);
        assert!(shown.trouble.is_none());
        assert_eq!(shown.signed_at, Some(Timestamp(12)), "nothing was signed at 20");
    }

    #[test]
    fn what_a_witness_signed_last_stays_when_it_goes_away() {
        let status = LogStatus::new(["w".to_owned()]);
        assert_eq!(status.shown(0, 0).witnesses[0].standing, WitnessStanding::NotAsked);
        status.witness(0, WitnessStanding::Signed, Some(7), Timestamp(1));
        status.witness(0, WitnessStanding::Away, None, Timestamp(2));
        status.witness(1, WitnessStanding::Signed, Some(9), Timestamp(3));
        let expected = WitnessState {
            name: "w".to_owned(),
            standing: WitnessStanding::Away,
            entries: Some(7),
            signed_at: Some(Timestamp(1)),
        };
        assert!(status.shown(0, 0).witnesses == [expected]);
    }

    #[tokio::test]
    async fn the_first_contradiction_stays_and_is_waited_for() {
        let status = LogStatus::new([]);
        assert_eq!(status.contradiction(), None);
        let ahead = Contradiction::Ahead { ours: 1, theirs: 2 };
        let other = status.clone();
        let waits = tokio::spawn(async move { other.contradicted().await });
        status.contradict(ahead);
        status.contradict(Contradiction::Forked { ours: 1 });
        assert_eq!(waits.await.expect("ends"), ahead);
        assert_eq!(status.contradiction(), Some(ahead));
    }
}
