package server

import (
	"log/slog"
	"net/http"
	"time"
)

// The patience of the server. A request here is small and whole: who needs
// longer is not sending one.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 20 * time.Second // headers and body
	writeTimeout      = 40 * time.Second // from the end of the headers to the end of the answer
	requestTimeout    = 30 * time.Second // for what an answer waits for, such as the store
	backupTimeout     = time.Hour        // for a backup, from the first byte read to the last one sent
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	maxStreams        = 100 // of one HTTP/2 connection
)

// NewHTTPServer is h with every limit set, for each listener of a Server.
func NewHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as everything else
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      30 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     15 * time.Second,
		},
		// What clients do wrong on the wire is no warning of ours.
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
