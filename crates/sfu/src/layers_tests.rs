use super::*;

fn camera(tile_px: (u16, u16), priority: u8) -> Video {
    let layers = NOMINAL
        .iter()
        .map(|(w, h, bps)| LayerInfo { live: true, bps: *bps, size_px: (*w, *h) })
        .collect();
    Video { layers, tile_px, priority, target: None, paused: false }
}

fn apply(videos: &mut [Video], decision: &Decision) {
    for (i, v) in videos.iter_mut().enumerate() {
        v.target = decision.targets[i];
        v.paused = decision.paused[i];
    }
}

#[test]
fn a_tile_wants_the_smallest_layer_that_fills_it() {
    for (tile, layer) in [
        ((160, 90), 0),
        ((320, 180), 0),
        ((350, 197), 0),
        ((640, 360), 1),
        ((700, 390), 1),
        ((1280, 720), 2),
        ((3840, 2160), 2),
    ] {
        assert_eq!(allocate(u64::MAX, &[camera(tile, 5)]), [Some(layer)], "{tile:?}");
    }
    // A tall tile on a phone: the picture is as wide as the tile.
    assert_eq!(allocate(u64::MAX, &[camera((320, 700), 5)]), [Some(0)]);
}

#[test]
fn everybody_gets_a_base_layer_before_anybody_gets_more() {
    let videos = vec![camera((1280, 720), 5); 4];
    assert_eq!(allocate(600_000, &videos), [Some(0); 4]);
    assert_eq!(allocate(1_000_000, &videos), [Some(1), Some(0), Some(0), Some(0)]);
    assert_eq!(allocate(300_000, &videos), [Some(0), Some(0), None, None]);
    assert_eq!(allocate(100_000, &videos), [None; 4]);
}

#[test]
fn a_pinned_picture_is_raised_first_and_paused_last() {
    let mut videos = vec![camera((1280, 720), 5); 3];
    videos[2].priority = 0;
    assert_eq!(allocate(200_000, &videos), [None, None, Some(0)]);
    assert_eq!(allocate(1_800_000, &videos), [Some(0), Some(0), Some(2)]);
}

#[test]
fn classes_are_raised_one_after_the_other_and_share_within() {
    // Two others, a screen, and two of the first class: somebody pinned, and whoever speaks.
    let mut videos: Vec<Video> = [2, 2, 1, 0, 0].map(|p| camera((1280, 720), p)).into();
    let base = 5 * 150_000;
    let steps = |videos: &[Video], more: u64| allocate(base + more, videos);
    let (some, more, all) = (Some(0), Some(1), Some(2));
    assert_eq!(steps(&videos, 350_000), [some, some, some, more, some]);
    assert_eq!(steps(&videos, 700_000), [some, some, some, more, more], "in turns");
    assert_eq!(steps(&videos, 2_700_000), [some, some, some, all, all]);
    assert_eq!(steps(&videos, 4_050_000), [some, some, all, all, all], "then the screen, wholly");
    assert_eq!(steps(&videos, 4_400_000), [more, some, all, all, all]);
    // What nobody of the first class wants goes on.
    videos[3].tile_px = (160, 90);
    videos[4].tile_px = (160, 90);
    assert_eq!(steps(&videos, 1_350_000), [some, some, all, some, some]);
}

#[test]
fn a_layer_that_its_sender_stopped_is_not_chosen() {
    let mut video = camera((1280, 720), 5);
    video.layers[2].live = false;
    assert_eq!(allocate(u64::MAX, std::slice::from_ref(&video)), [Some(1)]);
    video.layers[0].live = false;
    assert_eq!(allocate(u64::MAX, std::slice::from_ref(&video)), [Some(1)]);
    video.layers[1].live = false;
    assert_eq!(allocate(u64::MAX, &[video]), [None]);
}

