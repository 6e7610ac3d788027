package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hitherauth/hither/testbed"
)

// The patience of the server with who asks. What is waited for has limits of its own.
const (
	readTimeout    = 10 * time.Second // headers and body
	writeTimeout   = 10 * time.Second // of an answer, once there is one
	idleTimeout    = time.Minute
	maxHeaderBytes = 16 << 10
	maxRequests    = 256 // at once, of those who have the token
	farewell       = 2 * time.Second
)

// Config configures [Start].
type Config struct {
	Bed     *testbed.Bed // required; it is not closed here
	Version string       // for the description of the API; "": unknown
	Logger  *slog.Logger // nil: nowhere
}

// Server is the API of a test bed. It listens on loopback.
type Server struct {
	bed     *testbed.Bed
	token   Token
	address string
	logger  *slog.Logger
	mux     *http.ServeMux
	itself  document
	slots   chan struct{}
	running context.Context //nolint:containedctx // that of every request
	stop    context.CancelFunc
	served  chan struct{} // closed when nobody is served any more

	mu     sync.Mutex
	phones []*phone // in the order in which they were made
}

// Start serves the API at an address that the system chooses, with a new token, until
// ctx is done or it is closed.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Bed == nil {
		return nil, errors.New("control: a test bed is needed")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Version == "" {
		c.Version = "unknown"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := &Server{
		bed: c.Bed, token: newToken(), address: listener.Addr().String(), logger: c.Logger, mux: http.NewServeMux(),
		slots: make(chan struct{}, maxRequests), served: make(chan struct{}),
	}
	s.running, s.stop = context.WithCancel(ctx)
	if err := s.route(c.Version); err != nil {
		s.stop()
		return nil, errors.Join(fmt.Errorf("control: %w", err), listener.Close())
	}
	web := &http.Server{
		Handler:                      s,
		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as everything else
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		BaseContext:                  func(net.Listener) context.Context { return s.running },
		ErrorLog:                     slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug),
	}
	go s.serve(web, listener)
	return s, nil
}

func (s *Server) serve(web *http.Server, listener net.Listener) {
	defer close(s.served)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		<-s.running.Done() // every request ends with it
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.running), farewell)
		defer cancel()
		if web.Shutdown(ctx) != nil {
			_ = web.Close() // who is left does not read
		}
	}()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		s.logger.Error("the control API ended", "err", err)
	}
	s.stop()
	<-gone
	s.forgetPhones()
}

// URL is where the API is: http, an address and a port, without a path.
func (s *Server) URL() string { return "http://" + s.address }

// Token opens it.
func (s *Server) Token() Token { return s.token }

// Close ends all requests and phones, and returns when nobody is served any more. The
// bed stays.
func (s *Server) Close() {
	s.stop()
	<-s.served
}

// ServeHTTP answers a request. The server's own address is the only one at which it
// does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fence(w.Header())
	if err := s.judge(r); err != nil {
		w.Header().Set("Connection", "close") // its body is nobody's business
		s.writeProblem(w, r, err)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.writeProblem(w, r, refuse(codeBusy, ""))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// write sends an answer to somebody who reads it.
func (s *Server) write(w http.ResponseWriter, contentType string, status int, body []byte) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		s.logger.Debug("no deadline for an answer", "err", err)
	}
	if contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone
}

// received says that all of a request is here. From now on a silent connection means
// a patient client, not a slow one.
func (s *Server) received(w http.ResponseWriter) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		s.logger.Debug("no patience for a request", "err", err)
	}
}
