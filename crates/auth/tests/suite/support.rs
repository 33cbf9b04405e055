//! A clinic with people in it, and a phone with an authenticator app.

use audit::{Actor, Entry, Kind, Outcome};
use auth::{
    AuthError, Cost, Entropy, GuestAuth, JoinTokens, NewStaff, Next, Passwords, Prefix, Secret,
    StaffAuth, Step,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use store::testing::{NOON, TestDb};
use store::{PersonSecret, SeatRow, Store, UserRole, VisitOptions, VisitRow};
use visit::{Duration, OrgId, Role, SeatId, Timestamp, UserId, VisitId};
use zeroize::Zeroizing;

pub const EMAIL: &str = "Ana.Castro@Clinic.example";
pub const NAME: &str = "Ana Castro";
pub const PASSWORD: &str = "marble orchid teaspoon";
pub const BORN: &str = "1975-03-09";

/// Randomness that is the same in every run.
pub struct Seeded(Mutex<StdRng>);

impl Entropy for Seeded {
    fn fill(&self, out: &mut [u8]) -> auth::Result<()> {
        self.0.lock().map_err(|_| AuthError::Internal("poisoned"))?.fill_bytes(out);
        Ok(())
    }
}

pub struct Rig {
    pub store: Store,
    pub staff: StaffAuth,
    pub guests: GuestAuth,
    pub tokens: JoinTokens,
    pub passwords: Passwords,
    pub entropy: Arc<dyn Entropy>,
    pub org: OrgId,
    pub now: Timestamp,
    _db: TestDb,
}

/// A member of staff with everything needed to sign in.
pub struct Person {
    pub user: UserId,
    pub phone: Phone,
    pub recovery_codes: Vec<String>,
    /// The session of the enrolment.
    pub session: Secret,
}

/// An authenticator app.
pub struct Phone(totp_rs::Totp);

impl Phone {
    /// Scans the QR code.
    pub fn from_base32(text: &str) -> Self {
        let mut bits = 0_u32;
        let mut count = 0;
        let mut bytes = Vec::new();
        for c in text.bytes() {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|a| *a == c);
            bits = bits << 5 | u32::try_from(value.expect("base 32")).expect("five bits");
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push(u8::try_from(bits >> count & 0xFF).expect("a byte"));
            }
        }
        let secret: [u8; 20] = bytes.try_into().expect("160 bits");
        Self(totp_rs::Builder::new().with_secret(secret).build().expect("an app takes it"))
    }

    pub fn code(&self, now: Timestamp) -> String {
        self.0.generate(now.unix_ms() / 1_000).to_string()
    }

    /// Six digits that are not good at `now`.
    pub fn wrong_code(&self, now: Timestamp) -> String {
        let good: Vec<String> =
            (-1..=1).map(|n| self.code(now.plus(Duration::from_s(30 * n)))).collect();
        (0..4)
            .map(|n| format!("{n:06}"))
            .find(|code| !good.contains(code))
            .expect("at most three codes are good")
    }
}

pub fn network(n: u8) -> Prefix {
    Prefix::of(IpAddr::V4(Ipv4Addr::new(192, 0, n, 1)))
}

pub fn text(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.to_owned())
}

