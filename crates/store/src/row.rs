//! Reading columns, binding values, and enums that are stored as text.

use crate::{Result, SecretHash, StoreError};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, Row as _};
use visit::Timestamp;

/// The most rows that one call returns.
pub const MAX_PAGE: u32 = 1_000;

pub(crate) type Query<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

/// A statement. Only literals are taken, so nothing from outside gets into its text.
pub(crate) fn sql(text: &'static str) -> Query<'static> {
    sqlx::query(text)
}

/// `($1,$2),($3,$4)` for two rows of two values: the text of an INSERT of many rows.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(rows * (columns * 5 + 2));
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=columns {
            // Writing to a String cannot fail.
            let _ =
                write!(text, "{}${}", if column == 1 { "" } else { "," }, row * columns + column);
        }
        text.push(')');
    }
    text
}

/// An enum stored as text that never changes.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stored text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The reverse of [`Self::as_str`].
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
            }
        }
    };
}
pub(crate) use text_enum;

/// One row, read column by column. Whatever does not have the expected form is
/// [`StoreError::Corrupt`], with the name of the column and never its content.
pub(crate) struct Cols<'r>(pub(crate) &'r AnyRow);

impl Cols<'_> {
    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.0.try_get(column)?)
    }

    /// A number that is never negative.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.int(column).map(Timestamp)
    }

    pub(crate) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn opt_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<SecretHash> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map(SecretHash).map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn opt_hash(&self, column: &'static str) -> Result<Option<SecretHash>> {
        match self.opt_bytes(column)? {
            None => Ok(None),
            Some(bytes) => {
                let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt(column))?;
                Ok(Some(SecretHash(bytes)))
            }
        }
    }

    pub(crate) fn id<T>(
        &self,
        column: &'static str,
        parse: fn(&str) -> std::result::Result<T, visit::id::BadId>,
    ) -> Result<T> {
        parse(&self.text(column)?).map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn opt_id<T>(
        &self,
        column: &'static str,
        parse: fn(&str) -> std::result::Result<T, visit::id::BadId>,
    ) -> Result<Option<T>> {
        match self.opt_text(column)? {
            None => Ok(None),
            Some(text) => parse(&text).map(Some).map_err(|_| StoreError::Corrupt(column)),
        }
    }

    /// An enum stored as text.
    pub(crate) fn code<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<T> {
        parse(&self.text(column)?).ok_or(StoreError::Corrupt(column))
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| StoreError::Corrupt(column))
    }
}

/// JSON for a column. Only types of this crate get here, and all of them can be written.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Bug("json".into()))
}

/// A 64-bit count as the database keeps it.
pub(crate) fn to_int(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| StoreError::Bug("number too large".into()))
}

pub(crate) fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(|t| t.0)
}
