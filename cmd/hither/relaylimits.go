package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/hitherauth/hither/tunnel/relay"
)

// relayLimit is a limit of a relay, as a flag: one of the pointers is not nil.
type relayLimit struct {
	name, usage string
	time        *time.Duration
	number      *int
	bytes       *int64
}

// relayLimits are all of them, with the fields of l.
func relayLimits(l *relay.Limits) []relayLimit {
	return []relayLimit{
		{name: "waiting", usage: "how long a tunnel waits for the second party", time: &l.Waiting},
		{name: "life", usage: "how long a tunnel may last in all", time: &l.Life},
		{name: "idle", usage: "how long both parties of a tunnel may be silent", time: &l.Idle},
		{name: "message-time", usage: "how long a message may take from its first byte to its last", time: &l.Message},
		{name: "backlog-time", usage: "how long a party may leave what it is sent unread", time: &l.Backlog},
		{name: "wake-time", usage: "how long a phone that was woken may take to come", time: &l.Wake},
		{name: "quiet", usage: "how long a phone that waits to be woken may be silent; it pings", time: &l.Quiet},
		{name: "first-message-bytes", usage: "size of a message until both parties have sent one", number: &l.FirstMessageBytes},
		{name: "message-bytes", usage: "size of a message", number: &l.MessageBytes},
		{name: "tunnel-bytes", usage: "size of all messages of one direction of a tunnel", bytes: &l.Bytes},
		{name: "tunnel-messages", usage: "messages of one direction of a tunnel", number: &l.Messages},
		{name: "backlog-bytes", usage: "how much the system is asked to keep for a party that does not read", number: &l.BacklogBytes},
		{name: "buffer-bytes", usage: "memory for messages of all tunnels that have arrived in part, or wait, beyond 2 KiB each", bytes: &l.Buffers},
		{name: "waiting-per-network", usage: "tunnels without a second party, of one /24 or /56", number: &l.WaitingPerPrefix},
		{name: "tunnels-per-network", usage: "tunnels of one /24 or /56", number: &l.TunnelsPerPrefix},
		{name: "tunnels", usage: "tunnels in all; each takes two open files", number: &l.Tunnels},
		{name: "listeners", usage: "phones that wait to be woken; each takes an open file", number: &l.Listeners},
		{name: "listeners-per-network", usage: "phones of one /24 or /56 that wait to be woken", number: &l.ListenersPerPrefix},
		{name: "wakes-per-phone", usage: "wake-ups of one phone in a minute", number: &l.WakesPerContact},
		{name: "wakes-per-network", usage: "wake-ups from one /24 or /56 in a minute", number: &l.WakesPerPrefix},
	}
}

// addTo makes the flag. What the field holds is its default.
func (l relayLimit) addTo(flags *pflag.FlagSet) {
	usage := "limit: " + l.usage
	switch {
	case l.time != nil:
		flags.DurationVar(l.time, l.name, *l.time, usage)
	case l.number != nil:
		flags.IntVar(l.number, l.name, *l.number, usage)
	default:
		flags.Int64Var(l.bytes, l.name, *l.bytes, usage)
	}
}

func (l relayLimit) positive() bool {
	switch {
	case l.time != nil:
		return *l.time > 0
	case l.number != nil:
		return *l.number > 0
	default:
		return *l.bytes > 0
	}
}
