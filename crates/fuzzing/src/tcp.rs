//! The TCP side of a shard: the frames of a stream (RFC 4571) are the same however it is cut.

use sfu::fuzzing::{deframe, put_frame};

use crate::input::Input;

/// The longest frame with its length in front: two bytes can say no more.
const MOST_BYTES: usize = 2 + u16::MAX as usize;

/// A stream, of which the first byte repeats the end, and in front of it the lengths of the reads by
/// which it comes, as powers of two.
pub fn ice_tcp(data: &[u8]) {
    let mut input = Input::new(data);
    let times = usize::from(input.u8()) + 1;
    let mut reads: Vec<usize> = input.piece().iter().map(|n| 1 << (n % 17)).collect();
    if reads.is_empty() {
        reads.push(1);
    }
    let stream = input.rest().repeat(times);
    let (frames, rest) = read(&stream, &reads);
    let at_once = read(&stream, &[stream.len().max(1)]);
    assert!(at_once.0 == frames && at_once.1 == rest, "the cuts changed what was read");

    // Everything is in the frames or waits, in its order, and nothing else is.
    let mut written = Vec::new();
    frames.iter().for_each(|frame| put_frame(&mut written, frame));
    written.extend(rest);
    assert!(written == stream, "the frames are not what came");

    // What is too long for a frame is cut short, and the next one still begins where it should.
    let (mut out, mut back) = (Vec::new(), Vec::new());
    put_frame(&mut out, &stream);
    put_frame(&mut out, b"next");
    deframe(&mut Vec::new(), &out, |frame| back.push(frame.to_vec()));
    let fits = &stream[..stream.len().min(u16::MAX.into())];
    assert!(back == [fits, &b"next"[..]], "out of step");
}

/// The frames of a stream that comes by reads of these lengths, over and over, and what waits at the end.
fn read(stream: &[u8], reads: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut found, mut partial, mut rest) = (Vec::new(), Vec::new(), stream);
    for length in reads.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, later) = rest.split_at(rest.len().min(*length));
        deframe(&mut partial, part, |frame| found.push(frame.to_vec()));
        let whole = match partial[..] {
            [high, low, ..] => 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => 2,
        };
        assert!(partial.len() < whole, "a whole frame was kept back");
        // A vector that grows may take twice what it holds.
        assert!(partial.capacity() <= 2 * MOST_BYTES, "{} bytes", partial.capacity());
        rest = later;
    }
    (found, partial)
}
