package tunnel

import (
	"net/url"
	"testing"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"wss://relay.example":        "wss://relay.example",
		"https://relay.example:443/": "wss://relay.example",
		"wss://relay.example:8443":   "wss://relay.example:8443",
		"wss://[2001:db8::443]":      "wss://[2001:db8::443]",
		"wss://[2001:db8::1]:443":    "wss://[2001:db8::1]",
		"ws://127.0.0.1:80":          "ws://127.0.0.1",
		"http://127.0.0.1:443":       "ws://127.0.0.1:443",
	} {
		u, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(u); got != want {
			t.Errorf("the origin of %s is %s, want %s", from, got, want)
		}
	}
}
