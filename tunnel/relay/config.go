package relay

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// Config is what a [Relay] needs to know. The zero value is a relay with the limits
// of its documentation, for node 0, behind TLS of its own.
type Config struct {
	// Node is the first byte of routing ids and contact ids. Relays behind one name
	// have different ones.
	Node byte
	// Origins are those of pages that may open tunnels, such as "https://app.example",
	// beside the relay's own. Requests without an Origin are always served: no client
	// platform but a browser sends one.
	Origins []string
	// Plain serves requests without TLS from anywhere: something in front ends it.
	// Without it they are served from loopback addresses alone.
	Plain bool
	// ClientAddr says who asks, for the limits by address prefix; nil means the other
	// end of the connection. Behind a proxy that is the proxy, and one prefix holds
	// everybody.
	ClientAddr func(*http.Request) netip.Addr
	// Limits are how much anybody may ask for. Each zero field means its default.
	Limits Limits
	// Rand is where routing ids and the ids of woken tunnels come from; nil means crypto/rand.
	Rand io.Reader
	// Logger hears, at debug, how tunnels end, without an identifier or address. nil discards.
	Logger *slog.Logger
}

// Limits bound what strangers can make a relay do. Each zero field means the value
// in its comment.
type Limits struct {
	Waiting time.Duration // 60 s: for the second party
	Life    time.Duration // 6 min: a tunnel in all, once both are there
	Idle    time.Duration // 3 min: without a message, once both are there
	Message time.Duration // 30 s: from a message's first byte to its last
	Backlog time.Duration // 10 s: a party that does not read what waits for it
	Wake    time.Duration // 10 s: until a phone that was woken comes to its tunnel
	Quiet   time.Duration // 2 min: a phone that waits to be woken sends nothing, not even a ping

	FirstMessageBytes int   // 64 KiB, and never more than MessageBytes: a message, until both parties have sent one
	MessageBytes      int   // 1 MiB: a message, after that
	Bytes             int64 // 4 MiB: all messages of a direction
	Messages          int   // 4,096: of a direction
	BacklogBytes      int   // 256 KiB: how much the system is asked to keep for a party that does not read
	Buffers           int64 // 64 MiB: what all messages that have arrived in part, or wait, may take beyond 2 KiB each

	WaitingPerPrefix int // 64: tunnels without a second party, opened from one /24 or /56
	TunnelsPerPrefix int // 2,048: tunnels, waiting or not, opened from one /24 or /56
	Tunnels          int // 100,000: in all, waiting or not

	Listeners          int // 20,000: phones that wait to be woken
	ListenersPerPrefix int // 64: of one /24 or /56
	WakesPerContact    int // 10: wake-ups of one phone in a minute
	WakesPerPrefix     int // 60: wake-ups from one /24 or /56 in a minute
}

func (c Config) withDefaults() Config {
	if c.ClientAddr == nil {
		c.ClientAddr = remoteAddr
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Limits = c.Limits.withDefaults()
	return c
}

// DefaultLimits are those of the zero value, written out.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	defaulted(&l.Waiting, time.Minute)
	defaulted(&l.Life, 6*time.Minute)
	defaulted(&l.Idle, 3*time.Minute)
	defaulted(&l.Message, 30*time.Second)
	defaulted(&l.Backlog, 10*time.Second)
	defaulted(&l.Wake, 10*time.Second)
	defaulted(&l.Quiet, 2*time.Minute)
	defaulted(&l.FirstMessageBytes, 64<<10)
	defaulted(&l.MessageBytes, 1<<20)
	l.FirstMessageBytes = min(l.FirstMessageBytes, l.MessageBytes) // a limit never shrinks under a message
	defaulted(&l.Bytes, 4<<20)
	defaulted(&l.Messages, 4096)
	defaulted(&l.BacklogBytes, 256<<10)
	defaulted(&l.Buffers, 64<<20)
	defaulted(&l.WaitingPerPrefix, 64)
	defaulted(&l.TunnelsPerPrefix, 2048)
	defaulted(&l.Tunnels, 100_000)
	defaulted(&l.Listeners, 20_000)
	defaulted(&l.ListenersPerPrefix, 64)
	defaulted(&l.WakesPerContact, 10)
	defaulted(&l.WakesPerPrefix, 60)
	return l
}

func defaulted[T int | int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// remoteAddr is the other end of the connection, or no address.
func remoteAddr(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr()
}

// prefixOf is the network that an address is counted with. Those without one share one.
func prefixOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 56
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
