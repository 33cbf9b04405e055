//! Who waits for which clinician, over all of that clinician's visits. Gives a waiting person an
//! honest place in the queue. Holds ids and times only.

use super::input::Input;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;
use visit::{Timestamp, UserId, VisitId};

/// What one visit contributes to its clinician's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineEntry {
    /// Booked for.
    pub scheduled_at: Option<Timestamp>,
    /// Its first guest waits since.
    pub waiting_since: Option<Timestamp>,
    /// The clinician is in this call.
    pub host_inside: bool,
}

/// What somebody who waits may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineView {
    /// Visits with somebody waiting that come before this one.
    pub ahead: u32,
    /// The clinician is in another visit.
    pub host_busy: bool,
    /// The clinician looks at the board.
    pub host_here: bool,
}

#[derive(Default)]
struct HostLine {
    visits: HashMap<VisitId, (LineEntry, mpsc::UnboundedSender<Input>)>,
    boards: usize,
}

/// Every clinician's line.
#[derive(Default)]
pub struct Lines(Mutex<HashMap<UserId, HostLine>>);

impl Lines {
    /// Puts a visit's entry in place and tells the clinician's other visits if it changed.
    pub(crate) fn put(
        &self,
        host: UserId,
        visit: VisitId,
        entry: LineEntry,
        queue: &mpsc::UnboundedSender<Input>,
    ) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(host).or_default();
        let before = line.visits.insert(visit, (entry, queue.clone()));
        if before.is_none_or(|(old, _)| old != entry) {
            line.tell(Some(visit));
        }
    }

    /// Takes a visit out.
    pub(crate) fn remove(&self, host: UserId, visit: VisitId) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&host) {
            line.visits.remove(&visit);
            line.tell(None);
            if line.visits.is_empty() && line.boards == 0 {
                lines.remove(&host);
            }
        }
    }

    /// A board of this clinician was opened (`true`) or closed.
    pub fn board(&self, host: UserId, opened: bool) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(host).or_default();
        line.boards = if opened { line.boards + 1 } else { line.boards.saturating_sub(1) };
        line.tell(None);
        if line.visits.is_empty() && line.boards == 0 {
            lines.remove(&host);
        }
    }

    /// What somebody who waits in `visit` may know.
    pub(crate) fn view(&self, host: UserId, visit: VisitId) -> LineView {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(line) = lines.get(&host) else { return LineView::default() };
        let Some((own, _)) = line.visits.get(&visit) else { return LineView::default() };
        let others = || line.visits.iter().filter(|(id, _)| **id != visit).map(|(id, e)| (id, e.0));
        let rank = |id: &VisitId, e: &LineEntry| (e.scheduled_at, e.waiting_since, *id);
        let ahead = others()
            .filter(|(_, e)| e.waiting_since.is_some())
            .filter(|(id, e)| rank(id, e) < rank(&visit, own))
            .count();
        LineView {
            ahead: u32::try_from(ahead).unwrap_or(u32::MAX),
            host_busy: others().any(|(_, e)| e.host_inside),
            host_here: line.boards > 0 || own.host_inside || others().any(|(_, e)| e.host_inside),
        }
    }
}

impl HostLine {
    fn tell(&self, except: Option<VisitId>) {
        for (id, (_, queue)) in &self.visits {
            if Some(*id) != except {
                let _ = queue.send(Input::LineChanged);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: UserId = UserId::new(1, 1);

    fn entry(scheduled: i64, waiting: Option<i64>) -> LineEntry {
        LineEntry {
            scheduled_at: Some(Timestamp(scheduled)),
            waiting_since: waiting.map(Timestamp),
            host_inside: false,
        }
    }

    #[test]
    fn earlier_bookings_come_first_and_changes_are_told() {
        let lines = Lines::default();
        let (tx, mut rx) = mpsc::unbounded_channel();
        let (first, second) = (VisitId::new(1, 1), VisitId::new(1, 2));
        lines.put(HOST, second, entry(200, Some(10)), &tx);
        assert_eq!(lines.view(HOST, second).ahead, 0);
        lines.put(HOST, first, entry(100, Some(20)), &tx);
        assert!(matches!(rx.try_recv(), Ok(Input::LineChanged)));
        assert_eq!(lines.view(HOST, second).ahead, 1);
        assert_eq!(lines.view(HOST, first).ahead, 0);
        // The same entry again wakes nobody.
        lines.put(HOST, first, entry(100, Some(20)), &tx);
        assert!(rx.try_recv().is_err());
        lines.remove(HOST, first);
        assert_eq!(lines.view(HOST, second).ahead, 0);
    }

    #[test]
    fn the_clinician_is_here_or_busy() {
        let lines = Lines::default();
        let (tx, _rx) = mpsc::unbounded_channel();
        let (mine, other) = (VisitId::new(1, 1), VisitId::new(1, 2));
        lines.put(HOST, mine, entry(1, Some(1)), &tx);
        assert!(!lines.view(HOST, mine).host_here);
        lines.board(HOST, true);
        assert!(lines.view(HOST, mine).host_here && !lines.view(HOST, mine).host_busy);
        lines.put(HOST, other, LineEntry { host_inside: true, ..entry(0, None) }, &tx);
        assert!(lines.view(HOST, mine).host_busy);
        lines.board(HOST, false);
        assert!(lines.view(HOST, mine).host_here, "in another call is here too");
    }
}
