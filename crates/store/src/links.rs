//! Guests' links, and the devices that a seat is bound to.

use crate::row::{Cols, micros, sql};
use crate::{Reader, Result, SecretHash, StoreError, Tx};
use sqlx::any::AnyRow;
use visit::{SeatId, Timestamp, VisitId};

/// A link to be made.
pub struct NewSeatLink {
    /// Hash of the secret in the link.
    pub hash: SecretHash,
    /// The visit.
    pub visit: VisitId,
    /// The seat in it.
    pub seat: SeatId,
    /// Until when it may be opened.
    pub expires_at: Timestamp,
    /// How often the second check may be tried.
    pub tries: u32,
}

/// A guest's link. Whether it is expired or revoked is for the caller to judge.
#[derive(Clone)]
pub struct SeatLinkRow {
    /// Hash of the secret in the link.
    pub hash: SecretHash,
    /// The visit.
    pub visit: VisitId,
    /// The seat in it.
    pub seat: SeatId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it may be opened.
    pub expires_at: Timestamp,
    /// When it was opened first.
    pub opened_at: Option<Timestamp>,
    /// When it was made useless.
    pub revoked_at: Option<Timestamp>,
    /// How many tries of the second check are left.
    pub tries_left: u32,
}

/// What opening a link was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOpening {
    /// The first time.
    First,
    /// Not the first time.
    Again,
}

macro_rules! select_links {
    ($rest:literal) => {
        concat!(
            "SELECT link_hash, visit_id, seat_id, created_at, expires_at, opened_at, revoked_at, \
             tries_left FROM seat_links ",
            $rest
        )
    };
}

fn read_link(row: &AnyRow) -> Result<SeatLinkRow> {
    let cols = Cols(row);
    Ok(SeatLinkRow {
        hash: cols.hash("link_hash")?,
        visit: cols.id("visit_id", VisitId::parse)?,
        seat: cols.id("seat_id", SeatId::parse)?,
        created_at: cols.time("created_at")?,
        expires_at: cols.time("expires_at")?,
        opened_at: cols.opt_time("opened_at")?,
        revoked_at: cols.opt_time("revoked_at")?,
        tries_left: cols.count("tries_left")?,
    })
}

impl Reader {
    /// A link by the hash of its secret.
    ///
    /// # Errors
    /// What the database says.
    pub async fn seat_link(&mut self, hash: SecretHash) -> Result<Option<SeatLinkRow>> {
        let query = sql(select_links!("WHERE org = $1 AND link_hash = $2"))
            .bind(self.org_text())
            .bind(hash.0.to_vec());
        self.one(query).await?.map(|row| read_link(&row)).transpose()
    }

    /// All links of a seat, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn links_of_seat(
        &mut self,
        visit: VisitId,
        seat: SeatId,
    ) -> Result<Vec<SeatLinkRow>> {
        let query = sql(select_links!(
            "WHERE org = $1 AND visit_id = $2 AND seat_id = $3 \
             ORDER BY created_at DESC, link_hash"
        ))
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text());
        self.all(query).await?.iter().map(read_link).collect()
    }

    /// The seats that a device is bound to, latest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn seats_of_device(&mut self, device: SecretHash) -> Result<Vec<(VisitId, SeatId)>> {
        let query = sql("SELECT visit_id, seat_id FROM device_bindings \
             WHERE org = $1 AND device_hash = $2 ORDER BY bound_at DESC, seat_id")
        .bind(self.org_text())
        .bind(device.0.to_vec());
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                let cols = Cols(row);
                Ok((cols.id("visit_id", VisitId::parse)?, cols.id("seat_id", SeatId::parse)?))
            })
            .collect()
    }

    /// Whether a device is bound to a seat.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_bound(
        &mut self,
        device: SecretHash,
        visit: VisitId,
        seat: SeatId,
    ) -> Result<bool> {
        let query = sql("SELECT bound_at FROM device_bindings \
             WHERE org = $1 AND device_hash = $2 AND visit_id = $3 AND seat_id = $4")
        .bind(self.org_text())
        .bind(device.0.to_vec())
        .bind(visit.to_text())
        .bind(seat.to_text());
        Ok(self.one(query).await?.is_some())
    }

    /// How many devices a seat is bound to.
    ///
    /// # Errors
    /// What the database says.
    pub async fn devices_of_seat(&mut self, visit: VisitId, seat: SeatId) -> Result<u32> {
        let query = sql("SELECT COUNT(*) AS devices FROM device_bindings \
             WHERE org = $1 AND visit_id = $2 AND seat_id = $3")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text());
        match self.one(query).await? {
            None => Ok(0),
            Some(row) => Cols(&row).count("devices"),
        }
    }
}

