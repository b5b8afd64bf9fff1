// network.go: a switch with hosts, made of namespaces, and what can be done to
// the traffic between them.

package group

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Network is a switch that hosts are plugged into. The test itself is plugged
// into it, too: as a client that reaches every host.
type Network struct {
	hub   *namespace
	hosts int
}

// Host is a namespace with an address on the switch. It satisfies harness.Place.
type Host struct {
	network *Network
	own     *namespace // nil while it is unplugged
	number  int        // of the hosts of the network
	ip      string
	port    string // the interface of the switch that the host is behind
	slow    bool
}

// NewNetwork makes a switch. Only root can; for anybody else the test is skipped.
func NewNetwork(tb testing.TB) *Network {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("networks of its own can be made by root only")
	}
	for program, pack := range map[string]string{"ip": "iproute2", "tc": "iproute2", "nft": "nftables"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Fatalf("%s is missing: apt-get install -y --no-install-recommends %s", program, pack)
		}
	}
	hub, err := newNamespace()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { hub.file.Close() })
	n := &Network{hub: hub}
	n.must(tb, hub, "ip link add br0 type bridge")
	n.must(tb, hub, "ip addr add 10.77.0.254/24 dev br0")
	n.must(tb, hub, "ip link set br0 up")
	return n
}

// must runs a command line in a namespace.
func (n *Network) must(tb testing.TB, in *namespace, line string) {
	tb.Helper()
	words := strings.Fields(line)
	if err := in.run(words[0], words[1:]...); err != nil {
		tb.Fatal(err)
	}
}

// Join plugs a new host into the switch.
func (n *Network) Join(tb testing.TB) *Host {
	tb.Helper()
	n.hosts++
	h := &Host{network: n, number: n.hosts, ip: fmt.Sprintf("10.77.0.%d", n.hosts), port: fmt.Sprintf("p%d", n.hosts)}
	tb.Cleanup(func() {
		if h.own != nil {
			h.own.file.Close()
		}
	})
	h.Plug(tb)
	return h
}

// Dial connects as a client of the test, from beside the hosts.
func (n *Network) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.hub.inside(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// IP is the host's address on the switch.
func (h *Host) IP() string { return h.ip }

// Start starts a program on the host.
func (h *Host) Start(cmd *exec.Cmd) error { return h.own.inside(cmd.Start) }

// Dial connects from beside the host, as clients do.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return h.network.Dial(ctx, network, address)
}

// rule adds a rule to one of the host's chains.
func (h *Host) rule(tb testing.TB, chain, match string) {
	tb.Helper()
	h.network.must(tb, h.own, fmt.Sprintf("nft add rule inet faults %s %s", chain, match))
}

// Deaf lets nothing that from sends arrive at h: a partition one way.
func (h *Host) Deaf(tb testing.TB, from *Host) {
	tb.Helper()
	h.rule(tb, "in", fmt.Sprintf("ip saddr %s drop", from.ip))
}

// Part lets nothing pass between h and other.
func (h *Host) Part(tb testing.TB, other *Host) {
	tb.Helper()
	h.Deaf(tb, other)
	other.Deaf(tb, h)
}

// Reset answers every segment between h and other with a TCP reset, to
// whichever of them sent it.
func (h *Host) Reset(tb testing.TB, other *Host) {
	tb.Helper()
	h.rule(tb, "in", fmt.Sprintf("ip saddr %s tcp flags & rst == 0 reject with tcp reset", other.ip))
	h.rule(tb, "out", fmt.Sprintf("ip daddr %s tcp flags & rst == 0 reject with tcp reset", other.ip)) // not the one just made
}

// Lose drops so many percent of what passes between h and other.
func (h *Host) Lose(tb testing.TB, other *Host, percent int) {
	tb.Helper()
	for _, end := range [2][2]*Host{{h, other}, {other, h}} {
		end[0].rule(tb, "in", fmt.Sprintf("ip saddr %s numgen random mod 100 < %d drop", end[1].ip, percent))
	}
}

// Slow limits the link of h to a rate in tc's words, such as 256kbit, in both
// directions and for everybody.
func (h *Host) Slow(tb testing.TB, rate string) {
	tb.Helper()
	h.slow = true
	for dev, at := range h.ends() {
		h.network.must(tb, at, fmt.Sprintf("tc qdisc add dev %s root tbf rate %s burst 4k latency 400ms", dev, rate))
	}
}

// ends are both ends of the host's link.
func (h *Host) ends() map[string]*namespace {
	return map[string]*namespace{"eth0": h.own, h.port: h.network.hub}
}

// Heal undoes all that was done to the traffic of h.
func (h *Host) Heal(tb testing.TB) {
	tb.Helper()
	if h.own == nil {
		return
	}
	h.network.must(tb, h.own, "nft flush table inet faults")
	if !h.slow {
		return
	}
	h.slow = false
	for dev, at := range h.ends() {
		h.network.must(tb, at, fmt.Sprintf("tc qdisc del dev %s root", dev))
	}
}
