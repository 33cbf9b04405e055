//! Network interfaces of the calling thread's namespace.
//!
//! Owns the kernel's request structures and the `ioctl` calls with them. Each `unsafe` block here
//! calls the kernel with one structure that this module defines.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// An interface by its name, in whatever namespace the calling thread is.
pub(crate) struct Interface<'a>(pub &'a str);

/// A default route over an interface. The lowest metric is used.
pub(crate) struct Route<'a> {
    pub interface: &'a str,
    pub metric: u16,
}

impl Interface<'_> {
    /// Makes a TUN device of this name. It lives for as long as the file. Reads and writes are whole
    /// IP packets and never wait.
    pub(crate) fn create_tun(&self) -> io::Result<File> {
        let tun = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open("/dev/net/tun")?;
        let flags = (libc::IFF_TUN | libc::IFF_NO_PI) as u16;
        self.request(tun.as_fd(), TUNSETIFF, &flags.to_ne_bytes())?;
        Ok(tun)
    }

    /// Gives it an address in a network of 256, an MTU and a long queue, and takes it up.
    pub(crate) fn configure(&self, address: Ipv4Addr, mtu_bytes: u16) -> io::Result<()> {
        let socket = control()?;
        let socket = socket.as_fd();
        self.request(socket, libc::SIOCSIFADDR as _, &socket_address(address))?;
        let mask = Ipv4Addr::new(255, 255, 255, 0);
        self.request(socket, libc::SIOCSIFNETMASK as _, &socket_address(mask))?;
        self.request(socket, libc::SIOCSIFMTU as _, &i32::from(mtu_bytes).to_ne_bytes())?;
        // The kernel drops silently when this is full, and the lab wants to count every drop.
        self.request(socket, libc::SIOCSIFTXQLEN as _, &20_000_i32.to_ne_bytes())?;
        self.set_up(true)
    }

    /// Takes its address away. One without an address stays so.
    pub(crate) fn remove_address(&self) -> io::Result<()> {
        let nothing = socket_address(Ipv4Addr::UNSPECIFIED);
        self.request(control()?.as_fd(), libc::SIOCSIFADDR as _, &nothing)
    }

    /// Takes it up or down. The kernel forgets routes over an interface that goes down.
    pub(crate) fn set_up(&self, up: bool) -> io::Result<()> {
        let flags = if up { (libc::IFF_UP | libc::IFF_RUNNING) as u16 } else { 0 };
        self.request(control()?.as_fd(), libc::SIOCSIFFLAGS as _, &flags.to_ne_bytes())
    }

    fn request(&self, fd: BorrowedFd<'_>, code: libc::c_ulong, value: &[u8]) -> io::Result<()> {
        let mut request = InterfaceRequest { name: [0; libc::IFNAMSIZ], value: [0; VALUE_BYTES] };
        let name = self.0.as_bytes();
        // One byte stays zero and ends the name.
        if name.len() >= request.name.len() || value.len() > request.value.len() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        request.name[..name.len()].copy_from_slice(name);
        request.value[..value.len()].copy_from_slice(value);
        // SAFETY: every `code` that this module passes takes a pointer to one `struct ifreq` and
        // reads or writes nothing beyond it. `InterfaceRequest` has its size (checked below), is
        // plain bytes for which any value is valid, and outlives the call. The kernel copies it, so
        // its alignment does not matter. `fd` is open, since it is borrowed.
        let done = unsafe { libc::ioctl(fd.as_raw_fd(), code as _, &raw mut request) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Route<'_> {
    /// Adds it.
    pub(crate) fn add(&self) -> io::Result<()> {
        self.request(libc::SIOCADDRT as _)
    }

    /// Takes it away. One that is not there is no error.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match self.request(libc::SIOCDELRT as _) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            done => done,
        }
    }

    fn request(&self, code: libc::c_ulong) -> io::Result<()> {
        let socket = control()?;
        let mut name = CString::new(self.interface)?.into_bytes_with_nul();
        let any = socket_address(Ipv4Addr::UNSPECIFIED);
        let mut request = RouteRequest {
            _pad1: 0,
            destination: any,
            _gateway: [0; 16],
            mask: any,
            flags: libc::RTF_UP,
            _pad2: 0,
            _pad3: 0,
            _pad4: 0,
            // The kernel counts from 1 here.
            metric: self.metric as i16 + 1,
            device: name.as_mut_ptr().cast(),
            _mtu: 0,
            _window: 0,
            _irtt: 0,
        };
        // SAFETY: both codes that this module passes take a pointer to one `struct rtentry`, which
        // `RouteRequest` mirrors field by field; it outlives the call. `device` points to a string
        // that ends with zero and lives until the end of this function. The kernel only reads.
        let done = unsafe { libc::ioctl(socket.as_raw_fd(), code as _, &raw mut request) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// `struct ifreq` of `linux/if.h`: a name and a union.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; libc::IFNAMSIZ],
    value: [u8; VALUE_BYTES],
}

const VALUE_BYTES: usize = size_of::<libc::ifreq>() - libc::IFNAMSIZ;
const _: () = assert!(size_of::<InterfaceRequest>() == size_of::<libc::ifreq>());

/// `struct rtentry` of `linux/route.h`.
#[repr(C)]
struct RouteRequest {
    _pad1: libc::c_ulong,
    destination: [u8; 16],
    _gateway: [u8; 16],
    mask: [u8; 16],
    flags: libc::c_ushort,
    _pad2: libc::c_short,
    _pad3: libc::c_ulong,
    _pad4: usize,
    metric: libc::c_short,
    device: *mut libc::c_char,
    _mtu: libc::c_ulong,
    _window: libc::c_ulong,
    _irtt: libc::c_ushort,
}

/// `_IOW('T', 202, int)` of `linux/if_tun.h`.
const TUNSETIFF: libc::c_ulong = 0x4004_54ca;

/// `struct sockaddr_in` with port 0.
fn socket_address(address: Ipv4Addr) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    bytes[4..8].copy_from_slice(&address.octets());
    bytes
}

/// Any socket of the namespace will do for requests about interfaces.
fn control() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
}
