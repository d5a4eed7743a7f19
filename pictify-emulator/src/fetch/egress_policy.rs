//! Egress policy: the addresses that the server may connect to.

use clap::ValueEnum;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Egress policy for outgoing requests: the data of bindings, the tables of batches, web pages and webhook webhooks.
///
/// Each level includes the previous one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EgressPolicy {
    /// Public addresses only.
    #[default]
    Public,
    /// Also the loopback addresses of this machine.
    Loopback,
    /// All addresses, including those of the local network.
    Private,
}

impl EgressPolicy {
    /// Returns true if the policy allows connections to an address.
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match address {
            _ if self == Self::Private => true,
            address if address.is_loopback() => self >= Self::Loopback,
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => is_public_v6(address),
        }
    }
}

/// Returns true for addresses that are routable on the internet.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    !(address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || octets[0] == 0
        || octets[0] >= 240
        // Carrier-grade NAT, IETF protocol assignments, benchmarking.
        || (octets[0] == 100 && (64..128).contains(&octets[1]))
        || octets[..3] == [192, 0, 0]
        || (octets[0] == 198 && (18..20).contains(&octets[1])))
}

/// Returns true for global unicast addresses, except tunnel addresses that embed an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_tunnel = segments[0] == 0x2002 || (segments[0] == 0x2001 && segments[1] < 0x200);
    let is_documentation = (segments[0] == 0x2001 && segments[1] == 0xdb8) || segments[0] == 0x3fff;
    is_global && !is_tunnel && !is_documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_allowed_by_default() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("2606:4700::1111", true),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            let parsed = address.parse().unwrap();
            let allowed = [EgressPolicy::Public, EgressPolicy::Loopback, EgressPolicy::Private]
                .map(|egress_policy| egress_policy.allows(parsed));
            assert_eq!(allowed, [public, public, true], "{address}");
        }
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            let parsed = address.parse().unwrap();
            let allowed = [EgressPolicy::Public, EgressPolicy::Loopback, EgressPolicy::Private]
                .map(|egress_policy| egress_policy.allows(parsed));
            assert_eq!(allowed, [false, true, true], "{address}");
        }
    }
}
