//! People and visits for the tests.

use store::testing::NOON;
use store::{
    NewUser, PersonSecret, SeatRow, SecretHash, StaffSecret, Store, StoreError, Tx, UserRole,
    VisitRow, VisitText,
};
use visit::{Role, SeatId, Timestamp, UserId, VisitId};

pub const MINUTE: i64 = 60_000_000;

pub fn at(minutes: i64) -> Timestamp {
    Timestamp(NOON.0 + minutes * MINUTE)
}

pub fn user_id(n: u128) -> UserId {
    UserId::new(NOON.unix_ms(), n)
}

pub fn visit_id(n: u128) -> VisitId {
    VisitId::new(NOON.unix_ms(), n)
}

pub fn seat_id(n: u128) -> SeatId {
    SeatId::new(NOON.unix_ms(), n)
}

pub fn hash(secret: &str) -> SecretHash {
    SecretHash::of(secret.as_bytes())
}

pub fn new_user(n: u128) -> NewUser {
    NewUser {
        id: user_id(n),
        role: UserRole::Clinician,
        person: StaffSecret {
            name: format!("Clinician {n}"),
            email: format!("Clinician{n}@Clinic.example"),
        },
    }
}

pub fn new_visit(n: u128, host: UserId) -> VisitRow {
    VisitRow {
        text: VisitText { title: Some(format!("Visit {n}")), note: None },
        ..VisitRow::booked(visit_id(n), host, at(n as i64 * 30), 20, NOON)
    }
}

pub fn new_seat(n: u128, role: Role) -> SeatRow {
    let person = PersonSecret {
        name: format!("Person {n}"),
        email: Some(format!("person{n}@home.example")),
        dob: Some("1970-01-02".to_owned()),
    };
    SeatRow::invited(seat_id(n), role, person, NOON)
}

/// A transaction of the default organisation.
pub async fn begin(store: &Store) -> Tx {
    store.begin(store.default_org(), NOON).await.expect("begins")
}

pub async fn commit(tx: Tx) {
    tx.commit_plain("a test").await.expect("commits");
}

/// A store with user 1, visit 1 (host: user 1) and its seats 1 (patient) and 2 (interpreter).
pub async fn with_visit(store: &Store) {
    let mut tx = begin(store).await;
    tx.create_user(&new_user(1)).await.expect("a user");
    let seats = [new_seat(1, Role::Patient), new_seat(2, Role::Interpreter)];
    tx.create_visit(&new_visit(1, user_id(1)), &seats).await.expect("a visit");
    commit(tx).await;
}

pub fn code<T>(result: Result<T, StoreError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}
