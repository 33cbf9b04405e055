use super::*;

const TABLE: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1188: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 7
 1189: 0100007F:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 5
";

fn outgoing(destination: SocketAddr, contents: &[u8]) -> Outgoing {
    Outgoing { destination, contents: contents.to_vec(), id: None, stream: None }
}

#[test]
fn drops_of_the_named_sockets_are_added() {
    let of = |ports: &[u16]| parse_drops(TABLE, &ports.iter().copied().collect());
    assert_eq!((of(&[8_080]), of(&[8_080, 8_081]), of(&[1]), of(&[])), (7, 12, 0, 0));
    assert_eq!(parse_drops("junk\n: :\n1 x:zz 3", &HashSet::from([0])), 0);
}

#[test]
fn the_kernel_counts_what_a_full_socket_drops() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let ports = HashSet::from([address.port()]);
    assert_eq!(drops(&ports).unwrap(), 0);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Four times what the largest usual buffer holds.
    for _ in 0..20_000 {
        sender.send_to(&[0; 1_200], address).unwrap();
    }
    assert!(drops(&ports).unwrap() > 1_000);
}

#[test]
fn everybody_has_an_address_and_is_found_by_it() {
    for range in [Range::LOOPBACK, Range::MEASURING] {
        for n in [0, 1, 255, 256, 70_000, range.most - 1] {
            let at = range.address(PersonId(n), 4_000);
            assert_eq!(at.ip().is_loopback(), range == Range::LOOPBACK);
            assert_eq!((range.person(at.ip()), at.port()), (Some(PersonId(n)), 4_000));
        }
        for nobody in ["127.0.0.1", "127.128.0.0", "198.18.0.1", "198.19.255.1", "192.0.2.1", "::1"]
        {
            assert_eq!(range.person(nobody.parse().unwrap()), None);
        }
    }
}

#[test]
fn one_socket_sends_and_receives_as_many_people() {
    let mut socket = CrowdSocket::bind().unwrap();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap();
    let row = [outgoing(to, &[1; 100]), outgoing(to, &[2; 100]), outgoing(to, &[3; 40])];
    let mut stamped = 0;
    for n in [3, 70_000] {
        assert_eq!(socket.send(PersonId(n), &row, |_, at| stamped += u64::from(at > 0)), 0);
        let mut buffer = [0; 200];
        for size in [100, 100, 40] {
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!((length, from), (size, socket.range().address(PersonId(n), socket.port())));
        }
        server.send_to(&[9; 20], socket.range().address(PersonId(n), socket.port())).unwrap();
    }
    assert_eq!(stamped, 6);
    // Nobody has this address: it only wakes.
    socket.waker().unwrap().wake();
    let mut got = Vec::new();
    while got.len() < 2 {
        socket.sleep(None);
        socket.receive(|a| {
            assert!(a.unix_ns.is_some());
            got.push((a.to, a.from, a.bytes.len()));
        });
    }
    assert_eq!(got, [(PersonId(3), to, 20), (PersonId(70_000), to, 20)]);
}

#[test]
fn only_datagrams_that_fit_together_are_joined() {
    let socket = CrowdSocket::bind().unwrap();
    let (a, b) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
    let row = |sizes: &[(SocketAddr, usize)]| {
        let all: Vec<_> = sizes.iter().map(|(to, size)| outgoing(*to, &vec![0; *size])).collect();
        socket.row(&all)
    };
    assert_eq!(row(&[(a, 10)]), 1);
    assert_eq!(row(&[(a, 10), (b, 10)]), 1);
    assert_eq!(row(&[(a, 10), (a, 11)]), 1);
    // Without segmentation offload in the kernel nothing is joined at all.
    let can_join = socket.state.max_gso_segments() > 1;
    assert_eq!(row(&[(a, 10), (a, 9), (a, 9)]), if can_join { 2 } else { 1 });
}