impl Tx {
    /// Makes a link.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a seat.
    pub async fn create_seat_link(&mut self, link: &NewSeatLink) -> Result<()> {
        let query = sql("INSERT INTO seat_links (link_hash, org, visit_id, seat_id, created_at, \
             expires_at, tries_left) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(link.hash.0.to_vec())
        .bind(self.org_text())
        .bind(link.visit.to_text())
        .bind(link.seat.to_text())
        .bind(self.now().0)
        .bind(link.expires_at.0)
        .bind(i64::from(link.tries));
        self.run(query).await.map(|_| ())
    }

    /// Notes that a good link was opened; exactly one of many at once is the first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the link is unknown, expired or revoked.
    pub async fn open_seat_link(&mut self, hash: SecretHash) -> Result<LinkOpening> {
        // Taking the row first makes a revocation that runs at the same time wait, and then see the
        // device that is bound after this.
        let lock = sql("UPDATE seat_links SET tries_left = tries_left \
             WHERE org = $1 AND link_hash = $2 AND revoked_at IS NULL AND expires_at > $3")
        .bind(self.org_text())
        .bind(hash.0.to_vec())
        .bind(self.now().0);
        if self.run(lock).await? == 0 {
            return Err(StoreError::NotFound);
        }
        let query = sql("UPDATE seat_links SET opened_at = $3 \
             WHERE org = $1 AND link_hash = $2 AND opened_at IS NULL \
             AND revoked_at IS NULL AND expires_at > $3")
        .bind(self.org_text())
        .bind(hash.0.to_vec())
        .bind(self.now().0);
        if self.run(query).await? > 0 {
            return Ok(LinkOpening::First);
        }
        let now = self.now();
        match self.seat_link(hash).await? {
            Some(link) if link.revoked_at.is_none() && link.expires_at > now => {
                Ok(LinkOpening::Again)
            }
            _ => Err(StoreError::NotFound),
        }
    }

    /// Spends one try of the second check and gives how many are left after it. `None` when there
    /// was none to spend, or the link is unknown, expired or revoked. Commit before comparing, so
    /// that many at once cannot try more often than allowed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn use_link_try(&mut self, hash: SecretHash) -> Result<Option<u32>> {
        let query = sql("UPDATE seat_links SET tries_left = tries_left - 1 \
             WHERE org = $1 AND link_hash = $2 AND tries_left > 0 \
             AND revoked_at IS NULL AND expires_at > $3 RETURNING tries_left")
        .bind(self.org_text())
        .bind(hash.0.to_vec())
        .bind(self.now().0);
        self.one(query).await?.map(|row| Cols(&row).count("tries_left")).transpose()
    }

    /// Grants new tries, after staff looked at it or the check was passed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the link is unknown.
    pub async fn reset_link_tries(&mut self, hash: SecretHash, tries: u32) -> Result<()> {
        let query = sql("UPDATE seat_links SET tries_left = $3 WHERE org = $1 AND link_hash = $2")
            .bind(self.org_text())
            .bind(hash.0.to_vec())
            .bind(i64::from(tries));
        match self.run(query).await? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }

    /// Makes all links of a seat useless. Gives their number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke_seat_links(&mut self, visit: VisitId, seat: SeatId) -> Result<u64> {
        let query = sql("UPDATE seat_links SET revoked_at = $4 \
             WHERE org = $1 AND visit_id = $2 AND seat_id = $3 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text())
        .bind(micros(Some(self.now())));
        self.run(query).await
    }

    /// Binds a device to a seat. Binding twice is the same as once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a seat.
    pub async fn bind_device(
        &mut self,
        device: SecretHash,
        visit: VisitId,
        seat: SeatId,
    ) -> Result<()> {
        let query = sql("INSERT INTO device_bindings (device_hash, org, visit_id, seat_id, \
             bound_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (device_hash, org, visit_id, seat_id) DO NOTHING")
        .bind(device.0.to_vec())
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text())
        .bind(self.now().0);
        self.run(query).await.map(|_| ())
    }

    /// Unbinds one device from a seat. `false` when it was not bound.
    ///
    /// # Errors
    /// What the database says.
    pub async fn unbind_device(
        &mut self,
        device: SecretHash,
        visit: VisitId,
        seat: SeatId,
    ) -> Result<bool> {
        let query = sql("DELETE FROM device_bindings \
             WHERE org = $1 AND device_hash = $2 AND visit_id = $3 AND seat_id = $4")
        .bind(self.org_text())
        .bind(device.0.to_vec())
        .bind(visit.to_text())
        .bind(seat.to_text());
        Ok(self.run(query).await? > 0)
    }

    /// Unbinds all devices from a seat. Gives their number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn unbind_seat(&mut self, visit: VisitId, seat: SeatId) -> Result<u64> {
        let query = sql("DELETE FROM device_bindings \
             WHERE org = $1 AND visit_id = $2 AND seat_id = $3")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text());
        self.run(query).await
    }
}
