//! Guests' links: how a patient, a relative or an interpreter gets to a seat.
//!
//! A link carries a secret in its fragment. **Looking** at it uses nothing, so a mail scanner that
//! loads the page does no harm. **Opening** it binds the seat to the browser, by a cookie. From then
//! on that browser gets in without asking again; any other browser with the same link is asked
//! again (the second check, if there is one), and the clinic is told. Browsers that got in stay
//! bound side by side: which of them is live is decided by the visit, where the newer takes over.
//! To shut all of them out, staff make a fresh link, which voids the old one and every binding.
//!
//! A link that is unknown, expired, revoked or out of tries, or whose person was put out, gets one
//! and the same refusal. To take the same time as well, every call makes the same lookups in the
//! same order whatever it finds; where there is nothing to look up, it looks up something that does
//! not exist.

use crate::secret::{Secret, SecretKind};
use crate::{AuthError, Entropy, Result};
use audit::{Actor, Event, Kind, Words};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{
    HashKind, LinkOpening, NewSeatLink, Reader, SeatLinkRow, SeatRow, SecretHash, Store, Tx,
    VisitWithSeats,
};
use subtle::ConstantTimeEq as _;
use visit::{OrgId, Role, SeatId, SeatState, Timestamp, UserId, VisitId};

/// How often the second check may be tried on one link.
pub const SECOND_CHECK_TRIES: u32 = 5;
/// How many of the seats that a browser was bound to are looked at, latest first. A browser that
/// many people use, in a waiting room or a test, collects them without end.
const SEATS_LOOKED_AT: usize = 20;
/// Characters in a date of birth, `YYYY-MM-DD`.
const DATE_CHARS: usize = 10;

/// Issues, shows and opens guests' links. Cheap to clone.
#[derive(Clone)]
pub struct GuestAuth {
    store: Store,
    entropy: Arc<dyn Entropy>,
    lookups: Arc<AtomicU64>,
    /// What the audit log says of a request in plain words.
    words: Words,
}

/// What the page with the button may know.
pub struct LinkView {
    /// The clinic.
    pub org: OrgId,
    /// The visit.
    pub visit: VisitId,
    /// The seat.
    pub seat: SeatId,
    /// What the link invites to.
    pub role: Role,
    /// With whom the visit is.
    pub host: UserId,
    /// When it is booked for.
    pub scheduled_at: Timestamp,
    /// The date of birth will be asked for.
    pub second_check: bool,
    /// Another browser holds the seat.
    pub elsewhere: bool,
}

/// A seat that is now bound to a browser.
pub struct Opened {
    /// The clinic.
    pub org: OrgId,
    /// The visit.
    pub visit: VisitId,
    /// The seat.
    pub seat: SeatId,
    /// The device cookie to set. The one that was shown, if it was usable.
    pub device: Secret,
    /// Nobody opened this link before.
    pub first: bool,
    /// Another browser held the seat, and this one did not: tell the staff.
    pub elsewhere: bool,
}

/// A seat that a browser holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeldSeat {
    /// The clinic.
    pub org: OrgId,
    /// The visit.
    pub visit: VisitId,
    /// The seat.
    pub seat: SeatId,
}

/// Everything that was looked up about a link, whether or not it is good.
struct Found {
    row: Option<SeatLinkRow>,
    visit: Option<VisitWithSeats>,
    /// This browser holds the seat.
    bound: bool,
    /// Some browser holds the seat.
    held: bool,
}

/// A link that opens something.
struct Good<'f> {
    row: &'f SeatLinkRow,
    visit: &'f VisitWithSeats,
    seat: &'f SeatRow,
    second_check: bool,
}

