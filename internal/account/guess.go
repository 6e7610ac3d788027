package account

import (
	"net/netip"
	"time"
)

// How often somebody may be wrong about something that can be guessed: a link's
// token, and whatever else is typed or followed to get in. Each address prefix
// (/24, /56) and each account that is named has a budget. A budget that is used
// up comes back evenly, so that it is whole again after GuessWindow.
const (
	GuessWindow       = time.Hour
	GuessesPerPrefix  = 30
	GuessesPerAccount = 10
)

// Guess says whom a try is counted against when it was wrong, by the change that
// judges it and in the same transaction. A right one costs nothing, so no crowd
// behind one address is too large. Passkeys are nothing to guess: no number of
// wrong guesses keeps anybody from signing in with one.
type Guess struct {
	// Account is the name of the account that the try was for, in any case; "":
	// none was named. A name that nobody has is counted in the same way, because
	// a limit that only some names have would tell which ones exist.
	Account string
	Address netip.Addr // of whoever tries; the zero address is a prefix of its own
	At      time.Time
}

// GuessError refuses a guess because too many before it were wrong.
type GuessError struct {
	RetryAfter time.Duration // when the next one will be judged; at most GuessWindow
}

func (*GuessError) Error() string { return "account: too many wrong guesses" }
