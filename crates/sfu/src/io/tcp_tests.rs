use super::*;

fn framed(frames: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for f in frames {
        out.extend((f.len() as u16).to_be_bytes());
        out.extend_from_slice(f);
    }
    out
}

#[test]
fn frames_survive_every_way_of_cutting_the_stream() {
    let frames: [&[u8]; 5] = [b"", b"a", b"two", &[7; 300], b"end"];
    let stream = framed(&frames);
    for cut in 0..=stream.len() {
        for second in [cut, (cut + 1).min(stream.len()), stream.len()] {
            let (mut partial, mut got) = (Vec::new(), Vec::new());
            for piece in [&stream[..cut], &stream[cut..second], &stream[second..]] {
                deframe(&mut partial, piece, |f| got.push(f.to_vec()));
            }
            assert_eq!(got, frames, "cut at {cut} and {second}");
            assert!(partial.is_empty());
        }
    }
    let (mut partial, mut got) = (Vec::new(), Vec::new());
    for byte in &stream {
        deframe(&mut partial, &[*byte], |f| got.push(f.to_vec()));
    }
    assert_eq!(got, frames);
}

#[test]
fn an_incomplete_frame_waits_and_is_bounded_by_its_length() {
    let mut partial = Vec::new();
    deframe(&mut partial, &[0xff, 0xff], |_| panic!("nothing is complete"));
    for _ in 0..1_000 {
        deframe(&mut partial, &[1; 60], |_| panic!("nothing is complete"));
    }
    assert_eq!(partial.len(), 2 + 60_000);
}

#[test]
fn a_connection_that_proves_nothing_is_closed_and_places_are_bounded() {
    let local = IpAddr::from([127, 0, 0, 1]);
    let mut config = SfuConfig::new(vec![local]);
    config.bind = local;
    let mut shard = Shard::new(&config, 0, 9).expect("a valid configuration");
    let mut wire = TcpWire::bind(&config, 0).expect("a free port");
    let address = wire.listener.local_addr().expect("bound");
    let now = Instant::now();
    // The connections are complete before they are accepted: the system does the handshake.
    let clients: Vec<TcpStream> = (0..MAX_PER_ADDRESS + 3)
        .map(|_| TcpStream::connect(address).expect("the system's queue takes it"))
        .collect();
    while wire.receive(now, &mut shard, &config.advertised) {}
    assert_eq!(wire.connections.len(), MAX_PER_ADDRESS);
    for mut c in &clients {
        // Those beyond the limit are closed already.
        let _ = c.write_all(&framed(&[b"nonsense"]));
    }
    let late = now + PROVE_WITHIN - Duration::from_millis(1);
    while wire.receive(late, &mut shard, &config.advertised) {}
    assert_eq!(wire.connections.len(), MAX_PER_ADDRESS);
    while wire.receive(now + PROVE_WITHIN, &mut shard, &config.advertised) {}
    assert!(wire.connections.is_empty());
}