impl GuestAuth {
    /// A service on a store.
    #[must_use]
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy, lookups: Arc::default(), words: Words::new() }
    }

    /// The same service for one request, with what the audit log says of it in plain words: from
    /// where and with what.
    #[must_use]
    pub fn heard(&self, words: &Words) -> Self {
        Self { words: words.clone(), ..self.clone() }
    }

    /// Events of this request, by whoever holds the seat or by nobody known.
    fn said(&self, name: Option<&str>, events: Vec<Event>) -> Vec<Event> {
        let words = self.words.clone();
        Arc::new(match name {
            Some(name) => words.named(name),
            None => words,
        })
        .beside_all(events)
    }

    /// Makes the link of a seat, inside the transaction that made the seat or decided on a fresh
    /// link. Earlier links of the seat are voided and browsers that hold it are unbound. Commit
    /// with the events given back.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such a seat, or a failure of the store.
    pub async fn issue(
        &self,
        tx: &mut Tx,
        actor: Actor,
        visit: VisitId,
        seat: SeatId,
        expires_at: Timestamp,
    ) -> Result<(Secret, Vec<Event>)> {
        let mut events = self.revoke(tx, actor, visit, seat).await?;
        let (secret, issued) = self.issue_another(tx, actor, visit, seat, expires_at).await?;
        events.push(issued);
        Ok((secret, events))
    }

    /// Makes one more link of a seat and leaves earlier links and browsers alone. Commit with the
    /// event given back.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub async fn issue_another(
        &self,
        tx: &mut Tx,
        actor: Actor,
        visit: VisitId,
        seat: SeatId,
        expires_at: Timestamp,
    ) -> Result<(Secret, Event)> {
        let secret = Secret::generate(&*self.entropy)?;
        let hash = secret.hash(SecretKind::GuestLink);
        let link = NewSeatLink { hash, visit, seat, expires_at, tries: SECOND_CHECK_TRIES };
        match tx.create_seat_link(&link).await {
            Err(store::StoreError::NotFound) => return Err(AuthError::NotFound),
            other => other?,
        }
        Ok((secret, Event::new(Kind::LinkIssued, actor).visit(visit).seat(seat)))
    }

    /// Voids all links of a seat and unbinds all browsers from it. Commit with the events given
    /// back; none when there was nothing to void.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn revoke(
        &self,
        tx: &mut Tx,
        actor: Actor,
        visit: VisitId,
        seat: SeatId,
    ) -> Result<Vec<Event>> {
        let links = tx.revoke_seat_links(visit, seat).await?;
        let devices = tx.unbind_seat(visit, seat).await?;
        let event = Event::new(Kind::LinkRevoked, actor)
            .visit(visit)
            .seat(seat)
            .count("links", links)
            .count("devices", devices);
        Ok(if links + devices > 0 { vec![event] } else { Vec::new() })
    }

    /// What a link would open. Changes nothing.
    ///
    /// # Errors
    /// [`AuthError::NoSuchVisit`]; [`AuthError::VisitOver`] when the link is good but the visit is
    /// over; or a failure of the store.
    pub async fn look(
        &self,
        secret: &str,
        device: Option<&Secret>,
        now: Timestamp,
    ) -> Result<LinkView> {
        let hash = link_hash(secret);
        let org = self.org_of(hash).await?;
        let mut reader = self.store.read(org).await?;
        self.count();
        let found = self.find(&mut reader, hash, device_hash(device), now).await?;
        let good = found.good(now)?;
        Ok(LinkView {
            org,
            visit: good.row.visit,
            seat: good.row.seat,
            role: good.seat.role,
            host: good.visit.visit.host,
            scheduled_at: good.visit.visit.scheduled_at,
            second_check: good.second_check,
            elsewhere: found.held && !found.bound,
        })
    }

    /// Opens a link and binds the seat to the browser. A refused opening is written down too, for
    /// a link that never existed as well as for one that is dead.
    ///
    /// # Errors
    /// [`AuthError::NoSuchVisit`]; [`AuthError::VisitOver`];
    /// [`AuthError::SecondCheckNeeded`] when the date of birth is missing, which costs no try;
    /// [`AuthError::BadField`] when it is not a date, which costs none either;
    /// [`AuthError::SecondCheckFailed`]; or a failure of the store.
    pub async fn open(
        &self,
        secret: &str,
        birth_date: Option<&str>,
        device: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Opened> {
        let hash = link_hash(secret);
        let org = self.org_of(hash).await?;
        let mut tx = self.store.begin(org, now).await?;
        self.count();
        let found = self.find(&mut tx, hash, device_hash(device), now).await?;
        let good = match found.good(now) {
            Ok(good) => good,
            Err(error) => {
                let event = found.refused_event(&error);
                // Without words: looking for their key would take longer for a link that once was one.
                tx.commit_with(vec![event]).await?;
                return Err(error);
            }
        };

        let (visit, seat) = (good.row.visit, good.row.seat);
        let about = |kind| Event::new(kind, Actor::Seat(seat)).visit(visit).seat(seat);
        let mut events = Vec::new();
        if good.second_check {
            let given = birth_date.ok_or(AuthError::SecondCheckNeeded)?.trim();
            if !is_date(given) {
                return Err(AuthError::BadField("birth_date"));
            }
            // The try is spent before the comparison. Another opening of this link waits for the
            // row until this transaction ends, so five tries are five even when all come at once.
            let Some(left) = tx.use_link_try(hash).await? else {
                let event = found.refused_event(&AuthError::NoSuchVisit);
                tx.commit_with(vec![event]).await?;
                return Err(AuthError::NoSuchVisit);
            };
            if !same_date(given, good.seat.person.dob.as_deref()) {
                let event = Event::new(Kind::LinkSecondCheck, Actor::Anonymous)
                    .visit(visit)
                    .seat(seat)
                    .count("tries_left", u64::from(left))
                    .refused("second_check_failed");
                tx.commit_with(self.said(None, vec![event])).await?;
                return Err(AuthError::SecondCheckFailed { tries_left: left });
            }
            tx.reset_link_tries(hash, left + 1).await?;
            events.push(about(Kind::LinkSecondCheck));
        }

        let first = match tx.open_seat_link(hash).await {
            Ok(opening) => opening == LinkOpening::First,
            Err(store::StoreError::NotFound) => return Err(AuthError::NoSuchVisit),
            Err(other) => return Err(other.into()),
        };
        // Asked again: of two first openings at once, the later has waited above for the earlier,
        // and only now sees the browser that it bound.
        let bound = tx.is_bound(device_hash(device), visit, seat).await?;
        let elsewhere = !bound && tx.devices_of_seat(visit, seat).await? > 0;
        let device = match device {
            Some(device) => device.clone(),
            None => Secret::generate(&*self.entropy)?,
        };
        tx.bind_device(device.hash(SecretKind::Device), visit, seat).await?;
        events.push(about(Kind::LinkOpened).detail("first", if first { "yes" } else { "no" }));
        if elsewhere {
            events.push(about(Kind::LinkOpenedElsewhere));
        }
        let name = good.seat.person.name.as_str();
        tx.commit_with(self.said(Some(name), events)).await?;
        Ok(Opened { org, visit, seat, device, first, elsewhere })
    }

    /// The seats that a browser holds in visits that are not over, latest first.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn seats_of(&self, device: &Secret) -> Result<Vec<HeldSeat>> {
        let device = device.hash(SecretKind::Device);
        let Some(org) = self.store.org_of(HashKind::Device, device).await? else {
            return Ok(Vec::new());
        };
        let mut reader = self.store.read(org).await?;
        let mut held = Vec::new();
        for (visit, seat) in reader.seats_of_device(device).await?.into_iter().take(SEATS_LOOKED_AT)
        {
            let loaded = reader.load_visit(visit).await?;
            if loaded.is_some_and(|loaded| lives(&loaded, seat)) {
                held.push(HeldSeat { org, visit, seat });
            }
        }
        Ok(held)
    }

    /// The clinic of a seat that this browser holds, in a visit that is not over.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when it does not hold it, which is also the answer when there is no
    /// such seat; or a failure of the store.
    pub async fn holds(&self, device: &Secret, visit: VisitId, seat: SeatId) -> Result<HeldSeat> {
        let device = device.hash(SecretKind::Device);
        let org = self.store.org_of(HashKind::Device, device).await?;
        let org = org.ok_or(AuthError::NotFound)?;
        let mut reader = self.store.read(org).await?;
        if !reader.is_bound(device, visit, seat).await? {
            return Err(AuthError::NotFound);
        }
        let loaded = reader.load_visit(visit).await?;
        match loaded.is_some_and(|loaded| lives(&loaded, seat)) {
            true => Ok(HeldSeat { org, visit, seat }),
            false => Err(AuthError::NotFound),
        }
    }

    /// The clinic of a link; the default one for a link that does not exist, so that the work goes
    /// on in the same way.
    async fn org_of(&self, hash: SecretHash) -> Result<OrgId> {
        self.count();
        let org = self.store.org_of(HashKind::SeatLink, hash).await?;
        Ok(org.unwrap_or(self.store.default_org()))
    }

    /// The lookups of a link, always all of them. A link that is dead by its own row is treated as
    /// one that does not exist from there on: its visit is not even read.
    async fn find(
        &self,
        reader: &mut Reader,
        hash: SecretHash,
        device: SecretHash,
        now: Timestamp,
    ) -> Result<Found> {
        self.count();
        let row = reader.seat_link(hash).await?;
        let alive = row.as_ref().filter(|row| row.revoked_at.is_none() && now < row.expires_at);
        let nobody = (VisitId::from_u128(0), SeatId::from_u128(0));
        let (visit, seat) = alive.map_or(nobody, |row| (row.visit, row.seat));
        self.count();
        let loaded = reader.load_visit(visit).await?;
        self.count();
        let bound = reader.is_bound(device, visit, seat).await?;
        self.count();
        let held = reader.devices_of_seat(visit, seat).await? > 0;
        Ok(Found { row, visit: loaded, bound, held })
    }

    fn count(&self) {
        self.lookups.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the store was asked about links so far, for metrics and tests.
    #[must_use]
    pub fn lookups(&self) -> u64 {
        self.lookups.load(Ordering::Relaxed)
    }
}

