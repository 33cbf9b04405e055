//! `bedside demo`.

use crate::common::PATIENCE;
use crate::common::program::Program;
use bench::participant::{Part, Participant, Stage};
use bench::signalling::{SeatSocket, sign_in};
use tokio::sync::{mpsc, oneshot};
use visit::VisitId;

#[tokio::test]
async fn with_guest_a_synthetic_patient_comes_by_itself_and_stays_until_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("demo");
    let data = data.to_str().expect("a plain path");
    let ports = ["--port", "0", "--https-port", "0", "--udp-port", "0"];
    let mut args = vec!["demo", "--guest", "--json", "--data", data];
    args.extend(ports);
    let mut demo = Program::start(&args);
    demo.says("a synthetic patient is on the way").await;
    let line = demo.says("{\"clinician\":").await;
    let addresses: serde_json::Value = serde_json::from_str(&line).expect("one JSON object");
    let text = |field: &str| addresses[field].as_str().expect("a text").to_owned();

    // The clinician comes, admits whoever waits, and sees their camera.
    let mut http = sign_in(&text("clinician"), None).await.expect("the link signs in");
    let visit = VisitId::parse(&text("visit")).expect("the id of a visit");
    let socket = SeatSocket::connect(&mut http, visit, None).await.expect("the clinician's seat");
    let (stages_tx, mut stages) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let clinician = Participant::new(Part::Host, socket, stages_tx).expect("the clip is there");
    let clinician = tokio::spawn(clinician.run(async {
        let _ = stopped.await;
    }));
    let picture = async {
        while let Some(stage) = stages.recv().await {
            if matches!(stage, Stage::FirstPicture { .. }) {
                return true;
            }
        }
        false
    };
    let came = tokio::time::timeout(PATIENCE, picture).await.expect("the patient comes in time");
    assert!(came, "the clinician's client goes on until it sees the patient");

    // It ends the visit, and the patient takes it as the end.
    drop(stop);
    clinician.await.expect("no panic").expect("no failure");
    demo.says("the synthetic patient left").await;
    demo.terminate();
    let (code, said) = demo.ended().await;
    assert_eq!(code, Some(0), "{said}");
}
