package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// checkURL lets a dialer go as far as to choose a proxy, which is told the address.
func checkURL(inputs struct {
	Op        string   `json:"op"`
	DomainID  uint16   `json:"domain_id"`
	TunnelID  hexBytes `json:"tunnel_id"`
	RoutingID hexBytes `json:"routing_id"`
}, expected struct {
	URL string `json:"url"`
},
) error {
	host, err := hybrid.Domain(inputs.DomainID).Host()
	if err != nil {
		return err
	}
	asked, errFarEnough := "", errors.New("far enough")
	dialer := tunnel.New(tunnel.Config{Proxy: func(r *http.Request) (*url.URL, error) {
		asked = r.URL.String()
		return nil, errFarEnough
	}})
	service, id := tunnel.Service{URL: "wss://" + host}, tunnel.ID(inputs.TunnelID)
	switch inputs.Op {
	case "new":
		_, _, err = dialer.Create(context.Background(), service, id)
	case "connect":
		_, err = dialer.Connect(context.Background(), service, tunnel.RoutingID(inputs.RoutingID), id)
	default:
		return fmt.Errorf("unknown op %q", inputs.Op)
	}
	// By now "wss" has become "https".
	return errors.Join(
		same("reached", err == nil, false),
		same("url", strings.Replace(asked, "https://", "wss://", 1), expected.URL))
}

// checkTunnelPath asks a relay in a way that is wrong at each address that it has.
func checkTunnelPath(inputs struct {
	Path string `json:"path"`
}, expected struct {
	Valid bool `json:"valid"`
},
) error {
	answer := httptest.NewRecorder()
	relay.New(relay.Config{}).ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodPost, inputs.Path, nil))
	want := http.StatusNotFound
	if expected.Valid {
		want = http.StatusMethodNotAllowed
	}
	return same("status", answer.Code, want)
}
