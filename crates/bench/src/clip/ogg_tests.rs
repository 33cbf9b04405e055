use super::*;

fn page(number: u32, flags: u8, lacing: &[u8], body: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend([0; 8]);
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(lacing.len() as u8);
    page.extend(lacing);
    page.extend(body);
    let crc = checksum(&page);
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}

fn head() -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(312_u16.to_le_bytes());
    head.extend([0x80, 0xbb, 0, 0, 0, 0, 0]);
    head
}

/// CELT, fullband, 20 ms, one frame.
const TOC: u8 = 31 << 3;

/// A file whose second sound packet of 300 bytes runs over a page border.
fn good() -> Vec<Vec<u8>> {
    let mut long = vec![TOC];
    long.resize(300, 5);
    let mut first_page = vec![TOC, 1];
    first_page.extend(&long[..255]);
    vec![
        page(0, FIRST, &[19], &head()),
        page(1, 0, &[8], b"OpusTags"),
        page(2, 0, &[2, 255], &first_page),
        page(3, CONTINUED | LAST, &[45, 1], &[&long[255..], &[TOC]].concat()),
    ]
}

#[test]
fn the_checksum_is_the_one_of_ogg() {
    // CRC-32 with this polynomial, no reflection and no inversion, of "123456789".
    assert_eq!(checksum(b"123456789"), 0x89a1_897f);
}

#[test]
fn packets_come_back_even_across_pages() {
    let file = OpusFile::read(&good().concat()).unwrap();
    assert_eq!(file.pre_skip, 312);
    assert_eq!(file.packets.iter().map(Vec::len).collect::<Vec<_>>(), [2, 300, 1]);
    assert_eq!(file.packets[0], [TOC, 1]);
}

#[test]
fn every_truncation_is_an_error() {
    let file = good().concat();
    for end in 0..file.len() {
        assert_eq!(OpusFile::read(&file[..end]), Err(OggError::Truncated), "{end}");
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let file = good().concat();
    for at in 0..file.len() {
        let mut bad = file.clone();
        bad[at] ^= 0x40;
        assert!(OpusFile::read(&bad).is_err(), "{at}");
    }
}

#[test]
fn lost_swapped_and_foreign_pages_are_refused() {
    let pages = good();
    let read = |order: &[usize]| {
        OpusFile::read(&order.iter().flat_map(|i| pages[*i].clone()).collect::<Vec<_>>())
    };
    for order in [&[0, 2, 3][..], &[0, 2, 1, 3], &[1, 2, 3], &[0, 1, 2, 3, 3]] {
        assert_eq!(read(order), Err(OggError::Sequence), "{order:?}");
    }
    let lone =
        [page(0, FIRST, &[19], &head()), page(1, CONTINUED | LAST, &[8], b"OpusTags")].concat();
    assert_eq!(OpusFile::read(&lone), Err(OggError::Sequence));
}

#[test]
fn each_wrong_content_has_its_error() {
    let with = |head: &[u8], tags: &[u8], sound: &[u8]| {
        let lacing = |body: &[u8]| [body.len() as u8];
        OpusFile::read(
            &[
                page(0, FIRST, &lacing(head), head),
                page(1, 0, &lacing(tags), tags),
                page(2, LAST, &lacing(sound), sound),
            ]
            .concat(),
        )
    };
    let head = head();
    let patched = |at: usize, byte: u8| {
        let mut bad = head.clone();
        bad[at] = byte;
        bad
    };
    assert!(with(&head, b"OpusTags", &[TOC]).is_ok());
    assert_eq!(with(&patched(0, b'V'), b"OpusTags", &[TOC]), Err(OggError::NotOpus));
    assert_eq!(with(&patched(8, 0x10), b"OpusTags", &[TOC]), Err(OggError::NotOpus));
    assert_eq!(with(&head[..18], b"OpusTags", &[TOC]), Err(OggError::NotOpus));
    assert_eq!(with(&patched(9, 2), b"OpusTags", &[TOC]), Err(OggError::NotMono));
    assert_eq!(with(&head, b"vorbis", &[TOC]), Err(OggError::NotOpus));
    for not_20_ms in [&[][..], &[TOC | 1], &[30 << 3], &[0], &[12 << 3]] {
        assert_eq!(
            with(&head, b"OpusTags", not_20_ms),
            Err(OggError::NotTwentyMs),
            "{not_20_ms:?}"
        );
    }
    for twenty_ms in [1, 5, 9, 13, 15, 19, 23, 27] {
        assert!(with(&head, b"OpusTags", &[twenty_ms << 3]).is_ok(), "{twenty_ms}");
    }
}
