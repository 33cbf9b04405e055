//! The files of a log, here or on a web server.

use super::http::Place;
use crate::error::Failure;
use audit::merkle::Node;
use audit::tile::{TilePath, join, read_tile};
use std::io;
use std::path::PathBuf;

/// Where the files are.
#[derive(Clone)]
pub enum Files {
    /// A folder of this machine.
    Folder(PathBuf),
    /// An address.
    Web(Place),
}

impl Files {
    /// Takes an address, or else a path.
    pub fn parse(text: &str) -> Self {
        match Place::parse(text) {
            Some(place) => Self::Web(place),
            None => Self::Folder(PathBuf::from(text)),
        }
    }

    /// A file by its path below the log; `None` when it is not there. Waits: not for async code that
    /// others share.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => match std::fs::read(folder.join(path)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Web(place) => {
                let runtime = tokio::runtime::Handle::current();
                let answer = tokio::task::block_in_place(|| runtime.block_on(place.get(path)))?;
                match answer {
                    (200, bytes) => Ok(Some(bytes.to_vec())),
                    (404, _) => Ok(None),
                    (status, _) => {
                        Err(io::Error::other(format!("the web server answered {status}")))
                    }
                }
            }
        }
    }

    /// A tile or bundle; also when it was completed since.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn tile(&self, path: TilePath) -> Result<Vec<u8>, Failure> {
        let found = match self.get(&path.to_text())? {
            None => self.get(&path.full().to_text())?,
            found => found,
        };
        found.ok_or_else(|| broken(&format!("{} is missing", path.to_text())))
    }

    /// The hash of a node in a log of `size` entries.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn node(&self, node: Node, size: u64) -> Result<audit::Hash, Failure> {
        let place = TilePath::of_node(node, size).ok_or_else(|| broken("a tile is missing"))?;
        let (path, first, count) = place;
        let hashes =
            read_tile(&self.tile(path)?, path.width).map_err(|e| broken(&e.to_string()))?;
        hashes.get(first..first + count).and_then(join).ok_or_else(|| broken("a tile is short"))
    }
}

/// The files are not a log.
pub fn broken(what: &str) -> Failure {
    Failure::Usage(format!("{what}. Check the log first: bedside audit verify"))
}
