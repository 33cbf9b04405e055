//! An orderly end.

use crate::common::Clinic;
use crate::common::people::{Guest, Staff, admit};
use serde_json::json;

#[tokio::test]
async fn closing_is_told_to_every_socket_and_keeps_new_ones_out() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let (one, two) = (gray.book(json!({})).await, gray.book(json!({})).await);
    let mut ana = Guest::open(&clinic, &one.secret).await;
    let mut ben = Guest::open(&clinic, &two.secret).await;
    let (mut inside, _) = ana.wait().await;
    let (mut waiting, _) = ben.wait().await;
    let (mut host, _) = gray.enter(&one.visit).await;
    admit(&mut host, &ana.seat, &mut inside).await;
    let mut board = gray.board().await;
    board.wait("board").await;

    clinic.app.begin_closing();
    for socket in [&mut inside, &mut waiting, &mut host, &mut board] {
        socket.wait("closing").await;
        assert!(socket.rest().await.is_empty(), "closed");
    }
    let refused = ana.browser.post("/api/seat/mine", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "server_closing"));
    let refused = ana.browser.socket().await.err();
    assert_eq!(refused, Some((503, "server_closing".to_owned())));
    assert_eq!(ana.browser.get("/healthz").await.status, 503);
}