#[test]
fn down_is_immediate_and_up_after_a_squeeze_takes_five_calm_seconds() {
    let t = Instant::now();
    let at = |s: u64| t + Duration::from_secs(s);
    let mut g = Governor::default();
    let mut v = [camera((1280, 720), 5)];

    let d = g.decide(at(0), 3_000_000, &v);
    assert_eq!(d.targets, [Some(2)], "nothing was squeezed yet: straight to the top");
    apply(&mut v, &d);

    let d = g.decide(at(1), 1_200_000, &v);
    assert_eq!(d.targets, [Some(1)]);
    apply(&mut v, &d);
    for s in 2..=6 {
        assert_eq!(g.decide(at(s), 3_000_000, &v).targets, [Some(1)], "{s} s");
    }
    // A dip in between starts the wait anew.
    assert_eq!(g.decide(at(7), 1_000_000, &v).targets, [Some(1)]);
    assert_eq!(g.decide(at(8), 3_000_000, &v).targets, [Some(1)]);
    assert_eq!(g.decide(at(12), 3_000_000, &v).targets, [Some(1)]);
    assert_eq!(g.decide(at(13), 3_000_000, &v).targets, [Some(2)]);
}

#[test]
fn a_step_up_needs_head_room() {
    let t = Instant::now();
    let mut g = Governor::default();
    let mut v = [camera((640, 360), 5)];
    v[0].target = Some(0);
    let d = g.decide(t, 600_000, &v);
    assert_eq!((d.targets, d.next_step_bps), (vec![Some(0)], 650_000));
    assert_eq!(g.decide(t, 651_000, &v).targets, [Some(1)]);
}

#[test]
fn what_does_not_fit_is_paused_and_said() {
    let t = Instant::now();
    let mut g = Governor::default();
    let mut v = [camera((640, 360), 5), camera((640, 360), 6)];
    let d = g.decide(t, 2_000_000, &v);
    apply(&mut v, &d);
    let d = g.decide(t, 160_000, &v);
    assert_eq!(d.targets, [Some(0), None]);
    assert_eq!(d.paused, [false, true]);
    // The paused picture with head room and no more, and no padding: the path is full.
    assert!(d.squeezed);
    assert_eq!((d.desired_bps, d.next_step_bps), (390_000, 0));
}

#[test]
fn a_smaller_tile_is_served_at_once_and_is_no_squeeze() {
    let t = Instant::now();
    let mut g = Governor::default();
    let mut v = [camera((1280, 720), 5)];
    let d = g.decide(t, 5_000_000, &v);
    apply(&mut v, &d);
    v[0].tile_px = (160, 90);
    let d = g.decide(t, 5_000_000, &v);
    assert_eq!(d.targets, [Some(0)]);
    apply(&mut v, &d);
    v[0].tile_px = (1280, 720);
    assert_eq!(g.decide(t, 5_000_000, &v).targets, [Some(2)]);
}

#[test]
fn a_newcomer_does_not_wait_for_an_old_squeeze_but_a_paused_video_does() {
    let t = Instant::now();
    let mut g = Governor::default();
    let mut v = vec![camera((640, 360), 5), camera((640, 360), 6)];
    let d = g.decide(t, 700_000, &v);
    apply(&mut v, &d);
    let d = g.decide(t, 200_000, &v);
    assert_eq!(d.paused, [false, true]);
    apply(&mut v, &d);
    v.push(camera((640, 360), 1));
    assert_eq!(g.decide(t, 400_000, &v).targets, [Some(0), None, Some(0)]);
}

#[test]
fn more_pictures_for_the_same_path_are_no_squeeze() {
    let t = Instant::now();
    let mut g = Governor::default();
    let mut v = vec![camera((1280, 720), 5)];
    let d = g.decide(t, 700_000, &v);
    assert_eq!(d.targets, [Some(1)]);
    apply(&mut v, &d);
    v.push(camera((1280, 720), 1));
    let d = g.decide(t, 700_000, &v);
    assert_eq!(d.targets, [Some(0), Some(0)]);
    apply(&mut v, &d);
    assert_eq!(g.decide(t, 3_000_000, &v).targets, [Some(1), Some(2)], "at once");
}
