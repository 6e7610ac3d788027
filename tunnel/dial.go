package tunnel

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// MaxMessage is how long a message may be, in bytes.
const MaxMessage = 1 << 20

// The names of the wire that both ends of a tunnel, and the service, must agree on.
const (
	Subprotocol            = "fido.cable"
	ListenSubprotocol      = "hither.listen" // of ours alone
	RoutingIDHeader        = "X-caBLE-Routing-ID"
	ClientPayloadHeader    = "X-caBLE-Client-Payload"
	SignalConnectionHeader = "X-caBLE-Signal-Connection"
	ContactIDHeader        = "X-Hither-Contact-ID" // of ours alone
)

const (
	dialTimeout       = 15 * time.Second
	maxRedirects      = 5
	maxResponseHeader = 16 << 10
)

// Config is how a [Dialer] reaches services. Its zero value is useful.
type Config struct {
	// DialTimeout is how long reaching a service may take, up to its answer and
	// redirects included; 0 means 15 s. The caller's context may end it sooner.
	DialTimeout time.Duration
	// Proxy chooses a proxy for an address, as in [http.Transport]; nil means none.
	// The environment's HTTPS_PROXY is only heard if this is
	// [http.ProxyFromEnvironment]. It sees the whole URL, identifiers included.
	Proxy func(*http.Request) (*url.URL, error)
}

// Dialer reaches tunnel services. It holds no connection and no cookie, and may
// be used by any number of goroutines.
type Dialer struct {
	config Config
}

// New makes a dialer. The config is copied.
func New(c Config) *Dialer {
	if c.DialTimeout <= 0 {
		c.DialTimeout = dialTimeout
	}
	return &Dialer{config: c}
}

// Create opens a tunnel, as a phone: the service waits for the other end and says
// under which routing id it will find it. ctx bounds the dialling, not the channel.
// CTAP leaves this half between phone and service; the path is Chromium's.
func (d *Dialer) Create(ctx context.Context, s Service, id ID) (*Channel, RoutingID, error) {
	conn, answer, err := d.dial(ctx, s, request{path: "/cable/new/" + id.Text(), subprotocol: Subprotocol})
	if err != nil {
		return nil, RoutingID{}, err
	}
	routingID, err := routingID(answer)
	if err != nil {
		_ = conn.CloseNow()
		return nil, RoutingID{}, err
	}
	return newChannel(conn, false), routingID, nil
}

// Connect comes to a tunnel that a phone has opened, or that a wake-up named.
// ctx bounds the dialling, not the channel. See CTAP 2.2, hybrid transports.
func (d *Dialer) Connect(ctx context.Context, s Service, routingID RoutingID, id ID) (*Channel, error) {
	conn, _, err := d.dial(ctx, s, request{path: "/cable/connect/" + routingID.Text() + "/" + id.Text(), subprotocol: Subprotocol})
	if err != nil {
		return nil, err
	}
	return newChannel(conn, false), nil
}

// Contact has the service wake a phone that has linked with this client platform.
// payload is the CBOR map {1: link id, 2: client nonce, 3: hint} for the phone,
// which the service reads too. The error is [ErrGone] when the link is to be
// deleted. At most 5 redirects are followed, to services with TLS alone. ctx bounds
// the dialling, not the channel. See CTAP 2.2, state-assisted transactions.
func (d *Dialer) Contact(ctx context.Context, s Service, id ContactID, payload []byte) (*Channel, error) {
	if len(id) == 0 || len(id) > MaxContactID {
		return nil, errors.New("tunnel: the contact id has not 1 to 1024 bytes")
	}
	conn, answer, err := d.dial(ctx, s, request{
		path:        "/cable/contact/" + id.Text(),
		subprotocol: Subprotocol,
		redirects:   maxRedirects,
		header: http.Header{
			// As Chromium writes them, not as Go would.
			ClientPayloadHeader:    {strings.ToUpper(hex.EncodeToString(payload))},
			SignalConnectionHeader: {"true"},
		},
	})
	if err != nil {
		return nil, err
	}
	return newChannel(conn, len(answer.Values(SignalConnectionHeader)) > 0), nil
}

// request is what one of a service's addresses is asked.
type request struct {
	path        string
	subprotocol string
	header      http.Header
	redirects   int // that are followed
}

// dial upgrades a request to s, or says why not without naming the path.
func (d *Dialer) dial(ctx context.Context, s Service, r request) (*websocket.Conn, http.Header, error) {
	base, err := s.base()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.config.DialTimeout)
	defer cancel()
	header := http.Header{}
	if r.header != nil {
		header = r.header
	}
	header.Set("Origin", origin(base))
	// One connection each: what one tunnel's service may know of another is then for
	// the service to find out.
	transport := &http.Transport{
		Proxy:                  d.config.Proxy,
		TLSClientConfig:        &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: maxResponseHeader,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
	conn, answer, err := websocket.Dial(ctx, base.JoinPath(r.path).String(), &websocket.DialOptions{ //nolint:bodyclose // nothing is left to close, it says
		HTTPClient:   &http.Client{Transport: transport, CheckRedirect: r.checkRedirect},
		HTTPHeader:   header,
		Subprotocols: []string{r.subprotocol},
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, fmt.Errorf("tunnel: reaching the service: %w", ctx.Err())
	case err != nil && answer != nil && answer.StatusCode != http.StatusSwitchingProtocols:
		return nil, nil, &StatusError{Status: answer.StatusCode}
	case err != nil:
		return nil, nil, fmt.Errorf("tunnel: reaching the service: %w", cause(err))
	case !slices.Equal(answer.Header.Values("Sec-WebSocket-Protocol"), []string{r.subprotocol}):
		_ = conn.CloseNow()
		return nil, nil, errors.New("tunnel: the service did not choose the subprotocol " + r.subprotocol)
	}
	conn.SetReadLimit(MaxMessage)
	return conn, answer.Header, nil
}

// checkRedirect follows a redirect if any are followed, and takes along what the
// new address needs and nothing that names the old one.
func (r request) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > r.redirects {
		if r.redirects == 0 {
			return http.ErrUseLastResponse
		}
		return redirectError("more than 5 redirects")
	}
	// By now "wss" has become "https". A service on loopback may send to another one.
	plain := next.URL.Scheme == "http" && via[0].URL.Scheme == "http" && isLoopback(next.URL.Hostname())
	if next.URL.Scheme != "https" && !plain {
		return redirectError("a redirect to an address without TLS")
	}
	if next.URL.User != nil {
		return redirectError("a redirect to an address with a user's name")
	}
	next.Header.Del("Referer")
	next.Header.Set("Origin", origin(next.URL))
	return nil
}

// origin is what Chromium sends: the service's own, with the scheme of WebSocket and
// without a port that goes without saying.
func origin(u *url.URL) string {
	if u.Scheme == "https" || u.Scheme == "wss" {
		return "wss://" + strings.TrimSuffix(u.Host, ":443")
	}
	return "ws://" + strings.TrimSuffix(u.Host, ":80")
}

func routingID(answer http.Header) (RoutingID, error) {
	values := answer.Values(RoutingIDHeader)
	if len(values) != 1 {
		return RoutingID{}, fmt.Errorf("tunnel: the service sent %d routing ids", len(values))
	}
	return ParseRoutingID(values[0])
}
