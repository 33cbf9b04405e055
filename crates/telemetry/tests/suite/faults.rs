//! Faults put into a simulated call, and who is blamed for them: a hundred seeds each.

use crate::sim::{Dice, Hop, Scene};
use telemetry::input::SourceState;
use telemetry::{Cause, Culprit, Ends, Verdict, judge};

const SEEDS: u64 = 100;
const ENOUGH: usize = 90;

type Fault = fn(&mut Scene, &mut Dice);

fn loses(hop: &mut Hop, dice: &mut Dice) {
    hop.loss = dice.within(0.05..0.25);
}

fn wavers(hop: &mut Hop, dice: &mut Dice) {
    hop.jitter_ms = dice.within(90.0..200.0);
}

fn narrows(hop: &mut Hop, dice: &mut Dice) {
    hop.rate_bps = dice.within(180_000.0..700_000.0);
}

fn uplink_loss(scene: &mut Scene, dice: &mut Dice) {
    loses(&mut scene.up, dice);
}

fn uplink_jitter(scene: &mut Scene, dice: &mut Dice) {
    wavers(&mut scene.up, dice);
}

fn uplink_rate(scene: &mut Scene, dice: &mut Dice) {
    narrows(&mut scene.up, dice);
}

fn downlink_loss(scene: &mut Scene, dice: &mut Dice) {
    loses(&mut scene.down, dice);
}

fn downlink_jitter(scene: &mut Scene, dice: &mut Dice) {
    wavers(&mut scene.down, dice);
}

fn downlink_rate(scene: &mut Scene, dice: &mut Dice) {
    narrows(&mut scene.down, dice);
}

fn sender_cpu(scene: &mut Scene, dice: &mut Dice) {
    scene.encode_ms = dice.within(40.0..100.0);
}

fn receiver_cpu(scene: &mut Scene, dice: &mut Dice) {
    scene.decode_ms = dice.within(40.0..100.0);
}

fn server_lag(scene: &mut Scene, dice: &mut Dice) {
    scene.stall_ms = dice.within(20.0..150.0);
}

fn source_gone(scene: &mut Scene, dice: &mut Dice) {
    match dice.within(0.0..3.0) as u32 {
        0 => scene.mic = SourceState::Muted,
        1 => scene.mic = SourceState::Absent,
        _ => scene.camera = SourceState::Absent,
    }
}

fn verdicts(faults: &[Fault]) -> Vec<Verdict> {
    verdicts_without(faults, |_| {})
}

/// With something of what was measured taken away.
fn verdicts_without(faults: &[Fault], take_away: fn(&mut Ends)) -> Vec<Verdict> {
    (0..SEEDS)
        .map(|seed| {
            let mut dice = Dice::new(seed);
            let mut scene = Scene::healthy(&mut dice);
            for fault in faults {
                fault(&mut scene, &mut dice);
            }
            let mut ends = scene.run(&mut dice);
            take_away(&mut ends);
            judge(&ends)
        })
        .collect()
}

/// Says how often, and for each seed that was judged wrongly, as what.
fn enough(name: &str, verdicts: &[Verdict], right: impl Fn(&Verdict) -> bool) {
    let wrong: Vec<_> =
        verdicts.iter().enumerate().filter(|(_, v)| !right(v)).map(|(n, v)| (n, v.cause)).collect();
    let count = verdicts.len() - wrong.len();
    assert!(count >= ENOUGH, "{name}: right in {count} of {SEEDS}; wrong by seed: {wrong:?}");
}

fn blames(name: &str, fault: Fault, culprit: Culprit) -> Vec<Verdict> {
    let verdicts = verdicts(&[fault]);
    enough(name, &verdicts, |v| v.culprit() == culprit);
    verdicts
}

#[test]
fn a_healthy_call_blames_nobody() {
    let verdicts = verdicts(&[]);
    enough("healthy", &verdicts, |v| v.cause == Cause::None);
    enough("healthy score", &verdicts, |v| v.audio.is_some_and(|m| m.value() > 4.0));
    enough("healthy picture", &verdicts, |v| v.video.is_some_and(|m| m.value() > 4.0));
}

#[test]
fn loss_on_the_uplink() {
    let verdicts = blames("uplink loss", uplink_loss, Culprit::SenderUplink);
    enough("uplink loss, cause", &verdicts, |v| v.cause == Cause::UplinkLoss);
}

#[test]
fn jitter_on_the_uplink() {
    blames("uplink jitter", uplink_jitter, Culprit::SenderUplink);
}

#[test]
fn a_narrow_uplink() {
    let verdicts = blames("uplink rate", uplink_rate, Culprit::SenderUplink);
    enough("uplink rate, cause", &verdicts, |v| v.cause == Cause::UplinkRate);
}

#[test]
fn loss_on_the_downlink() {
    let verdicts = blames("downlink loss", downlink_loss, Culprit::ReceiverDownlink);
    enough("downlink loss, cause", &verdicts, |v| v.cause == Cause::DownlinkLoss);
}

#[test]
fn jitter_on_the_downlink() {
    blames("downlink jitter", downlink_jitter, Culprit::ReceiverDownlink);
}

#[test]
fn a_narrow_downlink() {
    let verdicts = blames("downlink rate", downlink_rate, Culprit::ReceiverDownlink);
    enough("downlink rate, cause", &verdicts, |v| v.cause == Cause::DownlinkRate);
}

#[test]
fn a_slow_device_of_the_sender() {
    let verdicts = blames("sender cpu", sender_cpu, Culprit::SenderDevice);
    enough("sender cpu, cause", &verdicts, |v| v.cause == Cause::SenderCpu);
}

