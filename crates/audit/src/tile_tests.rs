use super::*;
use crate::merkle::{prove_consistency, prove_inclusion, root_by_inclusion};
use std::collections::HashMap;

fn path(kind: TileKind, index: u64, width: u16) -> TilePath {
    TilePath { kind, index, width }
}

/// All files of a log of `size` entries.
fn files(size: u64) -> (TileWriter, HashMap<TilePath, Vec<u8>>) {
    let mut writer = TileWriter::new();
    for n in 0..size {
        writer.push(&n.to_be_bytes()).expect("short");
    }
    let files = writer.take_finished().into_iter().chain(writer.unfinished()).collect();
    (writer, files)
}

#[test]
fn paths_are_those_of_the_specification() {
    for (path, text) in [
        (path(TileKind::Hashes(0), 0, 256), "tile/0/000"),
        (path(TileKind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067"),
        (path(TileKind::Hashes(2), 999, 17), "tile/2/999.p/17"),
        (path(TileKind::Entries, 1_000, 1), "tile/entries/x001/000.p/1"),
    ] {
        assert_eq!(path.to_text(), text);
    }
}

#[test]
fn the_files_are_the_same_however_the_log_grew() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 70_000] {
        let (writer, all) = files(size);
        let names: Vec<TilePath> = (0..8)
            .map(TileKind::Hashes)
            .chain([TileKind::Entries])
            .flat_map(|kind| TilePath::of_log(kind, size))
            .collect();
        assert_eq!(names.len(), all.len(), "{size}");
        assert!(names.iter().all(|name| all.contains_key(name)), "{size}");
        // Stopped, and gone on from its files.
        let at_end = |kind| names.iter().filter(move |p| p.kind == kind && p.width < TILE_WIDTH);
        let levels = (0..8)
            .map(|level| {
                let last = at_end(TileKind::Hashes(level)).next_back();
                last.map_or(Ok(Vec::new()), |p| read_tile(&all[p], p.width)).expect("a tile")
            })
            .collect();
        let bundle =
            at_end(TileKind::Entries).next_back().map(|p| all[p].clone()).unwrap_or_default();
        let mut again = TileWriter::resume(size, levels, bundle).expect("its own files");
        assert_eq!(again.root(), writer.root(), "{size}");
        let mut first = writer.clone();
        for n in 0..300_u64 {
            first.push(&n.to_be_bytes()).expect("short");
            again.push(&n.to_be_bytes()).expect("short");
        }
        assert_eq!(first.take_finished(), again.take_finished());
        assert_eq!(first.unfinished(), again.unfinished());
        assert_eq!(first.root(), again.root());
    }
}

#[test]
fn files_of_another_size_are_not_gone_on_from() {
    assert_eq!(TileWriter::resume(1, Vec::new(), Vec::new()).err(), Some(BadTile::WrongSize));
    let leaf = leaf_hash(b"a");
    let bundle = |entry: &[u8]| [&[0, 1], entry].concat();
    assert!(TileWriter::resume(1, vec![vec![leaf]], bundle(b"a")).is_ok());
    let other = TileWriter::resume(1, vec![vec![leaf]], bundle(b"b"));
    assert_eq!(other.err(), Some(BadTile::WrongSize));
    let cut = TileWriter::resume(1, vec![vec![leaf]], vec![0, 5, 1]);
    assert_eq!(cut.err(), Some(BadTile::CutShort));
}

#[test]
fn proofs_can_be_made_from_tiles_alone() {
    let size = 66_000;
    let (writer, all) = files(size);
    let mut get = |node: Node| {
        let (path, first, count) = TilePath::of_node(node, size).ok_or(BadTile::WrongSize)?;
        let hashes = read_tile(&all[&path], path.width)?;
        join(&hashes[first..first + count]).ok_or(BadTile::WrongSize)
    };
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_999] {
        let proof = prove_inclusion(index, size, &mut get).expect("tiles").expect("inside");
        let leaf = leaf_hash(&index.to_be_bytes());
        assert_eq!(root_by_inclusion(index, size, leaf, &proof), Some(writer.root()), "{index}");
    }
    for old in [1, 255, 256, 257, 65_536, 65_999] {
        let proof = prove_consistency(old, size, &mut get).expect("tiles").expect("smaller");
        let (old_tree, _) = files(old);
        let holds =
            crate::merkle::is_consistent(old, &old_tree.root(), size, &writer.root(), &proof);
        assert!(holds, "{old}");
    }
}

#[test]
fn broken_files_are_refused() {
    assert_eq!(read_tile(&[0; 33], 1), Err(BadTile::CutShort));
    assert_eq!(read_tile(&[0; 32], 2), Err(BadTile::CutShort));
    assert_eq!(read_tile(&[0; 32 * 257], 256), Err(BadTile::TooLong));
    assert_eq!(read_bundle(&[0, 2, 1], 1), Err(BadTile::CutShort));
    assert_eq!(read_bundle(&[0, 1, 7, 0], 1), Err(BadTile::CutShort));
    assert_eq!(read_bundle(&[], 1), Err(BadTile::CutShort));
    assert_eq!(read_bundle(&[0; 2 * 257], 256), Err(BadTile::TooLong));
    assert_eq!(read_bundle(&[0, 1, 7, 0, 0], 1), Ok(vec![&[7][..]]));
}
