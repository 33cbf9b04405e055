//! How long data is kept: looks through it every hour and deletes what is over, each deletion with its
//! entry in the audit log. The clinic sets the times; a legal hold goes before all of them.

use crate::live::Core;
use audit::{Actor, Event, Kind};
use std::sync::Arc;
use store::{KeptKind, StoreError};
use visit::{Duration, OrgId, Timestamp};

/// How often.
const EVERY: std::time::Duration = std::time::Duration::from_secs(3_600);
/// Visits that are found at once.
const BATCH: u32 = 100;
/// The longest time that can be set, in days: a hundred years.
pub const MAX_DAYS: u32 = 36_500;

/// The end at or before which a visit's data is over after `days`.
#[must_use]
pub fn ended_by(now: Timestamp, days: u32) -> Timestamp {
    Timestamp(now.0 - Duration::from_days(days.into()).0)
}

/// Looks through everything once. Gives how many visits lost something.
///
/// # Errors
/// What the store says. What was deleted until then is deleted and on record; the next round goes on.
pub async fn sweep(core: &Core, org: OrgId) -> Result<u64, StoreError> {
    let (store, now) = (&core.store, core.clock.now());
    // Visits that were booked before patients were known could not be held.
    loop {
        let mut tx = store.begin(org, now).await?;
        let linked = tx.link_older_patients(BATCH).await?;
        tx.commit_plain("whose visit it is was known before, and is only noted").await?;
        if linked == 0 {
            break;
        }
    }
    let rules = store.read(org).await?.org_row().await?.settings.kept_days;
    let mut changed = 0;
    // A whole visit first: what goes with it need not go one by one.
    for kind in [KeptKind::Visit, KeptKind::Chat, KeptKind::Note, KeptKind::Quality] {
        let Some(&days) = rules.get(&kind) else { continue };
        changed += sweep_kind(core, org, kind, ended_by(now, days)).await?;
    }
    let mut tx = store.begin(org, now).await?;
    tx.note_sweep().await?;
    tx.commit_plain("what was deleted is on record, visit by visit").await?;
    Ok(changed)
}

async fn sweep_kind(
    core: &Core,
    org: OrgId,
    kind: KeptKind,
    ended_by: Timestamp,
) -> Result<u64, StoreError> {
    let (store, now) = (&core.store, core.clock.now());
    let mut changed = 0;
    loop {
        let due = store.read(org).await?.visits_to_delete_from(kind, ended_by, BATCH).await?;
        if due.is_empty() {
            return Ok(changed);
        }
        for visit in due {
            let mut tx = store.begin(org, now).await?;
            // Asked again inside the transaction: a hold may have been placed meanwhile.
            if !tx.is_due(visit, kind, ended_by).await? {
                continue;
            }
            let things = tx.delete_kind(visit, kind).await?;
            let event = Event::new(Kind::DataDeleted, Actor::System).visit(visit);
            let event = event.detail("kind", kind.as_str()).count("things", things);
            let event = match tx.audit_keys_destroyed().len() {
                0 => event,
                keys => event.count("audit_keys", keys as u64),
            };
            tx.commit_with(vec![event]).await?;
            core.forget(org, visit, kind == KeptKind::Visit);
            changed += 1;
        }
    }
}

/// Looks through everything every hour, for ever.
pub async fn keep_tidy(core: Arc<Core>, org: OrgId) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        match sweep(&core, org).await {
            Ok(0) => {}
            Ok(visits) => tracing::info!(visits, "deleted data whose time was over"),
            Err(error) => {
                tracing::warn!(code = error.code(), "could not look for data whose time is over");
            }
        }
    }
}
