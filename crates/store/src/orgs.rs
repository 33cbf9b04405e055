//! Organisations.

use crate::db::KeyId;
use crate::row::{Cols, sql, to_json};
use crate::{KeptKind, Reader, Result, StoreError, Tx};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use visit::{OrgId, Timestamp};

/// What a clinic can choose. Unset values follow the program's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrgSettings {
    /// Language of pages and invitations when nothing else is known (BCP 47).
    pub locale: Option<String>,
    /// Time zone of the clinic (IANA name).
    pub time_zone: Option<String>,
    /// Days for which a kind of data is kept after the end of a visit; for ever where it is missing.
    pub kept_days: HashMap<KeptKind, u32>,
}

/// A clinic.
#[derive(Clone)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// The name that patients see.
    pub name: String,
    /// Its choices.
    pub settings: OrgSettings,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Reader {
    /// This organisation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none with this id.
    pub async fn org_row(&mut self) -> Result<OrgRow> {
        let query = sql("SELECT id, name, settings, created_at FROM orgs WHERE id = $1")
            .bind(self.org_text());
        let row = self.one(query).await?.ok_or(StoreError::NotFound)?;
        let cols = Cols(&row);
        Ok(OrgRow {
            id: cols.id("id", OrgId::parse)?,
            name: cols.text("name")?,
            settings: cols.json("settings")?,
            created_at: cols.time("created_at")?,
        })
    }
}

impl Tx {
    /// Makes this transaction's organisation, with its data key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it exists.
    pub async fn make_org(&mut self, name: &str) -> Result<()> {
        let query =
            sql("INSERT INTO orgs (id, name, settings, created_at) VALUES ($1, $2, $3, $4)")
                .bind(self.org_text())
                .bind(name.to_owned())
                .bind(to_json(&OrgSettings::default())?)
                .bind(self.now().0);
        self.run(query).await?;
        let (id, now) = (KeyId::Org(self.org()), self.now());
        self.make_key(id, now).await
    }

    /// Changes the name and the choices.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the organisation does not exist.
    pub async fn save_org(&mut self, name: &str, settings: &OrgSettings) -> Result<()> {
        let query = sql("UPDATE orgs SET name = $2, settings = $3 WHERE id = $1")
            .bind(self.org_text())
            .bind(name.to_owned())
            .bind(to_json(settings)?);
        match self.run(query).await? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }
}
