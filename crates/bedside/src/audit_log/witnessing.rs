//! Takes the log's checkpoint to its witnesses while the server runs.
//!
//! What they signed is kept beside the log as `checkpoint.witnessed`. The newest checkpoint is at most
//! half a second old and hardly ever witnessed; a checker takes both.

use super::folder::Files;
use super::http::Place;
use crate::config::WitnessSetting;
use crate::error::Failure;
use audit::merkle::prove_consistency;
use audit::tile::CHECKPOINT_PATH;
use audit::witness::AddCheckpoint;
use audit::{Checkpoint, Note, Signature, VerifyKey, WITNESSED_PATH};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long what nobody has witnessed may grow.
const EVERY: Duration = Duration::from_secs(10);
/// An unchanged log is witnessed anew after this many rounds, so that it stays fresh.
const ROUNDS_UNCHANGED: u32 = 360;

/// A witness that the log goes to.
pub struct Line {
    place: Place,
    key: VerifyKey,
    /// Size of what it signed last, as far as we know.
    size: u64,
}

impl Line {
    /// Takes the settings of a witness.
    ///
    /// # Errors
    /// [`Failure::Usage`] when address or key is none.
    pub fn new(setting: &WitnessSetting) -> Result<Self, Failure> {
        let place = Place::parse(&setting.url)
            .ok_or_else(|| Failure::Usage("audit.witnesses: url begins with https://".into()))?;
        let key = VerifyKey::parse(&setting.key)
            .map_err(|error| Failure::Usage(format!("audit.witnesses: {error}")))?;
        Ok(Self { place, key, size: 0 })
    }

    async fn ask(&mut self, files: &Files, note: &Note, said: &Checkpoint) -> Asked {
        // Twice: the first answer may be where the witness stands.
        for _ in 0..2 {
            let mut get = |node| files.node(node, said.size);
            let Ok(Some(proof)) = prove_consistency(self.size, said.size, &mut get) else {
                return Asked::Broken;
            };
            let request = AddCheckpoint { old_size: self.size, proof, note: note.clone() };
            let Ok((status, body)) = self.place.post("add-checkpoint", request.to_text()).await
            else {
                return Asked::Away;
            };
            let text = String::from_utf8_lossy(&body);
            match (status, text.trim_end().parse::<u64>()) {
                (200, _) => return self.read(note, &text, said.size),
                (409, Ok(theirs)) if theirs > said.size => return Asked::Ahead(theirs),
                (409, Ok(theirs)) if theirs != self.size => self.size = theirs,
                (409 | 422, _) => return Asked::Forked,
                (status, _) => return Asked::Refused(status),
            }
        }
        Asked::Away
    }

    fn read(&mut self, note: &Note, lines: &str, size: u64) -> Asked {
        let found =
            lines.lines().filter_map(|line| Signature::parse(line).ok()).find(|signature| {
                let mut signed = note.clone();
                signed.signatures.retain(|s| s.id != signature.id || s.name != signature.name);
                signed.put(signature.clone());
                self.key.verify(&signed).is_ok()
            });
        match found {
            Some(signature) => {
                self.size = size;
                Asked::Signed(signature)
            }
            None => Asked::Refused(200),
        }
    }
}

/// What came of it.
enum Asked {
    Signed(Signature),
    /// Not reached just now.
    Away,
    /// Our own files do not make a proof.
    Broken,
    /// It signed a longer log than ours.
    Ahead(u64),
    /// It signed another history.
    Forked,
    /// Anything else, by its HTTP status.
    Refused(u16),
}

/// Goes to the witnesses again and again. Ends never; the server drops it.
pub async fn keep(folder: PathBuf, mut lines: Vec<Line>) {
    let files = Files::Folder(folder.clone());
    let mut ticks = tokio::time::interval(EVERY);
    let (mut last, mut rounds) = (None, 0);
    loop {
        ticks.tick().await;
        let Ok(Some(bytes)) = files.get(CHECKPOINT_PATH) else { continue };
        if last.as_ref() == Some(&bytes) && rounds < ROUNDS_UNCHANGED {
            rounds += 1;
            continue;
        }
        let Ok(mut note) = Note::parse(&bytes) else { continue };
        let Ok(said) = Checkpoint::parse(&note.text) else { continue };
        let mut all_signed = true;
        let before = note.signatures.len();
        for line in &mut lines {
            let asked = line.ask(&files, &note, &said).await;
            all_signed &= matches!(asked, Asked::Signed(_));
            match asked {
                Asked::Signed(signature) => note.put(signature),
                Asked::Away => tracing::warn!("a witness of the audit log cannot be reached"),
                Asked::Broken => tracing::error!("files of the audit log are damaged"),
                Asked::Ahead(theirs) => tracing::error!(
                    code = "audit_shorter",
                    theirs,
                    ours = said.size,
                    "a witness signed a longer audit log than this one: the data was restored from an \
                     older copy. Bring the entries back: bedside audit recover --from-tiles"
                ),
                Asked::Forked => tracing::error!(
                    code = "audit_forked",
                    "a witness signed another audit log than this one. Keep everything as it is, and \
                     look for who changed it"
                ),
                Asked::Refused(status) => {
                    tracing::warn!(
                        status,
                        "a witness of the audit log refuses. See [audit] in the settings"
                    );
                }
            }
        }
        if note.signatures.len() > before && write(&folder, &note).is_err() {
            tracing::warn!("the witnessed checkpoint cannot be written");
            all_signed = false;
        }
        if all_signed {
            if last.is_none() {
                tracing::info!("the audit log is witnessed");
            }
            (last, rounds) = (Some(bytes), 0);
        }
    }
}

fn write(folder: &Path, note: &Note) -> std::io::Result<()> {
    let path = folder.join(WITNESSED_PATH);
    let beside = folder.join(format!("{WITNESSED_PATH}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(note.to_text().as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}
