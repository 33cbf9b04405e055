//! What must happen exactly once does, however many ask at the same time.

use crate::on_both;
use crate::support::{at, begin, commit, hash, new_user, seat_id, user_id, visit_id, with_visit};
use std::sync::Arc;
use store::testing::TestDb;
use store::{
    JoinSubject, JoinToken, LinkOpening, NewChat, NewSeatLink, Posted, StaffLinkPurpose, Store,
    StoreError, Tx,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use visit::Duration;

on_both!(
    a_join_token_is_taken_once,
    a_staff_link_is_consumed_once,
    a_totp_step_is_used_once,
    a_recovery_code_is_used_once,
    a_link_is_first_opened_once,
    tries_never_exceed_the_limit,
    every_failure_counts,
    one_of_many_saves_wins,
    resends_at_once_are_one_message,
    chat_from_many_has_no_gap,
);

const MANY: usize = 50;

/// Runs `work` in fifty tasks that start together, each in a transaction of its own that is
/// committed when the work says so. Gives all answers.
async fn all_at_once<T, F>(store: &Store, work: F) -> Vec<T>
where
    T: Send + 'static,
    F: AsyncWork<T>,
{
    let barrier = Arc::new(Barrier::new(MANY));
    let work = Arc::new(work);
    let mut tasks = JoinSet::new();
    for n in 0..MANY {
        let (store, barrier, work) = (store.clone(), barrier.clone(), work.clone());
        tasks.spawn(async move {
            barrier.wait().await;
            loop {
                let result = attempt(&store, &*work, n).await;
                match result {
                    // Fifty writers may outwait the lock on a slow machine: the caller's retry.
                    Err(error) if error.is_passing() => {}
                    other => break other.expect("works"),
                }
            }
        });
    }
    tasks.join_all().await
}

async fn attempt<T, F: AsyncWork<T>>(store: &Store, work: &F, n: usize) -> Result<T, StoreError> {
    let mut tx = store.begin(store.default_org(), at(0)).await?;
    let answer = work.run(&mut tx, n).await?;
    tx.commit_plain("a test").await?;
    Ok(answer)
}

/// A step inside a transaction. (A closure cannot say yet that its future is `Send`.)
trait AsyncWork<T>: Send + Sync + 'static {
    fn run(
        &self,
        tx: &mut Tx,
        n: usize,
    ) -> impl std::future::Future<Output = Result<T, StoreError>> + Send;
}

macro_rules! work {
    ($name:ident -> $out:ty, |$tx:ident, $n:ident| $body:expr) => {
        struct $name;
        impl AsyncWork<$out> for $name {
            async fn run(&self, $tx: &mut Tx, $n: usize) -> Result<$out, StoreError> {
                $body
            }
        }
    };
}

fn count(answers: &[bool]) -> usize {
    answers.iter().filter(|yes| **yes).count()
}

async fn a_join_token_is_taken_once(db: TestDb) {
    work!(Take -> bool, |tx, _n| Ok(tx.take_join_token(hash("t")).await?.is_some()));
    let store = db.open().await;
    let mut tx = begin(&store).await;
    let subject = JoinSubject::Seat { visit: visit_id(1), seat: seat_id(1) };
    let token = JoinToken { subject, device: None, expires_at: at(1) };
    tx.put_join_token(hash("t"), &token).await.expect("puts");
    let expired = JoinToken { expires_at: at(0), ..token };
    tx.put_join_token(hash("expired"), &expired).await.expect("puts");
    commit(tx).await;
    assert_eq!(count(&all_at_once(&store, Take).await), 1);
    let mut tx = begin(&store).await;
    assert!(tx.take_join_token(hash("expired")).await.expect("runs").is_none());
}

async fn a_staff_link_is_consumed_once(db: TestDb) {
    work!(Consume -> bool, |tx, _n| Ok(tx.consume_staff_link(hash("l")).await?.is_some()));
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    tx.create_staff_link(hash("l"), user_id(1), StaffLinkPurpose::Enrol, at(9))
        .await
        .expect("made");
    commit(tx).await;
    assert_eq!(count(&all_at_once(&store, Consume).await), 1);
}

