package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
)

// healthTimeout is what a health check may take in all.
const healthTimeout = 5 * time.Second

func (p program) healthcheckCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on this machine whether it is ready",
		Long:  "Ask GET /readyz of the configured listener. The exit code is 0 when the server is ready.",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, c, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return c.healthcheck(ctx)
		},
	}, "listen")
}

func (c config) healthcheck(ctx context.Context) error {
	e, err := parseListen("listen", c.Listen)
	if err != nil {
		return err
	}
	if e.port == 0 {
		return refused("listen %q leaves the port to the system: name one, or ask /readyz at the address that start-up printed", c.Listen)
	}
	host, scheme := e.host, "http"
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = localhost
	}
	client := &http.Client{Timeout: healthTimeout}
	if c.TLSCertFile != "" {
		scheme = "https"
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // G402: the certificate is for another name, and nothing but a status is read
		}}
	}
	address := scheme + "://" + net.JoinHostPort(host, strconv.Itoa(e.port)) + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s answered %s", address, response.Status)
	}
	return nil
}
