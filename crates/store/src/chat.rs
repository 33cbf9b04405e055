//! Chat: numbered without gaps within a visit, stored once however often it is sent, sealed under
//! the visit's key.

use crate::row::{Cols, sql, to_int};
use crate::{MAX_PAGE, Reader, Result, StoreError, Tx};
use keys::{DataKey, SealPurpose, Zeroizing};
use sqlx::any::AnyRow;
use visit::{ChatSeq, SeatId, Timestamp, VisitId};

/// A message to be stored.
pub struct NewChat<'a> {
    /// Who wrote it.
    pub seat: SeatId,
    /// The sender's own name for it, unique within the seat; a resend carries the same one.
    pub client_id: &'a str,
    /// The only person besides the sender who may read it; `None` for everybody in the room.
    pub audience: Option<SeatId>,
    /// The text.
    pub body: &'a str,
}

/// A stored message.
#[derive(Clone)]
pub struct ChatRow {
    /// Its place in the visit: 1, 2, 3, …
    pub seq: ChatSeq,
    /// Who wrote it.
    pub seat: SeatId,
    /// The sender's own name for it.
    pub client_id: String,
    /// The only person besides the sender who may read it; `None` for everybody in the room.
    pub audience: Option<SeatId>,
    /// The text.
    pub body: Zeroizing<String>,
    /// When it was stored.
    pub at: Timestamp,
}

/// What became of a message.
pub enum Posted {
    /// It was stored now.
    New(ChatRow),
    /// It had been stored before; this is the stored one.
    Again(ChatRow),
}

const TABLE: &str = "chat_messages";

macro_rules! select_chat {
    ($rest:literal) => {
        concat!(
            "SELECT seq, seat_id, client_id, audience_seat_id, body_sealed, sent_at \
             FROM chat_messages ",
            $rest
        )
    };
}

impl Reader {
    /// Messages after number `after`, oldest first, at most `limit` (and [`MAX_PAGE`]) of them.
    /// All are returned, whoever they are for: the caller filters by audience.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when a message does not open.
    pub async fn chat_after(
        &mut self,
        visit: VisitId,
        after: ChatSeq,
        limit: u32,
    ) -> Result<Vec<ChatRow>> {
        let query = sql(select_chat!(
            "WHERE org = $1 AND visit_id = $2 AND seq > $3 ORDER BY seq LIMIT $4"
        ))
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(to_int(after)?)
        .bind(i64::from(limit.clamp(1, MAX_PAGE)));
        let rows = self.all(query).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.visit_key(visit).await?;
        rows.iter().map(|row| self.read_chat(&key, visit, row)).collect()
    }

    fn read_chat(&self, key: &DataKey, visit: VisitId, row: &AnyRow) -> Result<ChatRow> {
        let cols = Cols(row);
        let seq = cols.count("seq")?;
        let place = place(visit, seq);
        let aad = self.aad(TABLE, "body_sealed", &place);
        let plain = key.open(SealPurpose::Chat, &aad, &cols.bytes("body_sealed")?)?;
        let body = std::str::from_utf8(&plain).map_err(|_| StoreError::Corrupt("body_sealed"))?;
        Ok(ChatRow {
            seq,
            seat: cols.id("seat_id", SeatId::parse)?,
            client_id: cols.text("client_id")?,
            audience: cols.opt_id("audience_seat_id", SeatId::parse)?,
            body: Zeroizing::new(body.to_owned()),
            at: cols.time("sent_at")?,
        })
    }
}

impl Tx {
    /// Stores a message, or finds the one stored when it was sent before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a visit or seat.
    pub async fn post_chat(&mut self, visit: VisitId, new: &NewChat<'_>) -> Result<Posted> {
        // From here on this visit's messages are ours: the number cannot be taken, and a resend
        // that runs at the same time waits and then finds the message.
        let last = self.lock_visit(visit).await?;
        let key = self.visit_key(visit).await?;
        let query = sql(select_chat!(
            "WHERE org = $1 AND visit_id = $2 AND seat_id = $3 AND client_id = $4"
        ))
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(new.seat.to_text())
        .bind(new.client_id.to_owned());
        if let Some(row) = self.one(query).await? {
            return self.read_chat(&key, visit, &row).map(Posted::Again);
        }

        let seq = last + 1;
        let place = place(visit, seq);
        let aad = self.aad(TABLE, "body_sealed", &place);
        let sealed = key.seal(SealPurpose::Chat, &aad, new.body.as_bytes())?;
        let query = sql("INSERT INTO chat_messages (org, visit_id, seq, seat_id, client_id, \
             audience_seat_id, body_sealed, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(to_int(seq)?)
        .bind(new.seat.to_text())
        .bind(new.client_id.to_owned())
        .bind(new.audience.map(SeatId::to_text))
        .bind(sealed)
        .bind(self.now().0);
        self.run(query).await?;
        let query = sql("UPDATE visits SET last_chat_seq = $3 WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(visit.to_text())
            .bind(to_int(seq)?);
        self.run(query).await?;
        Ok(Posted::New(ChatRow {
            seq,
            seat: new.seat,
            client_id: new.client_id.to_owned(),
            audience: new.audience,
            body: Zeroizing::new(new.body.to_owned()),
            at: self.now(),
        }))
    }

    /// Locks a visit's row until the transaction ends; gives the number of its last chat message.
    pub(crate) async fn lock_visit(&mut self, visit: VisitId) -> Result<ChatSeq> {
        let query = sql("UPDATE visits SET last_chat_seq = last_chat_seq \
             WHERE org = $1 AND id = $2 RETURNING last_chat_seq")
        .bind(self.org_text())
        .bind(visit.to_text());
        let row = self.one(query).await?.ok_or(StoreError::NotFound)?;
        Cols(&row).count("last_chat_seq")
    }
}

fn place(visit: VisitId, seq: ChatSeq) -> String {
    format!("{}/{seq}", visit.to_text())
}
