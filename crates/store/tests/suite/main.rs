//! One suite, run on SQLite and on PostgreSQL: the two must not differ in anything that a caller
//! can see.

mod audit_log;
mod audit_tree;
mod dump;
mod faults;
mod inspecting;
mod kept;
mod keys;
mod once;
mod people;
mod probing;
mod sealing;
mod support;
mod visits;
mod words;

/// Makes every named check a test on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(store::testing::TestDb::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(store::testing::TestDb::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