async fn a_totp_step_is_used_once(db: TestDb) {
    work!(Step -> bool, |tx, _n| tx.use_totp_step(user_id(1), 8).await);
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    tx.set_pending_totp(user_id(1), b"seed").await.expect("stores");
    assert!(tx.confirm_totp(user_id(1), 7).await.expect("runs"));
    commit(tx).await;
    assert_eq!(count(&all_at_once(&store, Step).await), 1);
}

async fn a_recovery_code_is_used_once(db: TestDb) {
    work!(Use -> bool, |tx, _n| tx.use_recovery_code(user_id(1), hash("code")).await);
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    tx.replace_recovery_codes(user_id(1), &[hash("code")]).await.expect("stores");
    commit(tx).await;
    assert_eq!(count(&all_at_once(&store, Use).await), 1);
}

async fn a_link_is_first_opened_once(db: TestDb) {
    work!(Open -> bool, |tx, _n| {
        Ok(tx.open_seat_link(hash("l")).await? == LinkOpening::First)
    });
    let store = db.open().await;
    with_link(&store, 5).await;
    assert_eq!(count(&all_at_once(&store, Open).await), 1);
}

async fn tries_never_exceed_the_limit(db: TestDb) {
    work!(Try -> bool, |tx, _n| Ok(tx.use_link_try(hash("l")).await?.is_some()));
    let store = db.open().await;
    with_link(&store, 5).await;
    assert_eq!(count(&all_at_once(&store, Try).await), 5);
}

async fn with_link(store: &Store, tries: u32) {
    with_visit(store).await;
    let mut tx = begin(store).await;
    let link = NewSeatLink {
        hash: hash("l"),
        visit: visit_id(1),
        seat: seat_id(1),
        expires_at: at(60),
        tries,
    };
    tx.create_seat_link(&link).await.expect("made");
    commit(tx).await;
}

async fn every_failure_counts(db: TestDb) {
    work!(Fail -> u32, |tx, _n| {
        Ok(tx.record_failure(hash("k"), Duration::from_min(15)).await?.failures)
    });
    let store = db.open().await;
    let mut counts = all_at_once(&store, Fail).await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=MANY as u32).collect::<Vec<_>>());
}

async fn one_of_many_saves_wins(db: TestDb) {
    work!(Save -> bool, |tx, _n| {
        let found = tx.load_visit(visit_id(1)).await?.ok_or(StoreError::NotFound)?;
        let mut visit = found.visit;
        // Everybody read version 1 before anybody saved.
        visit.version = 1;
        match tx.save_visit(&visit, &[]).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(other) => Err(other),
        }
    });
    let store = db.open().await;
    with_visit(&store).await;
    assert_eq!(count(&all_at_once(&store, Save).await), 1);
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let found = reader.load_visit(visit_id(1)).await.expect("reads").expect("there");
    assert_eq!(found.visit.version, 2);
}

async fn resends_at_once_are_one_message(db: TestDb) {
    work!(Resend -> (bool, u64), |tx, _n| {
        let new = NewChat { seat: seat_id(1), client_id: "same", audience: None, body: "once" };
        Ok(match tx.post_chat(visit_id(1), &new).await? {
            Posted::New(row) => (true, row.seq),
            Posted::Again(row) => (false, row.seq),
        })
    });
    let store = db.open().await;
    with_visit(&store).await;
    let answers = all_at_once(&store, Resend).await;
    assert_eq!(answers.iter().filter(|(new, _)| *new).count(), 1);
    assert!(answers.iter().all(|(_, seq)| *seq == 1));
}

async fn chat_from_many_has_no_gap(db: TestDb) {
    work!(Post -> u64, |tx, n| {
        let client_id = n.to_string();
        let new =
            NewChat { seat: seat_id(1), client_id: &client_id, audience: None, body: "text" };
        match tx.post_chat(visit_id(1), &new).await? {
            Posted::New(row) => Ok(row.seq),
            Posted::Again(_) => Err(StoreError::Conflict),
        }
    });
    let store = db.open().await;
    with_visit(&store).await;
    let mut seqs = all_at_once(&store, Post).await;
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=MANY as u64).collect::<Vec<_>>());
}