impl Found {
    fn good(&self, now: Timestamp) -> Result<Good<'_>> {
        let row = self.row.as_ref().filter(|row| row.revoked_at.is_none() && now < row.expires_at);
        let (Some(row), Some(visit)) = (row, &self.visit) else {
            return Err(AuthError::NoSuchVisit);
        };
        let seat = visit.seat(row.seat).filter(|seat| seat.state != SeatState::Removed);
        let seat = seat.ok_or(AuthError::NoSuchVisit)?;
        // A second check without anything to compare with is never passed: fail closed.
        let asked = seat.person.dob.is_some()
            || (visit.visit.options.second_check && seat.role == Role::Patient);
        let second_check = asked && !self.bound;
        if second_check && row.tries_left == 0 {
            return Err(AuthError::NoSuchVisit);
        }
        if visit.visit.state.is_final() {
            return Err(AuthError::VisitOver);
        }
        Ok(Good { row, visit, seat, second_check })
    }

    fn refused_event(&self, error: &AuthError) -> Event {
        let event = Event::new(Kind::LinkOpened, Actor::Anonymous).refused(error.code());
        match &self.row {
            Some(row) => event.visit(row.visit).seat(row.seat),
            None => event,
        }
    }
}

/// The hash to look for. Text that is not a secret is looked for as well, under a hash that no
/// secret has.
fn link_hash(secret: &str) -> SecretHash {
    let secret = Secret::parse(secret);
    let none = SecretHash::of(b"bedside/no-such-link");
    secret.map_or(none, |secret| secret.hash(SecretKind::GuestLink))
}

