package hybrid

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// Config is how a client platform uses the hybrid transport. It must not be
// changed while a function of this package has it.
type Config struct {
	// Scanner hears adverts. Required: there is no session without one.
	Scanner Scanner
	// Show shows the text of the QR code to the person, and returns. It is called
	// once, when the radio listens already. An error ends the transaction.
	// Required by Initiate; not used by InitiateLinked.
	Show func(text string) error
	// Links remembers phones. Nil: phones are told not to ask for it.
	Links *Links
	// Hint tells the phone what is to come; "" means HintGetAssertion.
	Hint Hint
	Transport
}

// ResponderConfig is how a phone uses the hybrid transport. It must not be
// changed while a function of this package has it.
type ResponderConfig struct {
	// Advertiser sends adverts. Required.
	Advertiser Advertiser
	// Domains are the tunnel services that this phone may use, most wanted first.
	// The first that the client platform knows is taken; a hashed domain is known to all. Required.
	Domains []Domain
	// Linking lets client platforms remember this phone. Nil: it never does.
	Linking *Linking
	// JSON answers a request in JSON, such as one for a digital credential: what
	// goes in and comes out is the payload of a frame of type 3. It should return
	// soon after ctx is done. Nil, or an error: the request is refused with
	// {"response":{"digital":{"error":"DEVICE_ABORTED"}}}.
	JSON func(ctx context.Context, request []byte) ([]byte, error)
	// MaxQRAge is how old a QR code may be that says when it was made. The two
	// clocks need not agree, so it is generous: 0 means 30 minutes. It is no
	// defence, only a better message than silence.
	MaxQRAge time.Duration
	Transport
}

// Transport is what both ends are configured with.
type Transport struct {
	// Dialer reaches tunnel services. Nil means one without options.
	Dialer *tunnel.Dialer
	// Services says where tunnel services are, instead of where their domains say.
	// Both ends of a private installation have the same entry.
	Services map[Domain]tunnel.Service
	// Limits are the times that things may take.
	Limits Limits
	// Progress is told how far a transaction is, one event at a time. It must
	// return soon and not call back. Nil: nobody is.
	Progress func(Event)
	// Logger gets a line for each stage, at level debug. Nil means discard.
	Logger *slog.Logger
	// Rand is where randomness comes from; nil means crypto/rand.
	Rand io.Reader
	// Now is the clock of what is written down; nil means time.Now.
	Now func() time.Time
}

// Limits are the times that things may take. Each 0 means its default.
type Limits struct {
	// Proximity is how long a client platform shows the QR code and listens: 5 minutes.
	Proximity time.Duration
	// Wake is how long a client platform listens for a linked phone: 1 minute, as
	// long as tunnel services let it wait.
	Wake time.Duration
	// Dial is how long reaching the tunnel service may take: 15 seconds.
	Dial time.Duration
	// Arrival is how long a phone advertises and waits for the client platform: 1 minute.
	Arrival time.Duration
	// Handshake is how long the handshake may take: 10 seconds.
	Handshake time.Duration
	// PostHandshake is how long the phone may take to say what it can do: 10 seconds.
	PostHandshake time.Duration
	// Request is how long a client platform waits for a reply, while the phone asks
	// its user: 5 minutes.
	Request time.Duration
	// Write is how long the other end may take to accept one message: 10 seconds.
	Write time.Duration
	// Linger is how long a client platform that has closed the connection goes on
	// reading, for the phone to be remembered: 3 minutes.
	Linger time.Duration
	// Session is how long a phone serves one client platform: 6 minutes, as long as
	// tunnel services let it.
	Session time.Duration
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *time.Duration
		value time.Duration
	}{
		{&l.Proximity, 5 * time.Minute},
		{&l.Wake, time.Minute},
		{&l.Dial, 15 * time.Second},
		{&l.Arrival, time.Minute},
		{&l.Handshake, 10 * time.Second},
		{&l.PostHandshake, 10 * time.Second},
		{&l.Request, 5 * time.Minute},
		{&l.Write, 10 * time.Second},
		{&l.Linger, 3 * time.Minute},
		{&l.Session, 6 * time.Minute},
	} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	return l
}

// road is a Transport whose defaults are filled in.
type road struct {
	dialer   *tunnel.Dialer
	services map[Domain]tunnel.Service
	limits   Limits
	progress *progress
	logger   *slog.Logger
	rand     io.Reader
	now      func() time.Time
}

func (t Transport) road() *road {
	r := &road{
		dialer: t.Dialer, services: t.Services, limits: t.Limits.withDefaults(),
		progress: &progress{tell: t.Progress}, logger: t.Logger, rand: t.Rand, now: t.Now,
	}
	if r.dialer == nil {
		r.dialer = tunnel.New(tunnel.Config{})
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	if r.rand == nil {
		r.rand = rand.Reader
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// service says where the tunnel service of a domain is.
func (r *road) service(d Domain) (tunnel.Service, error) {
	if s, ok := r.services[d]; ok {
		return s, nil
	}
	host, err := d.Host()
	if err != nil {
		return tunnel.Service{}, err
	}
	return tunnel.Service{URL: "wss://" + host}, nil
}

// passed notes that a stage is over, and how long it took. Nothing else of it is
// ever logged.
func (r *road) passed(ctx context.Context, stage Stage, began time.Time) {
	r.logger.DebugContext(ctx, "stage passed", "stage", string(stage), "duration_ms", time.Since(began).Milliseconds())
}