#[test]
fn a_slow_device_of_the_receiver() {
    let verdicts = blames("receiver cpu", receiver_cpu, Culprit::ReceiverDevice);
    enough("receiver cpu, cause", &verdicts, |v| v.cause == Cause::ReceiverCpu);
}

#[test]
fn a_late_server() {
    blames("server lag", server_lag, Culprit::Server);
}

#[test]
fn a_microphone_or_camera_that_is_gone() {
    let verdicts = blames("source gone", source_gone, Culprit::SenderDevice);
    for cause in [Cause::MicMuted, Cause::MicAbsent, Cause::CameraAbsent] {
        assert!(verdicts.iter().any(|v| v.cause == cause), "{cause:?} never came up");
    }
}

#[test]
fn of_two_faults_the_worse_one_is_blamed() {
    fn much_loss_up(scene: &mut Scene, dice: &mut Dice) {
        scene.up.loss = dice.within(0.12..0.25);
    }
    fn little_loss_up(scene: &mut Scene, dice: &mut Dice) {
        scene.up.loss = dice.within(0.02..0.04);
    }
    fn much_loss_down(scene: &mut Scene, dice: &mut Dice) {
        scene.down.loss = dice.within(0.12..0.25);
    }
    fn little_loss_down(scene: &mut Scene, dice: &mut Dice) {
        scene.down.loss = dice.within(0.02..0.04);
    }
    fn a_little_late(scene: &mut Scene, dice: &mut Dice) {
        scene.stall_ms = dice.within(3.0..6.0);
    }
    fn hardly_too_slow(scene: &mut Scene, dice: &mut Dice) {
        scene.decode_ms = dice.within(27.0..29.0);
    }
    let pairs: [(&str, [Fault; 2], Culprit); 6] = [
        ("up over down", [much_loss_up, little_loss_down], Culprit::SenderUplink),
        ("down over up", [much_loss_down, little_loss_up], Culprit::ReceiverDownlink),
        ("up over server", [much_loss_up, a_little_late], Culprit::SenderUplink),
        ("server over down", [server_lag, little_loss_down], Culprit::Server),
        ("down over device", [much_loss_down, hardly_too_slow], Culprit::ReceiverDownlink),
        ("device over up", [receiver_cpu, little_loss_up], Culprit::ReceiverDevice),
    ];
    for (name, faults, culprit) in pairs {
        enough(name, &verdicts(&faults), |v| v.culprit() == culprit);
    }
}

#[test]
fn of_two_faults_alike_one_is_blamed_the_other_named_and_the_verdict_is_less_sure() {
    let both = verdicts(&[uplink_loss, downlink_loss]);
    let paths = [Culprit::SenderUplink, Culprit::ReceiverDownlink];
    enough("both paths", &both, |v| {
        paths.contains(&v.culprit())
            && v.also.is_some_and(|c| c.culprit() != v.culprit() && paths.contains(&c.culprit()))
    });
    let mean = |verdicts: &[Verdict]| {
        verdicts.iter().map(|v| v.confidence.value()).sum::<f64>() / verdicts.len() as f64
    };
    let alone = verdicts(&[uplink_loss]);
    assert!(mean(&both) + 0.15 < mean(&alone), "{} and {}", mean(&both), mean(&alone));
}

/// A page that is closed, asleep or old reports nothing. Then the cause may stay unknown, but nobody
/// else may be blamed for it.
#[test]
fn without_the_senders_word_nobody_is_blamed_wrongly() {
    fn no_sender(ends: &mut Ends) {
        (ends.sender_link, ends.send_audio, ends.send_video) = (None, None, None);
    }
    let faults: [(&str, Fault, Culprit); 10] = [
        ("uplink loss", uplink_loss, Culprit::SenderUplink),
        ("uplink jitter", uplink_jitter, Culprit::SenderUplink),
        ("uplink rate", uplink_rate, Culprit::SenderUplink),
        ("downlink loss", downlink_loss, Culprit::ReceiverDownlink),
        ("downlink jitter", downlink_jitter, Culprit::ReceiverDownlink),
        ("downlink rate", downlink_rate, Culprit::ReceiverDownlink),
        ("sender cpu", sender_cpu, Culprit::SenderDevice),
        ("receiver cpu", receiver_cpu, Culprit::ReceiverDevice),
        ("server lag", server_lag, Culprit::Server),
        ("source gone", source_gone, Culprit::SenderDevice),
    ];
    for (name, fault, culprit) in faults {
        let verdicts = verdicts_without(&[fault], no_sender);
        enough(name, &verdicts, |v| [culprit, Culprit::None].contains(&v.culprit()));
        let sure = verdicts.iter().all(|v| v.confidence.value() <= 0.75);
        assert!(sure, "{name}: sure without the sender's word");
    }
}

#[test]
fn a_switched_off_microphone_does_not_hide_a_broken_path() {
    fn muted(scene: &mut Scene, _: &mut Dice) {
        scene.mic = SourceState::Muted;
    }
    let verdicts = verdicts(&[muted, downlink_loss]);
    enough("muted and loss", &verdicts, |v| v.culprit() == Culprit::ReceiverDownlink);
}

#[test]
fn the_same_measurements_give_the_same_verdict() {
    for (a, b) in
        verdicts(&[server_lag, uplink_jitter]).iter().zip(verdicts(&[server_lag, uplink_jitter]))
    {
        assert_eq!(*a, b);
    }
}
