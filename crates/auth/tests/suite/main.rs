//! The services on a real store, run on SQLite and on PostgreSQL. Time is virtual throughout.

mod accounts;
mod check_keys;
mod factor;
mod guests;
mod outside;
mod passkeys;
mod sessions;
mod sign_in;
mod support;
mod tokens;

/// Makes every named check a test on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::Rig::new(store::testing::TestDb::sqlite()).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = store::testing::TestDb::postgres().await;
                super::$name(crate::support::Rig::new(db).await).await;
            })*
        }
    };
}
pub(crate) use on_both;