/// The code of an error, or `ok`.
pub fn code<T>(result: Result<T, AuthError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

/// Unwraps without asking for `Debug`, which these types do not have.
#[track_caller]
pub fn ok<T>(result: Result<T, AuthError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

impl Rig {
    pub async fn new(db: TestDb) -> Self {
        let store = db.open().await;
        let entropy: Arc<dyn Entropy> = Arc::new(Seeded(Mutex::new(StdRng::seed_from_u64(7))));
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let passwords = ok(Passwords::new(cheap, 2, &*entropy));
        Self {
            staff: StaffAuth::new(store.clone(), passwords.clone(), entropy.clone()),
            guests: GuestAuth::new(store.clone(), entropy.clone()),
            tokens: JoinTokens::new(store.clone(), entropy.clone()),
            passwords,
            entropy,
            org: store.default_org(),
            now: NOON,
            store,
            _db: db,
        }
    }

    pub fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    pub fn pass_s(&mut self, s: i64) {
        self.pass(Duration::from_s(s));
    }

    pub async fn add(&self, email: &str, role: UserRole) -> (UserId, Secret) {
        let new = NewStaff { email, name: NAME, role };
        ok(self.staff.add(self.org, Actor::System, &new, self.now).await)
    }

    /// Ana, who followed her invitation to the end. Takes a minute, so that her next code is new.
    pub async fn enrolled(&mut self) -> Person {
        let (user, link) = self.add(EMAIL, UserRole::Clinician).await;
        let step = ok(self.staff.use_link(&link.to_text(), Some(text(PASSWORD)), self.now).await);
        assert_eq!(step.next, Next::Enrol);
        let person = self.enrol(user, step).await;
        self.pass_s(60);
        person
    }

    pub async fn enrol(&self, user: UserId, step: Step) -> Person {
        let cookie = step.session.expect("a partial session");
        let enrolment = ok(self.staff.enrol_start(&cookie, self.now).await);
        let phone = Phone::from_base32(&enrolment.secret);
        let done = ok(self.staff.enrol_finish(&cookie, &phone.code(self.now), self.now).await);
        let recovery_codes =
            done.recovery_codes.iter().map(|code| code.to_text().to_string()).collect();
        let session = done.session.expect("signed in by it");
        Person { user, phone, recovery_codes, session }
    }

    pub async fn password(&self, email: &str, password: &str) -> Result<Step, AuthError> {
        self.staff.sign_in(self.org, email, text(password), network(1), self.now).await
    }

    /// Ana's partial session.
    pub async fn partial(&self) -> Secret {
        let step = ok(self.password(EMAIL, PASSWORD).await);
        assert_eq!(step.next, Next::Code);
        step.session.expect("a partial session")
    }

    pub async fn code(&self, cookie: &Secret, code: &str) -> Result<Step, AuthError> {
        self.staff.code(cookie, code, network(1), self.now).await
    }

    /// A full session of Ana's. Takes a minute, so that the next code is new.
    pub async fn full(&mut self, person: &Person) -> Secret {
        let partial = self.partial().await;
        let step = ok(self.code(&partial, &person.phone.code(self.now)).await);
        assert_eq!(step.next, Next::Done);
        self.pass_s(60);
        step.session.expect("a full session")
    }

    /// A visit of `host` with a patient and an interpreter. With `born`, the patient is asked.
    pub async fn visit(&self, n: u128, host: UserId, born: Option<&str>) -> (VisitId, [SeatId; 2]) {
        let visit = VisitId::new(NOON.unix_ms(), n);
        let seats = [1, 2].map(|seat| SeatId::new(NOON.unix_ms(), 10 * n + seat));
        let person = |name: &str, dob: Option<&str>| PersonSecret {
            name: name.to_owned(),
            email: None,
            dob: dob.map(str::to_owned),
        };
        let rows = [
            SeatRow::invited(seats[0], Role::Patient, person("Paciente", born), NOON),
            SeatRow::invited(seats[1], Role::Interpreter, person("Intérprete", None), NOON),
        ];
        let row = VisitRow {
            options: VisitOptions { second_check: born.is_some(), ..VisitOptions::default() },
            ..VisitRow::booked(visit, host, NOON.plus(Duration::from_min(60)), 20, NOON)
        };
        let mut tx = self.store.begin(self.org, self.now).await.expect("begins");
        tx.create_visit(&row, &rows).await.expect("a visit");
        tx.commit_plain("a test").await.expect("commits");
        (visit, seats)
    }

    /// A link that is good for a day.
    pub async fn link(&self, visit: VisitId, seat: SeatId) -> String {
        let mut tx = self.store.begin(self.org, self.now).await.expect("begins");
        let until = self.now.plus(Duration::from_min(24 * 60));
        let issued = self.guests.issue(&mut tx, Actor::System, visit, seat, until).await;
        let (secret, events) = ok(issued);
        tx.commit_with(events).await.expect("commits");
        secret.to_text().to_string()
    }

    /// Sets the state of a visit or of its first seat.
    pub async fn change(&self, visit: VisitId, change: impl FnOnce(&mut VisitRow, &mut SeatRow)) {
        let mut tx = self.store.begin(self.org, self.now).await.expect("begins");
        let mut loaded = tx.load_visit(visit).await.expect("loads").expect("is there");
        change(&mut loaded.visit, &mut loaded.seats[0]);
        tx.save_visit(&loaded.visit, &loaded.seats).await.expect("saves");
        tx.commit_plain("a test").await.expect("commits");
    }

    /// The log so far, in the order of time.
    pub async fn log(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for writer in self.store.audit_writers().await.expect("writers") {
            let page = self.store.audit_page(&writer.writer, 0, 1_000).await.expect("a page");
            assert!(page.next_seq.is_none(), "the test log fits one page");
            entries.extend(page.entries.iter().map(|e| Entry::parse(&e.bytes).expect("parses")));
        }
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    /// How many entries of a kind there are, done and refused.
    pub async fn logged(&self, kind: Kind) -> (usize, usize) {
        let log = self.log().await;
        let of_kind = || log.iter().filter(|entry| entry.kind == kind);
        let done = of_kind().filter(|entry| matches!(entry.outcome, Outcome::Ok)).count();
        (done, of_kind().count() - done)
    }
}
