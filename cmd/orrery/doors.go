package main

import (
	"fmt"
	"net/netip"

	"orrery/serve"
)

// doorFlags bound what strangers may cost before anything is known of them.
type doorFlags struct {
	Connections int       `name:"http.connections" help:"Connections at once; 0: 16,384, and never more than the process may have files open, less what it needs itself."`
	PerAddress  int       `name:"http.connections-per-address" help:"Connections that one address may hold; 0: 1,024. This machine, private addresses and trusted proxies may hold any number."`
	Bodies      int       `name:"http.bodies" placeholder:"BYTES" help:"Bytes of request bodies under way, all together; 0: 256 MiB, or a sixteenth of the memory that the process may use. Further ones are answered with 503."`
	KeyRate     int       `name:"http.key-rate" placeholder:"REQUESTS" help:"Requests a second of one key, ten seconds' worth at once; 0: 25,000 a core, -1: any number. Further ones are answered with 429."`
	AddressRate int       `name:"http.address-rate" placeholder:"REQUESTS" help:"Requests a second of one address with the public key, likewise; each KiB of events and each further frame of a page counts as one more. 0: 200, -1: any number."`
	Proxies     []network `name:"http.trusted-proxies" placeholder:"CIDR" help:"Networks of the proxies in front, whose word on a client's address is taken: X-Forwarded-For, Forwarded, and the PROXY protocol. A proxy that writes Forwarded has to write X-Forwarded-For too, or drop it."`
}

// leastBodies has room for some large bodies beside many small ones.
const leastBodies = 16 << 20

func (f *doorFlags) validate(check func(ok bool, name, what string)) {
	check(f.Connections >= 0, "http.connections", "must not be negative")
	check(f.PerAddress >= 0, "http.connections-per-address", "must not be negative")
	check(f.KeyRate >= -1, "http.key-rate", "must be -1, 0 or more")
	check(f.AddressRate >= -1, "http.address-rate", "must be -1, 0 or more")
	check(f.Bodies == 0 || f.Bodies >= leastBodies, "http.bodies", fmt.Sprintf("must be at least %d: one request may have 5 MiB", leastBodies))
}

// apply sets the bounds of a server whose process may use so much memory, 0 where nobody says how much.
func (f *doorFlags) apply(cfg *serve.Config, memory int64) {
	const most, share = 256 << 20, 16
	cfg.MaxConnections, cfg.MaxPerAddress, cfg.MaxBodies = f.Connections, f.PerAddress, f.Bodies
	cfg.KeyRate, cfg.AddressRate = f.KeyRate, f.AddressRate
	if f.Bodies == 0 && memory > 0 {
		cfg.MaxBodies = int(min(max(memory/share, leastBodies), most))
	}
	for _, n := range f.Proxies {
		cfg.TrustedProxies = append(cfg.TrustedProxies, netip.Prefix(n))
	}
}

// network is a network, or one address.
type network netip.Prefix

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *network) UnmarshalText(text []byte) error {
	if a, err := netip.ParseAddr(string(text)); err == nil {
		*n = network(netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		return nil
	}
	p, err := netip.ParsePrefix(string(text))
	if err != nil {
		return fmt.Errorf("%q is no network, as 10.0.0.0/8, and no address", text)
	}
	*n = network(p.Masked())
	return nil
}

// String tells the network, for `config print`.
func (n network) String() string { return netip.Prefix(n).String() }
