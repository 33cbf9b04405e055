use super::*;
use crate::vp8::{FrameAssembler, WholeFrame};

/// Runs a player for `ms`, asking for keyframes of layer 1 at the given times.
fn play(ms: u64, wanted_at_ms: &[u64]) -> Vec<(u64, MediaPacket)> {
    let begin = Instant::now();
    let mut player = ClipPlayer::new(Clip::shipped().unwrap());
    assert_eq!(player.next_due(), None);
    player.start(begin);
    let mut out = Vec::new();
    let mut wanted = wanted_at_ms.iter().peekable();
    while let Some(due) = player.next_due() {
        let at_ms = due.duration_since(begin).as_millis() as u64;
        if at_ms >= ms {
            break;
        }
        if let Some(at) = wanted.next_if(|at| **at <= at_ms) {
            assert!(*at <= at_ms);
            player.keyframe_wanted(Source::Camera, 1);
        }
        player.produce(due, &mut |packet| out.push((at_ms, packet)));
        assert!(player.next_due() > Some(due), "time must move on");
    }
    out
}

fn frames(packets: &[(u64, MediaPacket)], layer: usize) -> Vec<WholeFrame> {
    let mut assembler = FrameAssembler::default();
    packets
        .iter()
        .filter(|(_, p)| p.source == Source::Camera && p.layer == layer)
        .enumerate()
        .filter_map(|(n, (_, p))| assembler.push(n as u64, p.timestamp, p.marker, &p.payload))
        .collect()
}

#[test]
fn a_second_of_the_clip_is_fifty_packets_and_twenty_frames_per_layer() {
    let packets = play(13_000, &[]);
    let audio: Vec<_> = packets.iter().filter(|(_, p)| p.source == Source::Mic).collect();
    assert_eq!(audio.len(), 13 * 50);
    for (n, (at_ms, packet)) in audio.iter().enumerate() {
        assert_eq!((*at_ms, packet.timestamp), (n as u64 * 20, n as u32 * 960));
    }
    for layer in 0..LAYERS {
        let frames = frames(&packets, layer);
        assert_eq!(frames.len(), 13 * 20, "layer {layer}");
        for (n, frame) in frames.iter().enumerate() {
            assert_eq!((frame.timestamp, frame.keyframe), (n as u32 * 4_500, n % 20 == 0));
        }
    }
}

#[test]
fn a_wanted_keyframe_is_the_very_next_frame_and_the_layer_is_on_time_again_soon() {
    let clip = Clip::shipped().unwrap();
    let packets = play(4_000, &[1_720, 2_990]);
    let frames = frames(&packets, 1);
    assert_eq!(frames.len(), 80);
    let keyframes: Vec<_> = (0..80).filter(|n| frames[*n].keyframe).collect();
    // 1,720 ms lies before frame 35; 2,990 ms before frame 60, which is a keyframe anyway.
    assert_eq!(keyframes, [0, 20, 35, 40, 60]);
    let size = |n: u64| clip.frame(1, n).0.len();
    // From 35 on the clip plays from 20 again; at 40 it is where the clock is.
    for (sent, played) in [(34, 34), (35, 20), (36, 21), (39, 24), (40, 40), (61, 61)] {
        assert_eq!(frames[sent].bytes, size(played), "frame {sent}");
    }
    assert_eq!(super::tests::frames(&packets, 0).iter().filter(|f| f.keyframe).count(), 4);
}

#[test]
fn a_large_frame_is_spread_over_time() {
    let packets = play(50, &[]);
    let keyframe: Vec<_> =
        packets.iter().filter(|(_, p)| p.source == Source::Camera && p.layer == 2).collect();
    assert!(keyframe.len() > 3);
    for (n, (at_ms, _)) in keyframe.iter().enumerate() {
        assert_eq!(*at_ms, n as u64);
    }
}

#[test]
fn requests_for_what_is_not_sent_change_nothing() {
    let mut player = ClipPlayer::new(Clip::shipped().unwrap());
    player.keyframe_wanted(Source::Camera, 9);
    player.keyframe_wanted(Source::Mic, 0);
    player.keyframe_wanted(Source::Screen, 0);
    assert!(player.layers.iter().all(|l| !l.keyframe_wanted));
}
