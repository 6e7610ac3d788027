package relay

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// NewServer makes a server for a relay, or for whatever has one below it, with
// limits for what comes before a WebSocket: 10 s and 16 KiB for a request's head,
// 30 s for a connection that asks nothing, TLS 1.2 at least, HTTP/1.1 alone. config
// is copied and may be nil. What goes wrong before a request is logged nowhere, for
// lines of strangers. How many connections there may be is the listener's to bound.
func NewServer(handler http.Handler, config *tls.Config) *http.Server {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"http/1.1"}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      handler,
		TLSConfig:                    config,
		Protocols:                    protocols,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  60 * time.Second, // longer than a phone is waited for
		WriteTimeout:                 60 * time.Second,
		IdleTimeout:                  30 * time.Second,
		MaxHeaderBytes:               16 << 10,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}
