// plug.go: a host that loses its power, and with it all that its kernel knew of
// connections.

package group

import (
	"fmt"
	"testing"
)

// Plug gives an unplugged host a network stack that knows of no connection, with
// the address that it had before, and nothing done to its traffic.
func (h *Host) Plug(tb testing.TB) {
	tb.Helper()
	own, err := newNamespace()
	if err != nil {
		tb.Fatal(err)
	}
	h.own = own
	n := h.network
	n.must(tb, n.hub, fmt.Sprintf("ip link add %s type veth peer name eth0 netns %s", h.port, own.path()))
	// The same card in the same socket: nobody has to learn another address.
	n.must(tb, own, fmt.Sprintf("ip link set eth0 address 02:00:00:00:4d:%02x", h.number))
	n.must(tb, n.hub, fmt.Sprintf("ip link set %s master br0 up", h.port))
	n.must(tb, own, fmt.Sprintf("ip addr add %s/24 dev eth0", h.ip))
	n.must(tb, own, "ip link set eth0 up")
	n.must(tb, own, "nft add table inet faults")
	n.must(tb, own, "nft add chain inet faults in { type filter hook input priority 0 ; }")
	n.must(tb, own, "nft add chain inet faults out { type filter hook output priority 0 ; }")
}

// Unplug takes the host from the switch at once, ends its processes by calling
// end, and forgets its connections: their other ends are told nothing.
func (h *Host) Unplug(tb testing.TB, end func()) {
	tb.Helper()
	h.network.must(tb, h.network.hub, fmt.Sprintf("ip link del %s", h.port))
	end()
	h.own.file.Close()
	h.own, h.slow = nil, false
}