/// The same for the device cookie.
fn device_hash(device: Option<&Secret>) -> SecretHash {
    let none = SecretHash::of(b"bedside/no-such-device");
    device.map_or(none, |device| device.hash(SecretKind::Device))
}

fn lives(visit: &VisitWithSeats, seat: SeatId) -> bool {
    !visit.visit.state.is_final()
        && visit.seat(seat).is_some_and(|seat| seat.state != SeatState::Removed)
}

/// `YYYY-MM-DD` with a month and a day that can be.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != DATE_CHARS || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let digits = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_u32, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })
    };
    digits(0..4).is_some()
        && digits(5..7).is_some_and(|month| (1..=12).contains(&month))
        && digits(8..10).is_some_and(|day| (1..=31).contains(&day))
}

/// Compares in constant time. Without a stored date nothing is the same.
fn same_date(given: &str, stored: Option<&str>) -> bool {
    let compared = stored.unwrap_or("0000-00-00").as_bytes();
    bool::from(given.as_bytes().ct_eq(compared)) && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        for good in ["1975-03-09", "2024-02-29", "0001-01-01", "1999-12-31"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "",
            "1975-3-9",
            "09.03.1975",
            "1975-13-01",
            "1975-00-01",
            "1975-01-32",
            "1975-01-00",
            "+975-01-01",
            "1975-01-0é",
            "１975-01-1",
            "1975-01-011",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn no_date_is_the_same_as_a_missing_one() {
        assert!(same_date("1975-03-09", Some("1975-03-09")));
        assert!(!same_date("1975-03-09", Some("1975-03-08")));
        assert!(!same_date("0000-00-00", None));
    }
}
