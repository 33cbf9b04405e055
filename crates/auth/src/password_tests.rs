use super::*;
use crate::SystemEntropy;

/// Cheap enough for many hashes in a test.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn passwords(cost: Cost, at_once: usize) -> Passwords {
    Passwords::new(cost, at_once, &SystemEntropy).unwrap()
}

fn text(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.to_owned())
}

#[tokio::test]
async fn the_standard_cost_is_in_the_hash_and_it_checks() {
    let passwords = passwords(Cost::STANDARD, 2);
    let stored = passwords.hash(text("one two three four"), &SystemEntropy).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "another form of hash");
    let right = passwords.check(text("one two three four"), Some(stored.clone())).await.unwrap();
    assert_eq!(right, Checked { right: true, rehash: false });
    let wrong = passwords.check(text("one two three fout"), Some(stored)).await.unwrap();
    assert_eq!(wrong, Checked { right: false, rehash: false });
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let passwords = passwords(CHEAP, 1);
    let first = passwords.hash(text("x"), &SystemEntropy).await.unwrap();
    let second = passwords.hash(text("x"), &SystemEntropy).await.unwrap();
    assert!(first != second);
}

#[tokio::test]
async fn a_missing_hash_costs_one_hash_too_and_is_never_right() {
    let passwords = passwords(CHEAP, 1);
    let stored = passwords.hash(text("x"), &SystemEntropy).await.unwrap();
    let before = passwords.hashes();
    passwords.check(text("y"), Some(stored)).await.unwrap();
    let present = passwords.hashes() - before;
    let absent = passwords.check(text("y"), None).await.unwrap();
    assert_eq!(passwords.hashes() - before - present, present);
    assert_eq!(absent, Checked { right: false, rehash: false });
}

#[tokio::test]
async fn another_cost_asks_for_a_new_hash_only_when_right() {
    let old = passwords(CHEAP, 1);
    let stored = old.hash(text("x"), &SystemEntropy).await.unwrap();
    let new = passwords(Cost { passes: 2, ..CHEAP }, 1);
    let checked = new.check(text("x"), Some(stored.clone())).await.unwrap();
    assert_eq!(checked, Checked { right: true, rehash: true });
    let checked = new.check(text("y"), Some(stored)).await.unwrap();
    assert_eq!(checked, Checked { right: false, rehash: false });
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_and_not_a_yes() {
    let passwords = passwords(CHEAP, 1);
    for stored in ["", "x", "$argon2id$", "$argon2id$v=19$m=1,t=0,p=0$AAAA$AAAA", "$5$salt$hash"] {
        let result = passwords.check(text("x"), Some(stored.to_owned())).await;
        let refused = match result {
            Ok(checked) => !checked.right,
            Err(error) => matches!(error, AuthError::Internal(_)),
        };
        assert!(refused, "{stored}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_is_bounded_and_the_rest_is_refused() {
    // Large enough that none is done before all were asked for.
    let passwords = passwords(Cost::STANDARD, 1);
    let stored = passwords.hash(text("x"), &SystemEntropy).await.unwrap();
    let places = 1 + WAITING_PER_RUNNING;
    let asked = 3 * places;
    let gate = Arc::new(tokio::sync::Barrier::new(asked));
    let tasks: Vec<_> = (0..asked)
        .map(|_| {
            let (passwords, stored, gate) = (passwords.clone(), stored.clone(), gate.clone());
            tokio::spawn(async move {
                gate.wait().await;
                passwords.check(text("x"), Some(stored)).await
            })
        })
        .collect();
    let (mut right, mut busy) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(checked) => right += usize::from(checked.right),
            Err(AuthError::Busy) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(right + busy, asked);
    assert!(right >= places && busy > 0, "{right} right, {busy} busy");
    // Afterwards there is room again.
    assert!(passwords.check(text("x"), Some(stored)).await.unwrap().right);
}
