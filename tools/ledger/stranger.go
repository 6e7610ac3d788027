package ledger

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// crowd makes each request come from another network, as far as a server tells
// that trusts this machine as a proxy (see package daemon). Whoever tries dead
// links is limited, and a ledger tries many.
type crowd struct {
	transport *http.Transport
	n         atomic.Uint32
}

// RoundTrip implements http.RoundTripper.
func (c *crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	n := c.n.Add(1)
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", byte(n>>8), byte(n)))
	return c.transport.RoundTrip(r)
}

// newStranger is somebody without a passkey, from everywhere.
func newStranger(c *api.Client) *load.Person {
	return load.NewPerson(api.NewClient(&http.Client{Transport: &crowd{transport: &http.Transport{}}}, c.Origin()))
}

// asking is a registration with a link's token by somebody who goes no further.
func asking(token string) api.Registration {
	return api.Registration{Name: "stranger", Token: token}
}
