//! How database and key provider are, for the operator. Looks only.

use crate::row::{Cols, sql};
use crate::target::Backend;
use crate::{Result, Store};

/// The provider of the key-encryption keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProvider {
    /// Which.
    pub name: &'static str,
    /// The version that wraps new data keys.
    pub current_version: u32,
    /// The versions that it has; empty when it does not say.
    pub versions: Vec<u32>,
    /// Why it does not work, as a code; `None` when it does.
    pub trouble: Option<&'static str>,
}

impl Store {
    /// Asks the key provider how it is.
    pub async fn key_provider(&self) -> KeyProvider {
        let kek = &self.shared.kek;
        let asked = self.shared.ask_kek(|kek| {
            kek.health()?;
            kek.versions()
        });
        let (versions, trouble) = match asked.await {
            Ok(versions) => (versions, None),
            Err(crate::StoreError::Sealed(error)) => (Vec::new(), Some(error.code())),
            Err(error) => (Vec::new(), Some(error.code())),
        };
        let (name, current_version) = (kek.provider(), kek.current_version());
        KeyProvider { name, current_version, versions, trouble }
    }

    /// How large the database is, bytes: on SQLite its pages, without what waits in the journal. `None`
    /// when it does not say.
    ///
    /// # Errors
    /// What the database says.
    pub async fn database_bytes(&self) -> Result<Option<u64>> {
        let text = match self.backend() {
            Backend::Sqlite => {
                "SELECT c.page_count * s.page_size AS bytes \
                 FROM pragma_page_count() c, pragma_page_size() s"
            }
            Backend::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
        };
        let row = sql(text).fetch_one(&self.pools.read).await?;
        Ok(u64::try_from(Cols(&row).int("bytes")?).ok())
    }
}
