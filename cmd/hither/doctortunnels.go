package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

// service is a tunnel service that is looked at.
type service struct {
	tunnel.Service
	domain hybrid.Domain
}

// owner says whose phones are at the service.
func (s service) owner() string {
	switch s.URL {
	case "wss://cable.ua5v.com":
		return "Google's phones"
	case "wss://cable.auth.com":
		return "Apple's phones"
	}
	return fmt.Sprintf("domain %d", s.domain)
}

// doctorServices are those of the big platforms and those that the flags name, of
// which each may be in the place of another.
func doctorServices(given tunnels) ([]service, error) {
	domains, located, err := given.parse()
	if err != nil {
		return nil, err
	}
	var out []service
	seen := map[hybrid.Domain]bool{}
	for _, domain := range append([]hybrid.Domain{0, 1}, domains...) {
		if seen[domain] {
			continue
		}
		seen[domain] = true
		at, ok := located[domain]
		if !ok {
			host, err := domain.Host()
			if err != nil {
				return nil, err
			}
			at.URL = "wss://" + host
		}
		out = append(out, service{at, domain})
	}
	return out, nil
}

// checkTunnels asks each service for anything: TLS and an answer is all that is
// wanted. That one is not reached stops nobody whose phone is at another.
func checkTunnels(ctx context.Context, services []service, clock *clockCheck) []finding {
	out := make([]finding, len(services))
	var g sync.WaitGroup
	for i, s := range services {
		g.Go(func() { out[i] = s.check(ctx, clock) })
	}
	g.Wait()
	reached := 0
	for _, f := range out {
		if f.Verdict == inOrder {
			reached++
		}
	}
	if reached > 0 {
		return out
	}
	for i := range out {
		out[i].Remedy = "" // that of all of them is below
	}
	return append(out, finding{
		Check: "tunnels", Subject: "Tunnel services", Verdict: failed, Code: "closed_network",
		Detail: "none is reached from here: the network is closed to them, or this machine is offline",
		Remedy: "ask whoever runs the network to let cable.ua5v.com and cable.auth.com through (port 443), or set HTTPS_PROXY; in a network that stays closed, " +
			"have a relay of your own and software phones (--tunnel, docs/relay.md), or sign in with --software",
	})
}

func (s service) check(ctx context.Context, clock *clockCheck) finding {
	f := finding{Check: "tunnel", Subject: "Tunnel service " + s.URL + " (" + s.owner() + ")", Verdict: inOrder}
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	at := newProbe("", &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12})
	defer at.transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(s.URL, "ws", "http", 1)+"/", http.NoBody)
	if err == nil {
		var response *http.Response
		if response, err = at.RoundTrip(request); err == nil {
			_, _ = io.CopyN(io.Discard, response.Body, 1<<10) // whatever it says
			err = response.Body.Close()
		}
	}
	if err != nil {
		f.Verdict = warning
		f.Code, f.Detail, f.Remedy = unreached(err)
		return f
	}
	clock.saw(at, s.URL, false)
	f.Detail = at.connection()
	return f
}
