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
    let address = wire.listener.as_ref().expect("it listens").local_addr().expect("bound");
    let now = Instant::now();
    // The connections are complete before they are accepted: the system does the handshake.
    let clients: Vec<TcpStream> = (0..MAX_PER_ADDRESS + 3)
        .map(|_| TcpStream::connect(address).expect("the system's queue takes it"))
        .collect();
    while wire.receive(now, &mut shard, &config.advertised, None) {}
    assert_eq!(wire.connections.len(), MAX_PER_ADDRESS);
    for mut c in &clients {
        // Those beyond the limit are closed already.
        let _ = c.write_all(&framed(&[b"nonsense"]));
    }
    let late = now + PROVE_WITHIN - Duration::from_millis(1);
    while wire.receive(late, &mut shard, &config.advertised, None) {}
    assert_eq!(wire.connections.len(), MAX_PER_ADDRESS);
    while wire.receive(now + PROVE_WITHIN, &mut shard, &config.advertised, None) {}
    assert!(wire.connections.is_empty());
}

#[test]
fn a_connection_goes_to_the_shard_that_its_check_names() {
    use super::super::handover::{Door, Neighbours, Parcel, check_for, lane};
    use super::super::wake::wake_pair;

    let local = IpAddr::from([127, 0, 0, 1]);
    let mut config = SfuConfig::new(vec![local]);
    (config.bind, config.single_port, config.shards) = (local, true, 2);
    let mut shards = [0, 1].map(|n| Shard::new(&config, n, 9).expect("a valid configuration"));
    let mut first = TcpWire::bind(&config, 0).expect("a free port");
    let address = first.listener.as_ref().expect("it listens").local_addr().expect("bound");
    let mut second = TcpWire::without_listener(address.port());
    let (lanes, inboxes): (Vec<_>, Vec<_>) = [lane(), lane()].into_iter().unzip();
    let pairs = [0, 1].map(|_| wake_pair().expect("a pair"));
    let door = |(outlet, (waker, _))| Door::new(outlet, std::sync::Arc::new(waker));
    let doors: Vec<_> = lanes.into_iter().zip(pairs).map(door).collect();
    let neighbours = Neighbours::new(shards[0].home, &doors);

    let mut client = TcpStream::connect(address).expect("the system's queue takes it");
    let frames = framed(&[&check_for(shards[1].home), b"\x16 the next", b"\x16 and one"]);
    client.write_all(&frames[..frames.len() - 5]).expect("loopback takes it");
    let now = Instant::now();
    let parcel = loop {
        first.receive(now, &mut shards[0], &config.advertised, Some(&neighbours));
        if let Some(parcel) = inboxes[1].take() {
            break parcel;
        }
    };
    assert!(first.connections.is_empty() && shards[0].stats().datagrams_in == 0);
    let Parcel::Connection(moving) = parcel else { panic!("a connection") };
    second.take_over(now, *moving, &mut shards[1]);
    assert_eq!(shards[1].stats().datagrams_in, 2, "what had come, but for the cut frame");
    client.write_all(&frames[frames.len() - 5..]).expect("loopback takes it");
    while shards[1].stats().datagrams_in < 3 {
        second.receive(now, &mut shards[1], &config.advertised, None);
    }
    let to = client.local_addr().expect("bound");
    let answer = Datagram {
        wire: crate::shard::Wire::Tcp,
        source: address,
        destination: to,
        contents: b"answer".to_vec(),
    };
    assert!(second.send(&answer) && !first.send(&answer));
    let mut got = [0; 8];
    client.read_exact(&mut got).expect("it comes on the same connection");
    assert_eq!(&got, b"\0\x06answer");
}
