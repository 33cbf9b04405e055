//! Takes the log's checkpoint to its witnesses while the server runs. When one of them signed more, or
//! another history, it says so and the log is signed no more.
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
use protocol::system::WitnessStanding;
use server::Clock;
use server::log_status::{Contradiction, LogStatus};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long what nobody has witnessed may grow.
const EVERY: Duration = Duration::from_secs(10);
/// How long the first signature of a run waits for the witnesses' word.
const FIRST_WITHIN: Duration = Duration::from_secs(15);
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

    /// The witness's name, from its key.
    pub fn name(&self) -> &str {
        self.key.name()
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

impl Asked {
    const fn standing(&self) -> Option<WitnessStanding> {
        match self {
            Self::Signed(_) => Some(WitnessStanding::Signed),
            Self::Away => Some(WitnessStanding::Away),
            // Our own fault says nothing about the witness.
            Self::Broken => None,
            Self::Ahead(_) => Some(WitnessStanding::Ahead),
            Self::Forked => Some(WitnessStanding::Forked),
            Self::Refused(_) => Some(WitnessStanding::Refused),
        }
    }
}

/// Asks every witness once for its word on the checkpoint in the folder; none when there is no checkpoint.
/// For who looks only: nothing is kept of what they sign.
pub async fn words(
    folder: PathBuf,
    lines: &mut [Line],
) -> Vec<(WitnessStanding, Option<Contradiction>)> {
    let files = Files::Folder(folder);
    let Some((_, note, said)) = newest(&files) else { return Vec::new() };
    let mut words = Vec::new();
    for line in lines {
        let asked = line.ask(&files, &note, &said).await;
        // Without a proof there was nothing to ask with.
        let standing = asked.standing().unwrap_or(WitnessStanding::NotAsked);
        words.push((standing, against(&asked, said.size)));
    }
    words
}

/// The checkpoint in the folder.
fn newest(files: &Files) -> Option<(Vec<u8>, Note, Checkpoint)> {
    let bytes = files.get(CHECKPOINT_PATH).ok()??;
    let note = Note::parse(&bytes).ok()?;
    let said = Checkpoint::parse(&note.text).ok()?;
    Some((bytes, note, said))
}

const fn against(asked: &Asked, ours: u64) -> Option<Contradiction> {
    match asked {
        Asked::Ahead(theirs) => Some(Contradiction::Ahead { ours, theirs: *theirs }),
        Asked::Forked => Some(Contradiction::Forked { ours }),
        _ => None,
    }
}

/// Goes to the witnesses while the server runs.
pub struct Witnessing {
    folder: PathBuf,
    lines: Vec<Line>,
    status: LogStatus,
    clock: Clock,
    /// Told when all were asked once.
    asked: oneshot::Sender<()>,
}

impl Witnessing {
    /// Takes the lines of the settings, in the order in which `status` knows them. What comes with it is
    /// over when every witness was asked about what stands already, or after [`FIRST_WITHIN`]: a witness
    /// that is away holds nothing up for long.
    pub fn new(
        folder: PathBuf,
        lines: Vec<Line>,
        status: LogStatus,
        clock: Clock,
    ) -> (Self, impl Future<Output = ()>) {
        let (asked, all_asked) = oneshot::channel();
        let first = async move {
            if tokio::time::timeout(FIRST_WITHIN, all_asked).await.is_err() {
                tracing::warn!(
                    "not every witness of the audit log answered; it is signed all the same"
                );
            }
        };
        (Self { folder, lines, status, clock, asked }, first)
    }

    /// Goes again and again. Ends when a witness contradicts the log; else the server drops it.
    pub async fn keep(self) {
        let Self { folder, mut lines, status, clock, asked } = self;
        if lines.is_empty() {
            let _ = asked.send(());
            return;
        }
        let files = Files::Folder(folder.clone());
        let mut ticks = tokio::time::interval(EVERY);
        let (mut last, mut rounds, mut asked) = (None, 0, Some(asked));
        loop {
            ticks.tick().await;
            let found = newest(&files);
            let is_known = found.as_ref().is_some_and(|(bytes, ..)| last.as_ref() == Some(bytes));
            if is_known && rounds < ROUNDS_UNCHANGED {
                rounds += 1;
                continue;
            }
            if let Some((bytes, mut note, said)) = found {
                let before = note.signatures.len();
                let mut all_signed = true;
                for (place, line) in lines.iter_mut().enumerate() {
                    let found = line.ask(&files, &note, &said).await;
                    all_signed &= matches!(found, Asked::Signed(_));
                    if let Some(standing) = found.standing() {
                        let size = matches!(found, Asked::Signed(_)).then_some(said.size);
                        status.witness(place, standing, size, clock.now());
                    }
                    if let Some(found) = against(&found, said.size) {
                        // What keeps the log says it, and stops.
                        status.contradict(found);
                        return;
                    }
                    match found {
                        Asked::Signed(signature) => note.put(signature),
                        other => say(&other),
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
            // Nobody waits for it any more after some time.
            asked.take().map(|asked| asked.send(()));
        }
    }
}

fn say(asked: &Asked) {
    match asked {
        Asked::Away => tracing::warn!("a witness of the audit log cannot be reached"),
        Asked::Broken => tracing::error!("files of the audit log are damaged"),
        Asked::Refused(status) => {
            tracing::warn!(
                status,
                "a witness of the audit log refuses. See [audit] in the settings"
            );
        }
        Asked::Signed(_) | Asked::Ahead(_) | Asked::Forked => {}
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
