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
}

/// Something on the board changed.
pub enum BoardChange {
    /// A visit came or changed.
    Visit(BoardEntry),
}

/// What a member of staff is towards a visit of `host`.
#[must_use]
pub fn clinic_role(user: UserId, role: UserRole, host: UserId) -> Role {
    match role {
        _ if user == host => Role::Host,
        UserRole::Clinician => Role::Colleague,
        UserRole::Admin | UserRole::Staff => Role::Staff,
    }
}

impl BoardEntry {
    /// The entry as this reader sees it.
    #[must_use]
    pub fn for_reader(&self, user: UserId, role: UserRole) -> BoardVisit {
        let role = clinic_role(user, role, self.host);
        let may = Action::ALL.into_iter().filter(|a| role_permits(role, *a)).collect();
        BoardVisit {
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
            may,
        }
    }
}
