//! The clinic's board: one entry per visit, and what a reader may see and do of it.

use protocol::{BoardSeat, BoardVisit};
use store::UserRole;
use visit::permission::role_permits;
use visit::{Action, Role, Timestamp, UserId, VisitId, VisitState};

/// One visit as its task publishes it, before it is cut to a reader. Holds names: no `Debug`.
#[derive(Clone)]
pub struct BoardEntry {
    /// Which.
    pub visit: VisitId,
    /// Whose.
    pub host: UserId,
    /// Their name.
    pub host_name: String,
    /// Where it stands.
    pub state: VisitState,
    /// Booked for.
    pub scheduled_at: Timestamp,
    /// Planned length in minutes.
    pub duration_min: u32,
    /// In progress since.
    pub started_at: Option<Timestamp>,
    /// Over since.
    pub ended_at: Option<Timestamp>,
    /// Everybody invited.
    pub seats: Vec<BoardSeat>,
    /// The clinic's note.
    pub note: String,
    /// Staff whom a colleague invited and who have not come yet.
    pub invited: Vec<UserId>,
    /// Who else is let in, if not everybody of the clinic is.
    pub access: Access,
}

/// Who of the clinic may know a visit besides whoever's it is.
#[derive(Clone, Default)]
pub struct Access {
    /// Only those named below may.
    pub restricted: bool,
    /// Colleagues who were invited.
    pub invited: Vec<UserId>,
    /// Who opened it in an emergency, and until when.
    pub emergencies: Vec<(UserId, Timestamp)>,
}

impl Access {
    /// Until when emergency access holds that this person has at `now`.
    #[must_use]
    pub fn emergency_until(&self, user: UserId, now: Timestamp) -> Option<Timestamp> {
        let own = self.emergencies.iter().filter(|(who, _)| *who == user);
        own.map(|(_, until)| *until).filter(|until| *until > now).max()
    }

    /// Whether this person may know the visit of `host` at `now`.
    #[must_use]
    pub fn lets_in(&self, user: UserId, host: UserId, now: Timestamp) -> bool {
        !self.restricted
            || user == host
            || self.invited.contains(&user)
            || self.emergency_until(user, now).is_some()
    }
}

/// Something on the board changed.
pub enum BoardChange {
    /// A visit came or changed.
    Visit(Box<BoardEntry>),
    /// A visit was destroyed.
    Gone(VisitId),
}

/// What a member of staff is towards a visit of `host`. Officers have no part in visits, also not in
/// those that were theirs.
#[must_use]
pub fn clinic_role(user: UserId, role: UserRole, host: UserId) -> Option<Role> {
    match role {
        UserRole::Officer => None,
        _ if user == host => Some(Role::Host),
        UserRole::Clinician => Some(Role::Colleague),
        UserRole::Admin | UserRole::Staff => Some(Role::Staff),
    }
}

impl BoardEntry {
    /// The entry as this reader sees it at `now`. Who is not let in sees that there is a visit, whose
    /// it is and where it stands, and neither names nor the note.
    #[must_use]
    pub fn for_reader(&self, user: UserId, role: UserRole, now: Timestamp) -> BoardVisit {
        let role = clinic_role(user, role, self.host);
        let role = role.filter(|_| self.access.lets_in(user, self.host, now));
        let permits = |a: &Action| role.is_some_and(|role| role_permits(role, *a));
        let mut shown = BoardVisit {
            visit: self.visit,
            host_name: self.host_name.clone(),
            mine: user == self.host,
            invited: self.invited.contains(&user),
            state: self.state,
            scheduled_at: self.scheduled_at,
            duration_min: self.duration_min,
            started_at: self.started_at,
            ended_at: self.ended_at,
            seats: self.seats.clone(),
            note: self.note.clone(),
            may: Action::ALL.into_iter().filter(permits).collect(),
            restricted: self.access.restricted,
            hidden: role.is_none(),
            emergency_until: self.access.emergency_until(user, now),
        };
        if shown.hidden {
            shown.note.clear();
            for seat in &mut shown.seats {
                seat.name.clear();
                seat.check = None;
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::BoardSeat;
    use visit::{SeatId, SeatState};

    const HOST: UserId = UserId::new(1, 1);
    const OTHER: UserId = UserId::new(1, 2);
    const NOW: Timestamp = Timestamp(1_000_000);

    fn entry(access: Access) -> BoardEntry {
        BoardEntry {
            visit: VisitId::new(1, 1),
            host: HOST,
            host_name: "Dr. Gray".to_owned(),
            state: VisitState::Open,
            scheduled_at: NOW,
            duration_min: 20,
            started_at: None,
            ended_at: None,
            seats: vec![BoardSeat {
                seat: SeatId::new(1, 1),
                name: "Pat Ient".to_owned(),
                role: Role::Patient,
                state: SeatState::Waiting,
                online: true,
                waiting_since: Some(NOW),
                check: None,
                second_device: false,
                notes: 0,
            }],
            note: "a note".to_owned(),
            invited: Vec::new(),
            access,
        }
    }

    fn sees(entry: &BoardEntry, user: UserId, role: UserRole, now: Timestamp) -> bool {
        let shown = entry.for_reader(user, role, now);
        let all = !shown.note.is_empty() && shown.seats.iter().all(|s| !s.name.is_empty());
        let none = shown.note.is_empty() && shown.seats.iter().all(|s| s.name.is_empty());
        assert!(all || (none && shown.hidden && shown.may.is_empty()), "all or nothing");
        all
    }

    #[test]
    fn an_ordinary_visit_is_known_to_the_clinic_but_not_to_officers() {
        let entry = entry(Access::default());
        for role in [UserRole::Admin, UserRole::Clinician, UserRole::Staff] {
            assert!(sees(&entry, HOST, role, NOW) && sees(&entry, OTHER, role, NOW));
        }
        assert!(!sees(&entry, HOST, UserRole::Officer, NOW));
        assert!(!sees(&entry, OTHER, UserRole::Officer, NOW));
    }

    #[test]
    fn a_restricted_visit_is_known_to_its_clinician_the_invited_and_emergencies() {
        let mut entry = entry(Access { restricted: true, ..Access::default() });
        for role in UserRole::ALL {
            assert_eq!(sees(&entry, HOST, *role, NOW), *role != UserRole::Officer);
            assert!(!sees(&entry, OTHER, *role, NOW));
        }
        entry.access.emergencies.push((OTHER, Timestamp(NOW.0 + 1)));
        assert!(sees(&entry, OTHER, UserRole::Clinician, NOW));
        let later = Timestamp(NOW.0 + 1);
        assert!(!sees(&entry, OTHER, UserRole::Clinician, later), "to the microsecond");
        entry.access.invited.push(OTHER);
        assert!(sees(&entry, OTHER, UserRole::Clinician, later));
    }
}
