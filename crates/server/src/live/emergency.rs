//! Emergency access: a restricted visit of somebody else opens for an hour to whoever says why.
//! Care goes first, so nobody is asked for permission; that it happened cannot be hidden.

use super::actor::Task;
use crate::http::error::store_code;
use audit::{Event, Kind, Words};
use protocol::ErrorCode;
use protocol::limits::EMERGENCY_MIN;
use std::sync::Arc;
use store::{NewEmergency, UserRole};
use visit::{Duration, GrantId, Timestamp, UserId};

impl Task {
    /// Lets somebody of the clinic in. Asked again while it holds, the hour begins anew.
    pub(super) async fn open_in_emergency(
        &mut self,
        user: UserId,
        role: UserRole,
        reason: &str,
    ) -> Result<Timestamp, ErrorCode> {
        let (v, now) = (&self.state.visit, self.core.clock.now());
        if !role.holds_visits() || super::clinic_role(user, role, v.host).is_none() {
            return Err(ErrorCode::NotAllowed);
        }
        let access = self.access();
        let in_emergency = access.emergency_until(user, now).is_some();
        if access.lets_in(user, v.host, now) && !in_emergency {
            // Nothing to open: no record that somebody would have to review.
            return Err(ErrorCode::WrongState);
        }
        let ends_at = now.plus(Duration::from_min(EMERGENCY_MIN));
        let id = self.core.fresh(GrantId::new);
        let new = NewEmergency { id, visit: v.id, user, reason, ends_at };
        let mut tx = self.core.store.begin(v.org, now).await.map_err(|e| store_code(&e))?;
        tx.create_emergency(&new).await.map_err(|e| store_code(&e))?;
        let by = audit::Actor::Staff(user);
        let words = self.words_of(by).map_or_else(Words::new, |words| Words::clone(words));
        let words = Arc::new(words.because(reason));
        let opened = words.beside(Event::new(Kind::EmergencyOpened, by).visit(v.id));
        tx.commit_with(vec![opened]).await.map_err(|e| store_code(&e))?;
        self.state.emergencies.retain(|(who, _)| *who != user);
        self.state.emergencies.push((user, ends_at));
        self.publish_board();
        Ok(ends_at)
    }

    /// Boards stop showing what they showed by an access that is over. Whoever is in the call stays
    /// there, since care goes first, and cannot come back without saying why again.
    pub(super) fn forget_emergencies(&mut self) {
        let (now, before) = (self.core.clock.now(), self.state.emergencies.len());
        self.state.emergencies.retain(|(_, until)| *until > now);
        if self.state.emergencies.len() != before {
            self.publish_board();
        }
    }
}
