//! Persistence: one set of repositories on SQLite and on PostgreSQL.
//!
//! # How it is used
//! [`Store::open`] applies the migrations and gives a [`Store`]. Everything else happens for one
//! organisation: [`Store::read`] gives a [`Reader`], which sees one snapshot; [`Store::begin`]
//! gives a [`Tx`], which can do all that a reader can and also write. A transaction ends in one of
//! two ways that nobody can mix up: [`Tx::commit_with`] stores the audit entries of what was done
//! in the same transaction, and [`Tx::commit_plain`] says in words why there are none. Dropping a
//! [`Tx`] undoes it. Entries about something that changes nothing go through [`Store::record`].
//!
//! # What it owns
//! The schema, the sealing of every value that can identify a person, the gapless numbering of
//! audit entries and chat messages, and everything that must happen exactly once (one-time links,
//! join tokens, second checks, TOTP steps).
//!
//! # What it never does
//! It decides nothing: states, permissions, expiry policy and lockout rules are `visit`'s and
//! `auth`'s. It reads no clock, draws no random ids, and writes no stored value to a log or an
//! error.
//!
//! # Where people's data is
//! Names, e-mail addresses, dates of birth, titles, notes, chat, measurements of calls and TOTP seeds
//! are sealed under a data key and bound to their row (crate `keys`); so are words beside audit entries,
//! under a key of the patient. E-mail addresses of staff are found by a keyed
//! index. Secrets that people carry (sessions, links, tokens, devices) are stored as hashes only.

mod attempts;
mod audit_export;
mod audit_log;
mod audit_search;
mod audit_tree;
mod audit_words;
mod chat;
mod consents;
mod data_keys;
mod db;
mod dump;
mod emergency;
mod error;
mod inspect;
mod links;
mod orgs;
mod outside;
mod passkeys;
mod patients;
mod probe;
mod quality;
mod recorder;
mod recover;
mod retention;
mod row;
mod seats;
mod secret;
mod sequencer;
mod sessions;
mod status;
mod target;
#[doc(hidden)]
pub mod testing;
mod tile_folder;
mod tokens;
mod tx;
mod users;
mod visits;

pub use attempts::AttemptRow;
pub use audit_export::AuditRange;
pub use audit_log::{AuditFault, AuditPage, AuditReport, WriterRow};
pub use audit_search::AuditFilter;
pub use audit_tree::{AuditTree, MAX_STEP};
pub use audit_words::WordsFound;
pub use chat::{ChatRow, NewChat, Posted};
pub use consents::ConsentRow;
pub use data_keys::{DataKeyPlace, Rewrapped};
pub use db::{HashKind, Store};
pub use dump::{DumpSummary, Part, dump, restore};
pub use emergency::{EmergencyRow, NewEmergency, ReviewRow};
pub use error::StoreError;
pub use inspect::{Inspection, inspect, peek};
pub use links::{LinkOpening, NewSeatLink, SeatLinkRow};
pub use orgs::{OrgRow, OrgSettings};
pub use passkeys::{PasskeyRow, PasskeySecret, SignInStepRow, StepPurpose};
pub use patients::{HoldRow, PatientRow};
pub use probe::{RowsFound, SealingFound};
pub use quality::QualityRow;
pub use retention::KeptKind;
pub use row::MAX_PAGE;
pub use seats::{BadReport, DeviceReport, SeatRow};
pub use secret::{PersonSecret, SecretHash, StaffSecret, VisitText};
pub use sequencer::{LogTrouble, Sequencer};
pub use sessions::{SessionRow, StaffLink, StaffLinkPurpose};
pub use status::KeyProvider;
pub use target::{Backend, StoreConfig};
pub use tile_folder::{FolderError, TileFolder};
pub use tokens::{JoinSubject, JoinToken};
pub use tx::{Reader, Tx};
pub use users::{NewUser, Totp, UserRole, UserRow, UserState};
pub use visits::{VisitOptions, VisitRow, VisitWithSeats};

/// The result of every call.
pub type Result<T> = std::result::Result<T, StoreError>;
