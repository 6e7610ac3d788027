package relay_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// serve is a tunnel service behind a proxy that ends TLS, until ctx is done.
func serve(ctx context.Context, listener net.Listener, registry prometheus.Registerer) error {
	service := relay.New(relay.Config{
		Plain: true, // the proxy ends TLS, and nobody but the proxy reaches the listener
		ClientAddr: func(r *http.Request) netip.Addr {
			addr, _ := netip.ParseAddr(r.Header.Get("X-Real-IP")) // set by the proxy, always
			return addr
		},
	})
	registry.MustRegister(service.Collectors()...)
	server := relay.NewServer(service, nil)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	leave, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	return errors.Join(server.Shutdown(leave), service.Shutdown(leave)) // new requests first, then the tunnels
}

// A phone opens a tunnel, a client platform comes to it, and a message passes.
func ExampleNew() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, prometheus.NewRegistry()) }()

	dialer := tunnel.New(tunnel.Config{})
	service := tunnel.Service{URL: "ws://" + listener.Addr().String()} // elsewhere than on loopback: wss
	id := tunnel.ID{1, 2, 3}                                           // a QR code's, see hybrid
	phone, routing, err := dialer.Create(ctx, service, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	computer, err := dialer.Connect(ctx, service, routing, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = computer.Send(ctx, []byte("hello"))
	message, err := phone.Receive(ctx)
	fmt.Printf("%s %v\n", message, err)
	_ = computer.Close()
	_, err = phone.Receive(ctx)
	fmt.Println(err)

	stop()
	fmt.Println(<-ended)
	// Output:
	// hello <nil>
	// EOF
	// <nil>
}
