//! Between the visit as pure data and its rows.

use super::actor::State;
use protocol::CheckReport;
use std::collections::HashMap;
use store::{DeviceReport, Reader, SeatRow, Store, StoreError, VisitRow, VisitWithSeats};
use visit::{
    DirectPolicy, DirectRules, Effect, OrgId, Pictures, Purpose, Seat, SeatId, Sending, Timestamp,
    Visit,
};

/// Reads a visit with everything that its task needs.
pub async fn load(
    org: OrgId,
    rows: VisitWithSeats,
    direct: DirectPolicy,
    now: Timestamp,
    reader: &mut Reader,
) -> Result<State, StoreError> {
    let VisitWithSeats { visit: row, seats } = rows;
    let mut consents: HashMap<SeatId, Vec<_>> = HashMap::new();
    for c in reader.consents(row.id).await? {
        consents.entry(c.seat).or_default().push(c.record);
    }
    let host_name = reader.user(row.host).await?.map(|u| u.person.name).unwrap_or_default();
    let mut second_device = Vec::new();
    for seat in seats.iter().filter(|s| !s.role.is_clinic()) {
        if reader.devices_of_seat(row.id, seat.id).await? > 1 {
            second_device.push(seat.id);
        }
    }
    let mut notes: HashMap<SeatId, u32> = HashMap::new();
    let mut after = 0;
    loop {
        let page = reader.chat_after(row.id, after, store::MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for to in page.iter().filter_map(|line| line.audience) {
            *notes.entry(to).or_default() += 1;
        }
    }
    let mut visit = to_visit(org, &row, &seats, consents);
    visit.direct_rules = DirectRules { policy: direct, texts: crate::consent::TELLS_OF_DIRECT };
    let people = seats.into_iter().map(|s| (s.id, s)).collect();
    let emergencies = reader.emergencies_of(row.id, now).await?;
    Ok(State::new(visit, row, people, host_name, second_device, notes, emergencies))
}

fn to_visit(
    org: OrgId,
    row: &VisitRow,
    seats: &[SeatRow],
    mut consents: HashMap<SeatId, Vec<visit::ConsentRecord>>,
) -> Visit {
    let mut asks = Vec::new();
    if row.options.recording {
        asks.push(Purpose::Recording);
    }
    if row.options.captions {
        asks.push(Purpose::Captions);
    }
    let seats: Vec<Seat> = seats
        .iter()
        .map(|s| Seat {
            id: s.id,
            role: s.role,
            user: s.user,
            state: s.state,
            came_at: s.came_at,
            waiting_since: s.waiting_since,
            admitted_at: s.admitted_at,
            away_since: s.away_since,
            left_at: s.left_at,
            hold_expired: s.hold_expired,
            consents: consents.remove(&s.id).unwrap_or_default(),
            sending: Sending::default(),
            pictures: Pictures::default(),
            connection: None,
        })
        .collect();
    Visit {
        id: row.id,
        org,
        host: row.host,
        state: row.state,
        scheduled_at: row.scheduled_at,
        duration_min: row.duration_min,
        asks,
        max_inside: visit::machine::DEFAULT_MAX_INSIDE,
        opened_at: row.opened_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        empty_since: row.empty_since,
        seats,
        direct_rules: DirectRules::default(),
        direct: None,
    }
}

/// Saves what differs between the present and the `next` visit, with these audit entries, in one
/// transaction. Gives the rows as they are now stored.
pub async fn save(
    store: &Store,
    now: Timestamp,
    state: &State,
    next: &Visit,
    effects: &[Effect],
    events: Vec<audit::Event>,
) -> Result<Saved, StoreError> {
    let mut row = state.row.clone();
    row.state = next.state;
    row.opened_at = next.opened_at;
    row.started_at = next.started_at;
    row.ended_at = next.ended_at;
    row.empty_since = next.empty_since;
    let changed: Vec<SeatRow> = next
        .seats
        .iter()
        .filter_map(|seat| {
            let old = state.people.get(&seat.id)?;
            let mut new = old.clone();
            if seat.state == visit::SeatState::InCall && old.state != seat.state {
                new.in_call_at = Some(now);
            }
            new.state = seat.state;
            new.came_at = seat.came_at;
            new.waiting_since = seat.waiting_since;
            new.admitted_at = seat.admitted_at;
            new.away_since = seat.away_since;
            new.left_at = seat.left_at;
            new.hold_expired = seat.hold_expired;
            (new != *old).then_some(new)
        })
        .collect();
    if events.is_empty() && changed.is_empty() && row == state.row {
        return Ok(Saved { row, seats: changed });
    }
    let mut tx = store.begin(next.org, now).await?;
    row.version = tx.save_visit(&row, &changed).await?;
    for effect in effects {
        if let Effect::Consent { seat, record } = effect {
            tx.add_consent(next.id, *seat, record).await?;
        }
    }
    if events.is_empty() {
        tx.commit_plain("a page was opened again; nothing changed hands").await?;
    } else {
        tx.commit_with(events).await?;
    }
    Ok(Saved { row, seats: changed })
}

/// Rows after a save.
pub struct Saved {
    /// The visit.
    pub row: VisitRow,
    /// The seats that changed.
    pub seats: Vec<SeatRow>,
}

/// The check report in the form that is stored: codes only.
pub fn device_report(report: &CheckReport) -> Option<DeviceReport> {
    let text = |v: serde_json::Value| v.as_str().map(str::to_owned);
    let mut pairs = Vec::new();
    for outcome in &report.outcomes {
        let item = serde_json::to_value(outcome.item).ok().and_then(text)?;
        let result = match (outcome.ok, outcome.code) {
            (true, _) => "ok".to_owned(),
            (false, Some(code)) => serde_json::to_value(code).ok().and_then(text)?,
            (false, None) => "failed".to_owned(),
        };
        pairs.push((item, result));
    }
    if let Some(rtt) = report.rtt_ms {
        pairs.push(("rtt_ms".to_owned(), rtt.to_string()));
    }
    DeviceReport::new(pairs).ok()
}

/// The reverse of [`device_report`]; unknown codes of another version are left out.
pub fn check_report(stored: &DeviceReport) -> CheckReport {
    let mut report = CheckReport { outcomes: Vec::new(), rtt_ms: None };
    for (name, value) in stored.pairs() {
        if name == "rtt_ms" {
            report.rtt_ms = value.parse().ok();
        } else if let Ok(item) = serde_json::from_value(name.into()) {
            let code = serde_json::from_value(value.into()).ok();
            report.outcomes.push(protocol::CheckOutcome { item, ok: value == "ok", code });
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{CheckCode, CheckItem, CheckOutcome};

    #[test]
    fn every_check_code_survives_the_database() {
        for code in CheckCode::ALL {
            let report = CheckReport {
                outcomes: vec![
                    CheckOutcome { item: CheckItem::Camera, ok: false, code: Some(code) },
                    CheckOutcome { item: CheckItem::Network, ok: true, code: None },
                ],
                rtt_ms: Some(31),
            };
            let back = device_report(&report).map(|stored| check_report(&stored));
            assert_eq!(back.as_ref(), Some(&report));
        }
    }
}
