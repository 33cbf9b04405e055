//! The files of a backup: written, signed, checked, read again.

use crate::error::Failure;
use aws_lc_rs::digest;
use keys::{AgeIdentity, AgeReader, AgeRecipient, AgeWriter, Signer};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use store::{DumpSummary, Part, StoreConfig, StoreError};

const FORMAT: u32 = 1;

/// What is signed.
#[derive(Serialize, Deserialize)]
pub struct Statement {
    format: u32,
    /// When the snapshot was taken, UTC.
    pub made_at: String,
    /// What is in it.
    pub dump: DumpSummary,
    /// Everything but the keys.
    pub data: Sum,
    /// The wrapped data keys.
    pub keys: Sum,
    /// Whose key-encryption keys open it.
    provider: String,
    /// Which of their versions there were.
    key_versions: Vec<u32>,
}

/// A file by name, length and SHA-256.
#[derive(Serialize, Deserialize)]
pub struct Sum {
    file: String,
    /// Its length.
    pub bytes: u64,
    sha256: String,
}

/// A signed statement on disk.
pub struct Manifest {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub statement: Statement,
}

/// A backup whose statement was signed by the right server.
pub struct Backup {
    folder: PathBuf,
    /// The manifest.
    pub path: PathBuf,
    /// What it says.
    pub statement: Statement,
}

/// Writes the two sealed files of a backup that is being made.
pub struct Writer {
    folder: PathBuf,
    name: String,
    data: AgeWriter<Summing>,
    keys: AgeWriter<Summing>,
}

impl Writer {
    /// Makes the folder and both files.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn begin(
        folder: &Path,
        made_at: &str,
        recipients: &[AgeRecipient],
    ) -> Result<Self, Failure> {
        let cannot = |e: io::Error| {
            Failure::Usage(format!("cannot write a backup to {} ({})", folder.display(), e.kind()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
        let name = format!("bedside-{}", made_at.replace([':', '-', '.'], ""));
        let begin = |kind: &str| -> Result<AgeWriter<Summing>, Failure> {
            let file =
                Summing::create(&folder.join(format!("{name}.{kind}.age"))).map_err(cannot)?;
            AgeWriter::new(recipients, file).map_err(cannot)
        };
        let (data, keys) = (begin("data")?, begin("keys")?);
        Ok(Self { folder: folder.to_owned(), name, data, keys })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the disk says.
    pub fn line(&mut self, part: Part, line: &str) -> io::Result<()> {
        let file = match part {
            Part::Data => &mut self.data,
            Part::Keys => &mut self.keys,
        };
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")
    }

    /// Ends both files and then writes the statement: a backup without one is none.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn finish(
        self,
        made_at: String,
        dump: DumpSummary,
        provider: String,
        key_versions: Vec<u32>,
        signer: &Signer,
    ) -> Result<Manifest, Failure> {
        let statement = Statement {
            format: FORMAT,
            made_at,
            dump,
            data: self.data.finish()?.finish(format!("{}.data.age", self.name))?,
            keys: self.keys.finish()?.finish(format!("{}.keys.age", self.name))?,
            provider,
            key_versions,
        };
        let path = self.folder.join(format!("{}.json", self.name));
        let text = signer.sign(&statement)?;
        let mut file = private(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        File::open(&self.folder)?.sync_all()?;
        Ok(Manifest { path, statement })
    }
}

impl Manifest {
    /// Reads a statement that `signed_by` signed.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn read(path: &Path, signed_by: &str) -> Result<Backup, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|e| Failure::Usage(format!("{shown} cannot be read ({})", e.kind())))?;
        let statement = keys::verify_signed(&text, signed_by).map_err(|_| {
            Failure::Usage(format!(
                "{shown} was altered, or another server signed it. If so, say which: --signed-by"
            ))
        })?;
        let statement: Statement = serde_json::from_value(statement)
            .map_err(|_| Failure::Usage(format!("{shown} is signed, but is no backup")))?;
        if statement.format != FORMAT {
            return Err(Failure::Usage(format!(
                "{shown} was made by a newer version; use that one"
            )));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new(".")).to_owned();
        Ok(Backup { folder, path: path.to_owned(), statement })
    }
}

impl Backup {
    /// Compares both files with their sums.
    ///
    /// # Errors
    /// [`Failure`] that names the file.
    pub fn check_sums(&self) -> Result<(), Failure> {
        for sum in [&self.statement.data, &self.statement.keys] {
            let mut file = self.open(sum)?;
            let mut context = digest::Context::new(&digest::SHA256);
            let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                context.update(&buffer[..read]);
                bytes += read as u64;
            }
            if bytes != sum.bytes || hex(context.finish().as_ref()) != sum.sha256 {
                let file = &sum.file;
                return Err(Failure::Usage(format!(
                    "{file} is not what was written; use another backup"
                )));
            }
        }
        Ok(())
    }

    /// Opens both files and reads them to the end.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn count_lines(&self, identity: &AgeIdentity) -> Result<u64, Failure> {
        let mut count = 0;
        for line in self.lines(identity)? {
            line?;
            count += 1;
        }
        Ok(count)
    }

    fn lines(
        &self,
        identity: &AgeIdentity,
    ) -> Result<impl Iterator<Item = store::Result<String>> + Send + use<>, Failure> {
        let open = |sum| -> Result<_, Failure> {
            let sealed = AgeReader::new(identity, self.open(sum)?).map_err(|_| {
                Failure::Usage(
                    "this identity does not open the backup; use the right one".to_owned(),
                )
            })?;
            Ok(BufReader::new(sealed).lines())
        };
        let (data, keys) = (open(&self.statement.data)?, open(&self.statement.keys)?);
        let damaged = |_| StoreError::Corrupt("the backup does not open to its end");
        Ok(data.chain(keys).map(move |line| line.map_err(damaged)))
    }

    fn open(&self, sum: &Sum) -> Result<BufReader<File>, Failure> {
        // The name is signed, but a name is all it may be.
        let name = Path::new(&sum.file).file_name().unwrap_or_default();
        let path = self.folder.join(name);
        let file = File::open(&path).map_err(|e| {
            Failure::Usage(format!("{} cannot be read ({})", path.display(), e.kind()))
        })?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }
}

/// Fills an empty database, and compares what came with what was signed.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn restore(
    backup: &Backup,
    identity: &AgeIdentity,
    into: &StoreConfig,
) -> Result<DumpSummary, Failure> {
    let mut lines = backup.lines(identity)?;
    let step = backup.statement.dump.schema_step;
    let summary = store::restore(into, step, &mut lines).await.map_err(|error| match error {
        StoreError::Conflict => Failure::Usage(
            "the database has data already; nothing was restored. Name an empty one in data.database"
                .to_owned(),
        ),
        other => other.into(),
    })?;
    if summary == backup.statement.dump {
        Ok(summary)
    } else {
        Err(Failure::Usage(
            "not as many rows came back as were saved; use another backup".to_owned(),
        ))
    }
}

/// A file that is summed while it is written.
struct Summing {
    file: BufWriter<File>,
    context: digest::Context,
    bytes: u64,
}

impl Summing {
    fn create(path: &Path) -> io::Result<Self> {
        let context = digest::Context::new(&digest::SHA256);
        Ok(Self { file: BufWriter::with_capacity(1 << 16, private(path)?), context, bytes: 0 })
    }

    fn finish(self, file: String) -> io::Result<Sum> {
        let Self { file: inner, context, bytes } = self;
        inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Sum { file, bytes, sha256: hex(context.finish().as_ref()) })
    }
}

impl Write for Summing {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(data)?;
        self.context.update(&data[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
